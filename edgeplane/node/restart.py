"""Settings that a reload reads but only a restart can follow."""

from __future__ import annotations

from operator import attrgetter
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
    "edge.memory",
    "edge.disk.path",
    "edge.disk.size",
)
"""They were used before the first plan was built, or give a size to what lives as long as the front: sockets, the lock,
processes, the store."""


def restart_warnings(running: Settings, config: Path) -> list[Fault]:
    """One warning for each of them that the configuration now says otherwise. Raises ConfigError."""
    written = load(config)
    changed = [name for name in FIXED if _value(written, name) != _value(running, name)]
    return [Fault(str(config), 0, f"{name} has changed: that takes a restart of the node") for name in changed]


def _value(settings: Settings, name: str) -> object:
    return attrgetter(name)(settings)
