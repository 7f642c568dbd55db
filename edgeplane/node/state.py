"""What the supervisor knows of its node at this moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgeplane.edge.types import HOSTED_ZONE_ID, host_name
from edgeplane.errors import Fault
from edgeplane.node.plans import edge_resources, edge_settings, zone_entries
from edgeplane.observe.words import counted


@dataclass
class State:
    """envelope: of the plan that is served. report: what the front said when it took it. faults: why it is not the
    newest. troubles: what ails parts of the node at this moment. times in Unix seconds.
    """

    envelope: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    reloads: dict[str, int] = field(default_factory=lambda: {"succeeded": 0, "failed": 0})
    troubles: Callable[[], Sequence[Fault]] = tuple
    started: float = field(default_factory=time.time)
    applied: float = 0.0
    ready: bool = False
    stopping: bool = False
    reload_waits: bool = False

    @property
    def generation(self) -> int:
        """Of the plan that is served; 0 before the first."""
        return int(self.envelope.get("generation", 0))

    @property
    def word(self) -> str:
        """starting, ready, degraded (an older plan is served than was asked for, or a part ails) or stopping."""
        if self.stopping:
            return "stopping"
        if not self.ready:
            return "starting"
        return "degraded" if self.why else "ready"

    @property
    def why(self) -> Sequence[Fault]:
        """Why the node is degraded."""
        return [*self.faults, *self.troubles()]

    def serves(self, envelope: dict[str, Any], report: dict[str, Any]) -> None:
        """The front took a plan."""
        self.envelope, self.report, self.applied = envelope, report, time.time()

    def accepted(self) -> None:
        """A reload went through."""
        self.reloads["succeeded"] += 1
        self.faults = ()

    def refused(self, faults: Sequence[Fault]) -> None:
        """A reload failed."""
        self.reloads["failed"] += 1
        self.faults = faults or self.faults

    def readiness(self) -> tuple[str, Sequence[str]]:
        """For /readyz: the word, and why."""
        return self.word, [str(fault) for fault in self.why]

    def zones(self) -> list[dict[str, Any]]:
        """{"name", "serial", "records"} of every zone that is served."""
        return list(self.report.get("zones", []))

    @property
    def unread(self) -> list[Fault]:
        """Files that the kept plan names and that could not be read when it was taken up again."""
        found = map(Fault.from_document, self.report.get("unread", []))
        return [Fault(each.place, each.line, f"{each.message}; the node does without until a reload") for each in found]

    @property
    def zone_to_show(self) -> str:
        """The first zone by name that an operator wrote; that of distributions where it is alone, empty for none."""
        zones = sorted(zone_entries(self.envelope), key=_is_of_distributions)
        return str(zones[0]["name"]) if zones else ""

    def distributions(self) -> list[dict[str, Any]]:
        """{"id", "name" (its host name), "path", "aliases", "enabled", "semantics"} of every distribution."""
        domain = str(edge_settings(self.envelope).get("domain", ""))
        found = edge_resources(self.envelope)
        return [_distribution(each, domain) for each in found if each["kind"] == "distributions"]

    @property
    def serves_something(self) -> bool:
        """Whether there is a zone or a distribution."""
        return bool(self.zones() or self.distributions())

    def line(self) -> str:
        """One line for a person who waits for it."""
        zones, distributions = self.zones(), self.distributions()
        records = sum(zone.get("records", 0) for zone in zones)
        said = f"{counted(len(zones), 'zone')}, {counted(records, 'record')}"
        if distributions:
            said += f", {counted(len(distributions), 'distribution')}"
        nothing = "; no zone is served: name templates or dns.zone_files, or apply a plan"
        return f"edgeplane {self.word}: {said}, generation {self.generation}{'' if self.serves_something else nothing}"


def _is_of_distributions(zone: dict[str, Any]) -> bool:
    return bool(zone.get("id") == HOSTED_ZONE_ID)


def _distribution(document: dict[str, Any], domain: str) -> dict[str, Any]:
    config = document.get("config", {})
    return {
        "id": document["id"],
        "name": host_name(document["id"], domain),
        "path": document["path"],
        "aliases": config.get("Aliases", []),
        "enabled": config.get("Enabled", False),
        "semantics": document.get("semantics", ""),
    }
