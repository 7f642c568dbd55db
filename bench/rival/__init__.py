"""The servers that can be measured: one file each, all with the same two functions.

`prepare(folder, port, content)` writes a configuration for one thread that answers, with rate limiting, cookies and
logs off, and returns how to run it. `version()` is one line. Content is of DNS (`Content`) or of HTTP (`Site`).
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

DNS = ("knot", "nsd", "gdnsd", "echo")
HTTP = ("nginx", "haproxy", "varnish", "bare")
# What a user types → the module. `plain` is edgeplane itself, without what the scenario is about.
MODULES = {name: name for name in ("edgeplane", *DNS, *HTTP)} | {"plain": "edgeplane"}


@dataclass(frozen=True)
class Content:
    """What is served: zone files by origin; for edgeplane also a template and `[dns]` settings."""

    zones: dict[str, Path]
    template: Path | None = None
    settings: dict[str, Any] = field(default_factory=dict)


ALL = 100_000
"""Objects for which there is room where none has to leave."""


@dataclass(frozen=True)
class Certificate:
    """PEM files; `both` holds key and chain, as HAProxy wants them."""

    chain: Path
    key: Path
    both: Path


@dataclass(frozen=True)
class Site:
    """What an HTTP cache serves: one host, all of it from an origin on loopback.

    length: octets of an object. memory: octets of the cache, room for `objects`. places: connections at once, at most.
    resources, behaviour: of edgeplane's template, beside the distribution and in its default behaviour.
    """

    host: str
    origin: int
    length: int
    memory: int = 256 << 20
    objects: int = ALL
    places: int = 8192
    certificate: Certificate | None = None
    resources: dict[str, Any] = field(default_factory=dict)
    behaviour: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Setup:
    """How to run a server. `reload` is a command or a signal to its first process; `configs` go into the raw result."""

    argv: list[str]
    configs: dict[str, str]
    reload: list[str] | signal.Signals | None = None


def module(name: str) -> ModuleType:
    """The module of a server, by the name that a user types."""
    return import_module(f"rival.{MODULES[name]}")


def write(path: Path, text: str) -> dict[str, str]:
    """Writes a configuration; returns it as `Setup.configs` wants it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return {path.name: text}
