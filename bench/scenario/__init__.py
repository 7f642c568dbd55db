"""What is served and asked. Each file lists its scenarios in `SCENARIOS`.

Content is made from a fixed seed, so that every run on every machine serves and asks the same.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Literal

from rival import Content

FILES = ("static", "weighted", "multivalue", "geolocation", "latency", "failover", "million")


@dataclass(frozen=True)
class Material:
    """The files of a scenario. `plain` is what rivals serve: the same names, without policies.

    same: both sides must give the same answers, record by record; otherwise the same number of records.
    ready: a query with an answer on every side, the sign that content is served.
    load: options of the load generator.
    alive: a context in which the run takes place, for scenarios in which something must move.
    """

    content: Content
    plain: Content
    queries: Path
    ready: str
    same: bool = False
    load: tuple[str, ...] = ()
    alive: Callable[[], AbstractContextManager[object]] = field(default=nullcontext)


@dataclass(frozen=True)
class Scenario:
    """`make(folder)` writes the files, once; `kind` says how it is measured."""

    name: str
    summary: str
    make: Callable[[Path], Material]
    kind: Literal["rounds", "load", "reload"] = "rounds"


def all_scenarios() -> dict[str, Scenario]:
    """Every scenario by its name, in the order in which they are listed."""
    found = [scenario for file in FILES for scenario in import_module(f"scenario.{file}").SCENARIOS]
    return {scenario.name: scenario for scenario in found}
