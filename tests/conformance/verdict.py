"""edgeplane's answer against its judges': equal, or different with a reason that stands in a table."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dns.name
from dns.rdatatype import CNAME

from .answer import ASPECTS, Answer
from .ask import Question


@dataclass(frozen=True)
class Case:
    """A question with everyone's answers."""

    question: Question
    ours: Answer
    judges: Mapping[str, Answer]
    zones: Mapping[str, str]

    def zone_of(self, name: dns.name.Name) -> dns.name.Name | None:
        """The served zone that a name lies in."""
        above = [dns.name.from_text(zone) for zone in self.zones]
        return max((zone for zone in above if name.is_subdomain(zone)), key=len, default=None)

    @property
    def aliases(self) -> dict[dns.name.Name, dns.name.Name]:
        """Every CNAME that anyone answered: owner → target."""
        answers = [self.ours, *self.judges.values()]
        return {owner: rdata.target for a in answers for owner, rdtype, _, rdata in a.answer if rdtype == CNAME}

    def say(self, aspect: str) -> dict[str, Any]:
        """The judges' word on an aspect."""
        return {name: getattr(answer, aspect) for name, answer in self.judges.items()}


@dataclass(frozen=True)
class Variant:
    """The judges differ: whom edgeplane follows then, and why."""

    name: str
    aspect: str
    follows: str
    applies: Callable[[Case], bool]
    why: str


ENDLESS = 14
"""CNAME records in an answer from which a chain counts as one without end; generated chains that end are shorter."""


def faults(case: Case, variants: tuple[Variant, ...], used: set[str]) -> list[str]:
    """What is wrong with our answer; empty when it is right."""
    if endless(case):
        return begins_otherwise(case)
    found = [f"{aspect}: {why}" for aspect in ASPECTS if (why := differs(case, aspect, variants, used))]
    if case.ours.question != next(iter(case.judges.values())).question:
        found.append("question: not echoed octet for octet")
    if case.ours.twice:
        found.append(f"a record stands twice: {case.ours.twice}")
    return found + additional(case)


def endless(case: Case) -> bool:
    """Two DNAME records lead below one another: names grow, and every server gives up at a step of its own."""
    answers = [case.ours, *case.judges.values()]
    return any(sum(rdtype == CNAME for _, rdtype, _, _ in answer.answer) >= ENDLESS for answer in answers)


def begins_otherwise(case: Case) -> list[str]:
    """All that every judge says must be in our answer too, whatever comes after."""
    lacks = frozenset.intersection(*case.say("answer").values()) - case.ours.answer
    right = case.ours.aa and case.ours.rcode == "NOERROR" and (case.ours.tc or not lacks)
    return [] if right else [f"endless: {case.ours.rcode}, lacks {set(lacks)}"]


def differs(case: Case, aspect: str, variants: tuple[Variant, ...], used: set[str]) -> str | None:
    """How an aspect of our answer is not what it should be."""
    if aspect in ("answer", "authority") and case.ours.tc:
        return None
    said, ours = case.say(aspect), getattr(case.ours, aspect)
    words = set(said.values())
    if len(words) == 1:
        return None if ours in words else "all judges agree against us"
    variant = next((v for v in variants if v.aspect == aspect and v.applies(case)), None)
    if variant is None:
        with_us = [name for name, word in said.items() if word == ours]
        return f"the judges differ, and no variant says whom to follow (as ours: {with_us})"
    used.add(variant.name)
    return None if ours == said[variant.follows] else f"{variant.name}: unlike {variant.follows}"


def additional(case: Case) -> list[str]:
    """Hints: all that every judge gives, none that no judge gives. Addresses that a wildcard stands for may be missing:
    nothing asks for them (RFC 1034 section 4.3.2 step 6 is about records that exist)."""
    if case.ours.tc or any(answer.tc for answer in case.judges.values()):
        return []
    given = list(case.say("additional").values())
    written = frozenset[dns.name.Name]().union(*(owners(zone, text) for zone, text in case.zones.items()))
    missing = {hint for hint in frozenset.intersection(*given) - case.ours.additional if hint[0] in written}
    surplus = case.ours.additional - frozenset.union(*given)
    return [f"additional: {what} {some}" for what, some in [("lacks", missing), ("alone has", surplus)] if some]


@functools.lru_cache(16)
def owners(zone: str, text: str) -> frozenset[dns.name.Name]:
    """The names that a zone file gives records to."""
    origin = dns.name.from_text(zone)
    first = {line.split()[0] for line in text.splitlines() if line and not line.startswith("$")}
    return frozenset(dns.name.from_text(owner, origin) for owner in first)


def told(case: Case, found: list[str]) -> str:
    """A report that says all that is needed to see why."""
    answers = {"edgeplane": case.ours, **case.judges}
    shown = "\n".join(f"  {name}: {answer}" for name, answer in answers.items())
    return f"{case.question}\n  " + "\n  ".join(found) + f"\n{shown}"
