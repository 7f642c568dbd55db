"""Settings that a reload reads but only a restart can follow."""

from __future__ import annotations

from pathlib import Path

from edgeplane.config import Settings, load
from edgeplane.errors import Fault

FIXED = (
    "node.state_dir",
    "node.threads",
    "observe.listen",
    "observe.log_format",
    "dns.listen",
    "edge.http",
    "edge.https",
)
"""They were used before the first plan was built: sockets, the lock, processes."""


def restart_warnings(running: Settings, config: Path) -> list[Fault]:
    """One warning for each of them that the configuration now says otherwise. Raises ConfigError."""
    written = load(config)
    changed = [name for name in FIXED if _value(written, name) != _value(running, name)]
    return [Fault(str(config), 0, f"{name} has changed: that takes a restart of the node") for name in changed]


def _value(settings: Settings, name: str) -> object:
    section, key = name.split(".")
    return getattr(getattr(settings, section), key)
