"""edgeplane, from the environment that `make serve` builds; also, as `plain`, the same without policies."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

from measure.load import ROOT
from measure.machine import first_line
from rival import Content, Setup, write

BINARY = ROOT / ".venv" / "bin" / "edgeplane"


def prepare(folder: Path, port: int, content: Content) -> Setup:
    """The state of an earlier round is removed: every start reads its content anew."""
    shutil.rmtree(folder / "state", ignore_errors=True)
    dns: dict[str, Any] = {
        "listen": [f"127.0.0.1:{port}"],
        "zone_files": [str(path) for path in content.zones.values()],
        "name_servers": ["ns1.example.", "ns2.example."],
        "rrl": {"enabled": False},
        "cookies": False,
    }
    tables: dict[str, dict[str, Any]] = {
        "node": {"state_dir": str(folder / "state"), "threads": 1},
        "observe": {"listen": f"127.0.0.1:{port + 1}"},
        "dns": dns | content.settings,
    }
    templates = [str(content.template)] if content.template else []
    lines = [f"templates = {_toml(templates)}"]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    configs = write(folder / "edgeplane.toml", "\n".join(lines) + "\n")
    return Setup([str(BINARY), "serve", str(folder / "edgeplane.toml")], configs, signal.SIGHUP)


def version() -> str:
    return first_line(str(BINARY), "version")


def _toml(value: object) -> str:
    """TOML writes texts, numbers, booleans and lists as JSON does; inline tables are its own."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)
