"""Settings that a reload reads but only a restart can follow."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Any

from edgeplane.config import Settings, load
from edgeplane.config.table import TABLE
from edgeplane.config.tiers import tiers
from edgeplane.errors import Fault
from edgeplane.node.plans import edge_settings


def wanting_restart(running: Settings, config: Path) -> list[str]:
    """Names of those that the configuration now says otherwise. Raises ConfigError."""
    written = load(config)
    fixed = (setting.name for setting in TABLE if setting.restart)
    return [name for name in fixed if _value(written, name) != _value(running, name)]


def restart_warnings(running: Settings, config: Path) -> list[Fault]:
    """One warning for each of them."""
    changed = wanting_restart(running, config)
    return [Fault(str(config), 0, f"{name} has changed: that takes a restart of the node") for name in changed]


def begins_otherwise(settings: Settings, envelope: dict[str, Any]) -> bool:
    """Whether a front that began with this plan would keep objects elsewhere than settings say, or more or fewer."""
    planned = edge_settings(envelope)
    has_edge = bool(settings.edge.http or settings.edge.https)
    return has_edge and any(planned.get(name) != value for name, value in tiers(settings.edge).items())


def _value(settings: Settings, name: str) -> object:
    return attrgetter(name)(settings)
