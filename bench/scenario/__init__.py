"""What is served and asked. Each file lists its scenarios in `SCENARIOS`.

Content is made from a fixed seed, so that every run on every machine serves and asks the same.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from measure.traffic import Traffic

FILES = ("static", "weighted", "multivalue", "geolocation", "latency", "failover", "million", "http")


@dataclass(frozen=True)
class Material:
    """The files of a scenario: what edgeplane serves, what the others serve, and what is asked.

    `content` and `plain` are of a kind that the servers of the scenario know (rival/__init__.py).
    alive: a context in which the run takes place, for scenarios in which something must move.
    """

    content: Any
    plain: Any
    traffic: Traffic
    alive: Callable[[], AbstractContextManager[object]] = field(default=nullcontext)


@dataclass(frozen=True)
class Scenario:
    """`make(folder)` writes the files, once; `kind` says how it is measured."""

    name: str
    summary: str
    make: Callable[[Path], Material]
    kind: Literal["rounds", "load", "reload", "idle"] = "rounds"


def all_scenarios() -> dict[str, Scenario]:
    """Every scenario by its name, in the order in which they are listed."""
    found = [scenario for file in FILES for scenario in import_module(f"scenario.{file}").SCENARIOS]
    return {scenario.name: scenario for scenario in found}
