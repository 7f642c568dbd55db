"""The floor: a bare UDP echo with edgeplane's batch width and socket options."""

from __future__ import annotations

import re
from pathlib import Path

from measure import load
from rival import Content, Setup

LIMITS = load.ROOT / "rust" / "dns" / "src" / "limits.rs"


def prepare(_folder: Path, port: int, _content: Content) -> Setup:
    options = ["echo", "--listen", f"127.0.0.1:{port}", "--batch", str(batch_width())]
    return Setup([str(load.binary()), *options], {"options": " ".join(options)})


def version() -> str:
    return f"batch {batch_width()}"


def batch_width() -> int:
    """Datagrams a system call, where edgeplane itself has the number."""
    found = re.search(r"BATCH_WIDTH\b[^:\n]*: (\d+)", LIMITS.read_text())
    if not found:
        raise ValueError(f"{LIMITS} has no BATCH_WIDTH: say here where the width of a batch stands now")
    return int(found[1])
