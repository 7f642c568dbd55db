"""Calculated checks count other checks, which may be calculated themselves: the order to compute them in."""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from edgeplane.errors import Fault
from edgeplane.health.models import Check


def order(checks: Iterable[Check]) -> tuple[list[str], list[Fault]]:
    """Ids of the calculated checks, children before parents; or what forbids an order: a missing child, a cycle."""
    known = {check.id: check for check in checks}
    calculated = {id: check for id, check in known.items() if check.config.Type == "CALCULATED"}
    faults = [
        Fault(check.path, 0, f"ChildHealthChecks: there is no check {child}")
        for check in calculated.values()
        for child in check.config.children
        if child not in known
    ]
    try:
        ranked = list(TopologicalSorter({id: check.config.children for id, check in calculated.items()}).static_order())
    except CycleError as error:
        ring = list(reversed(error.args[1]))
        message = f"ChildHealthChecks form a ring: {' → '.join(ring)}"
        return [], [*faults, Fault(known[ring[0]].path, 0, message)]
    return [id for id in ranked if id in calculated], faults


def parents(checks: Iterable[Check]) -> dict[str, list[str]]:
    """Child id → ids of the calculated checks that count it."""
    found: dict[str, list[str]] = {}
    for check in checks:
        for child in check.config.children:
            found.setdefault(child, []).append(check.id)
    return found
