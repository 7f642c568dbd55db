"""Where BIND, Knot and NSD differ: whom edgeplane follows, and why. An entry that no case needs fails the tests."""

from __future__ import annotations

import dns.name
from dns.rdatatype import DNAME

from .verdict import Case, Variant


def crosses(case: Case) -> bool:
    """A chain goes on in another served zone; for a DS record at a zone's apex that is the zone above."""
    above = (
        {zone for zone in case.aliases.values() if zone == case.zone_of(zone)} if case.question.rdtype == "DS" else ()
    )
    aliases = case.aliases.items()
    return bool(above) or any(case.zone_of(target) not in (None, case.zone_of(owner)) for owner, target in aliases)


def loops(case: Case) -> bool:
    """A chain comes back to a name that it has passed."""
    aliases = case.aliases
    return any(returns(aliases, owner) for owner in aliases)


def returns(aliases: dict[dns.name.Name, dns.name.Name], start: dns.name.Name) -> bool:
    """Whether a walk along aliases meets a name twice."""
    seen, name = {start}, start
    while (name := aliases.get(name)) is not None:
        if name in seen:
            return True
        seen.add(name)
    return False


def grows(case: Case) -> bool:
    """A DNAME points below itself."""
    answers = [record for answer in case.judges.values() for record in answer.answer]
    return any(rdtype == DNAME and rdata.target.is_subdomain(owner) for owner, rdtype, _, rdata in answers)


CROSSES = "RFC 1034 4.3.2 step 3a: go back to step 1, which is to choose a zone again; BIND and Knot stay in the first"
LOOPS = "RFC 1034 3.6.2 leaves loops to the one who asks; the chain is served once around, BIND alone calls it SERVFAIL"
GROWS = "RFC 6672 5.3.1 asks for one step; NSD takes one, Knot five, BIND sixteen and SERVFAIL"

VARIANTS = (
    *(Variant(f"grows-{aspect}", aspect, "nsd", grows, GROWS) for aspect in ("rcode", "tc", "answer")),
    *(
        Variant(f"crosses-{aspect}", aspect, "nsd", crosses, CROSSES)
        for aspect in ("rcode", "tc", "answer", "authority")
    ),
    Variant("loops-rcode", "rcode", "knot", loops, LOOPS),
)


def always(_: Case) -> bool:
    """Wherever the judges differ."""
    return True


ONE_TREE = (
    "the zone above has no such name; NSD keeps all zones in one tree, where it has (RFC 4035 3.1.4.1 asks the parent)"
)
KNOT_FIVE = "RFC 1034 4.3.2 step 3a has no end; Knot goes five steps, BIND and edgeplane sixteen"
TOO_LONG = "RFC 6672 2.2 and 3.2: YXDOMAIN where the name would be too long; Knot says NXDOMAIN"

CORNER_VARIANTS: dict[str, tuple[Variant, ...]] = {
    "a child that its parent does not know": (Variant("one-tree-rcode", "rcode", "knot", always, ONE_TREE),),
    "long chain": tuple(
        Variant(f"knot-five-{aspect}", aspect, "bind", always, KNOT_FIVE) for aspect in ("answer", "authority")
    ),
    "DNAME too long": tuple(
        Variant(f"too-long-{aspect}", aspect, "nsd", always, TOO_LONG) for aspect in ("rcode", "authority")
    ),
}
"""Corner → what holds in it alone."""
