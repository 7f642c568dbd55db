"""Small zones full of corners, and questions about them, from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from .ask import Question

LABELS = ("a", "b", "c", "*", "x")
TYPES = ("A", "AAAA", "TXT", "MX", "NS", "CNAME", "DNAME", "DS", "SOA", "SRV", "TYPE65280")
QUESTIONS = 30
"""Most questions about one set of zones."""
HOME = "test."
"""All generated zones are below this name, which nobody serves."""

Sets = dict[str, list[str]]
"""Type → rdata in presentation form, absolute names."""


@dataclass
class Zone:
    """A zone under construction."""

    name: str
    nodes: dict[str, Sets] = field(default_factory=dict)
    soa: str = ""
    family: list[Zone] = field(default_factory=list)
    """All zones of the set: NSD allows no zone below another's DNAME."""

    @property
    def text(self) -> str:
        """A zone file."""
        lines = [f"{self.name} {self.soa}"]
        for owner, sets in self.nodes.items():
            lines += [f"{owner} 300 {rdtype} {rdata}" for rdtype, values in sets.items() for rdata in values]
        return "\n".join(lines) + "\n"

    def add(self, owner: str, rdtype: str, *rdata: str) -> None:
        """Adds a set where the standards allow it; else nothing."""
        sets = self.nodes.setdefault(owner, {})
        if self.allows(owner, sets, rdtype):
            sets[rdtype] = list(dict.fromkeys(rdata))
        elif not sets:
            del self.nodes[owner]

    def allows(self, owner: str, sets: Sets, rdtype: str) -> bool:
        """CNAME alone (RFC 1034 3.6.2), nothing below a DNAME (RFC 6672 2.4), no delegation or DNAME of a wildcard."""
        wild, apex = owner.startswith("*."), owner == self.name
        if rdtype in sets or "CNAME" in sets or (rdtype == "CNAME" and (sets or apex)):
            return False
        if any("DNAME" in zone.nodes.get(above, {}) for zone in self.family for above in ancestors(owner)):
            return False
        if rdtype == "DNAME":
            below = any(name.endswith(f".{owner}") for zone in self.family for name in zone.nodes)
            return not (wild or below or "NS" in sets)
        if rdtype == "NS":
            return not wild and not apex and "DNAME" not in sets
        return rdtype != "DS" or "NS" in sets


def ancestors(name: str) -> Iterator[str]:
    """The names above one."""
    while "." in name[:-1]:
        name = name.split(".", 1)[1]
        yield name


@dataclass(frozen=True)
class ZoneSet:
    """Zones that are served together, and what is asked of them."""

    seed: int
    zones: dict[str, str]
    questions: list[Question]


def generate(seed: int) -> ZoneSet:
    """The zones of a seed: one, its neighbour, and where chance wants it a child of its own."""
    random = Random(seed)
    zone, neighbour = Zone(f"z{seed}.{HOME}"), Zone(f"y{seed}.{HOME}")
    zones = [zone, neighbour]
    places = {zone.name: names(random, zone.name), neighbour.name: names(random, neighbour.name)[:4]}
    if random.random() < 0.4:
        child = Zone(f"{random.choice(('k', 'a', 'a.b'))}.{zone.name}")
        places[child.name] = names(random, child.name)[:6]
        zones.append(child)
    every = [place for some in places.values() for place in some]
    for each in zones:
        found(random, each)
        each.family = zones
    for each in zones:
        fill(random, each, places[each.name], every)
    for child in zones[2:]:
        cut(random, zone, child)
    return ZoneSet(seed, {each.name: each.text for each in zones}, ask_about(random, zones, every))


def cut(random: Random, zone: Zone, child: Zone) -> None:
    """Delegates a child. NSD keeps all zones in one tree, where what the parent hides below the cut would show in the
    child: nothing but glue stands there."""
    for owner in [owner for owner in zone.nodes if f".{owner}".endswith(f".{child.name}")]:
        del zone.nodes[owner]
    server = f"ns1.{child.name}"
    zone.nodes[child.name] = {"NS": [server]}
    zone.nodes[server] = {"A": ["192.0.2.1"]}
    if random.random() < 0.5:
        zone.add(child.name, "DS", f"1 8 2 {'ab' * 32}")


def names(random: Random, apex: str) -> list[str]:
    """Places where records may stand, up to four labels deep."""
    depths = random.choices((1, 2, 3, 4), (6, 5, 2, 1), k=random.randint(3, 14))
    return list(dict.fromkeys(".".join([*random.choices(LABELS, k=depth), apex]) for depth in depths))


def found(random: Random, zone: Zone) -> None:
    """The apex, and the name servers in the zone."""
    minimum, ttl = random.choice(((60, 900), (900, 60), (300, 300)))
    zone.soa = f"{ttl} SOA ns1.{zone.name} admin.{zone.name} 7 7200 900 1209600 {minimum}"
    zone.nodes[zone.name] = {"NS": [f"ns1.{zone.name}", random.choice(("ns.elsewhere.", f"ns2.{zone.name}"))]}
    zone.nodes[f"ns1.{zone.name}"] = {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]}
    zone.nodes[f"ns2.{zone.name}"] = {"A": ["192.0.2.2"]}


def fill(random: Random, zone: Zone, places: list[str], every: list[str]) -> None:
    """Puts records at the places."""
    for place in random.sample(places, len(places)):
        for _ in range(random.choice((1, 1, 2, 3))):
            put(random, zone, place, every)


def put(random: Random, zone: Zone, place: str, every: list[str]) -> None:
    """One set of some type."""
    kinds = ("A", "AAAA", "TXT", "MX", "SRV", "CNAME", "DNAME", "NS", "BIG")
    match random.choices(kinds, (5, 3, 2, 2, 1, 6, 2, 4, 0.3))[0]:
        case "A":
            zone.add(place, "A", *(f"192.0.2.{random.randint(2, 250)}" for _ in range(random.randint(1, 3))))
        case "AAAA":
            zone.add(place, "AAAA", f"2001:db8::{random.randint(2, 250):x}")
        case "TXT":
            zone.add(place, "TXT", f'"text of {place}"')
        case "MX":
            zone.add(place, "MX", *(f"{n} {target(random, zone, every)}" for n in range(random.randint(1, 2))))
        case "SRV":
            zone.add(place, "SRV", f"0 0 53 {target(random, zone, every)}")
        case "CNAME":
            zone.add(place, "CNAME", target(random, zone, every))
        case "DNAME":
            zone.add(place, "DNAME", target(random, zone, every))
        case "NS":
            delegate(random, zone, place, every)
        case "BIG":
            octets = random.choice((60, 200))
            zone.add(place, "TXT", *(f'"{n} {"t" * octets}"' for n in range(11)))


def delegate(random: Random, zone: Zone, place: str, every: list[str]) -> None:
    """A cut: servers below it with glue, beside it, elsewhere, or missing; sometimes with DS and data under it."""
    servers = random.sample((f"ns.{place}", f"ns.x.{place}", target(random, zone, every), "ns.elsewhere."), k=2)
    zone.add(place, "NS", *servers)
    for server in servers:
        if server.endswith(f".{place}") and random.random() < 0.8:
            zone.add(server, "A", f"192.0.2.{random.randint(2, 250)}")
            if random.random() < 0.5:
                zone.add(server, "AAAA", f"2001:db8::{random.randint(2, 250):x}")
    if random.random() < 0.4:
        zone.add(place, "DS", f"{random.randint(1, 9)} 8 2 {'cd' * 32}")


def target(random: Random, zone: Zone, every: list[str]) -> str:
    """A name to point at: one with records, one below or beside it, one that nobody serves."""
    place = random.choice(every)
    near = (place, place, f"{random.choice(LABELS[:3])}.{place}", f"missing.{zone.name}", "www.elsewhere.", zone.name)
    chosen = random.choice(near)
    return chosen if not chosen.startswith("*.") or random.random() < 0.3 else chosen[2:]


def ask_about(random: Random, zones: list[Zone], every: list[str]) -> list[Question]:
    """Every set that exists, and names above, below and beside them, in changing case."""
    asked = [(owner, rdtype) for zone in zones for owner, sets in zone.nodes.items() for rdtype in sets]
    around = [about for place in [*every, *(zone.name for zone in zones)] for about in beside(random, place)]
    asked += [(name, random.choice(TYPES)) for name in around]
    asked = random.sample(asked, min(len(asked), QUESTIONS))
    return [Question(cased(random, name), rdtype, random.random() < 0.7) for name, rdtype in dict.fromkeys(asked)]


def beside(random: Random, place: str) -> list[str]:
    """The name, names around it, and what a wildcard there would stand for."""
    above = place.split(".", 1)[1]
    label = random.choice(LABELS)
    candidates = [place, f"{label}.{place}", f"{label}.{above}", f"q.r.{place}", f"*.{place}", above]
    return [name for name in candidates if name.endswith(f".{HOME}") and name.count(".") > 2]


def cased(random: Random, name: str) -> str:
    """The name with capital letters here and there."""
    return "".join(letter.upper() if random.random() < 0.2 else letter for letter in name)
