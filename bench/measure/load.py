"""The load generator: built once, run on its own CPU."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Load:
    """How a server is asked. `outstanding` stays below what a socket buffer of the system's default size holds."""

    binary: Path
    cpu: int
    outstanding: int = 128
    sockets: int = 4
    extra: tuple[str, ...] = field(default=())

    def argv(self, port: int, queries: Path, seconds: float, rate: float | None) -> list[str]:
        pace = ["--rate", f"{rate:.0f}"] if rate else ["--outstanding", str(self.outstanding)]
        options = ["--sockets", str(self.sockets), "--cpu", str(self.cpu), "--duration", str(seconds)]
        where = ["--server", f"127.0.0.1:{port}", "--queries", str(queries)]
        return [str(self.binary), "query", *where, *options, *pace, *self.extra]

    def start(self, port: int, queries: Path, seconds: float, rate: float | None = None) -> subprocess.Popen[str]:
        """Closed loop, or open loop at `rate` queries a second."""
        return subprocess.Popen(self.argv(port, queries, seconds, rate), stdout=subprocess.PIPE, text=True)

    def run(self, port: int, queries: Path, seconds: float, rate: float | None = None) -> dict[str, Any]:
        return finish(self.start(port, queries, seconds, rate))


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The document that the generator prints at its end."""
    out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the load generator ended with status {process.returncode}")
    document: dict[str, Any] = json.loads(out)
    return document


def binary() -> Path:
    """Where cargo puts the generator."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "edgeplane-load"


def build() -> Path:
    """Builds the generator with the release profile and returns the binary."""
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "edgeplane-load"], cwd=ROOT, check=True)
    return binary()
