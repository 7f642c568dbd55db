"""Clients that people use: curl, and Chromium without a window."""

from __future__ import annotations

import json
import shutil
import subprocess
import zlib
from pathlib import Path
from typing import Any

from ...edge import HOST
from .scores import HERE

CURL_S = 60
BROWSER_S = 120
IMAGES = 20


def curl(port: int, path: str, *options: str, scheme: str = "https") -> tuple[str, str, bytes]:
    """Status, version of HTTP, and content."""
    resolve = ["--resolve", f"{HOST}:{port}:127.0.0.1", "--insecure", "--max-time", "30"]
    argv = [
        "curl",
        "--silent",
        "--show-error",
        *resolve,
        *options,
        "--write-out",
        "%{stderr}%{http_code} %{http_version}",
    ]
    done = subprocess.run([*argv, f"{scheme}://{HOST}:{port}{path}"], capture_output=True, timeout=CURL_S, check=False)
    assert done.returncode == 0, done.stderr
    status, version = done.stderr.decode().split()[-2:]
    return status, version, done.stdout


def write_page(folder: Path) -> int:
    """A page with a style, a script and images; how many files it consists of."""
    folder.mkdir(parents=True, exist_ok=True)
    images = "".join(f'<img src="/{number}.png">' for number in range(IMAGES))
    head = '<title>before</title><link rel="icon" href="/0.png"><link rel="stylesheet" href="/style.css">'
    page = f'<!doctype html><head>{head}</head><body>{images}<script src="/script.js"></script></body>'
    (folder / "index.html").write_text(page)
    (folder / "style.css").write_text("body { color: rgb(1, 2, 3) }")
    (folder / "script.js").write_text("document.title = 'after'")
    for number in range(IMAGES):
        (folder / f"{number}.png").write_bytes(png(number + 1, 8))
    return IMAGES + 3


def png(width: int, height: int) -> bytes:
    """A grey picture (RFC 2083)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 0, 0, 0, 0])
    lines = zlib.compress((b"\0" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def browse(port: int) -> dict[str, Any]:
    """What Chromium made of /index.html over TLS."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: sudo make packages"
    assert (HERE / "node_modules" / "playwright-core").exists(), "playwright-core is missing: make judges"
    argv = ["node", "page.mjs", program, f"https://{HOST}:{port}/index.html", f"MAP {HOST} 127.0.0.1"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=BROWSER_S, cwd=HERE, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def judge_page(seen: dict[str, Any], files: int) -> None:
    """The page is whole: style, script and every image, over HTTP/2, without an error."""
    assert (seen["title"], seen["color"], seen["errors"]) == ("after", "rgb(1, 2, 3)", [])
    assert seen["images"] == [number + 1 for number in range(IMAGES)]
    assert seen["protocols"] == ["h2"]
    assert len({response["path"] for response in seen["responses"] if response["status"] == 200}) == files
