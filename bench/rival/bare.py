"""The floor: an epoll loop that writes a constant of the right length."""

from __future__ import annotations

from pathlib import Path

from measure import load
from rival import Setup, Site


def prepare(_folder: Path, port: int, site: Site) -> Setup:
    options = ["http-echo", "--listen", f"127.0.0.1:{port}", "--length", str(site.length)]
    return Setup([str(load.binary()), *options], {"options": " ".join(options)})


def version() -> str:
    return "edgeplane-load"
