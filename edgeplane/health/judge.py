"""From results to a state: pure functions, the clock handed in.

`raw` is what the results say, `status` is what is shown after `Disabled` and `Inverted`. While `raw` is unknown the
next result counts at once; after that it takes `threshold` consecutive results to move it, in either direction.
"""

from dataclasses import dataclass, replace
from enum import IntEnum


class Status(IntEnum):
    """A check's state; the number is the byte in the health table."""

    UNKNOWN = 0
    HEALTHY = 1
    UNHEALTHY = 2

    @property
    def word(self) -> str:
        """`unknown`, `healthy` or `unhealthy`."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Rule:
    """The part of `HealthCheckConfig` that turns results into a state."""

    threshold: int = 1
    inverted: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Where a check stands. `since` is Unix seconds of the last change of `status`; `streak` results agreed on `ok`."""

    raw: Status = Status.UNKNOWN
    status: Status = Status.UNKNOWN
    since: float = 0.0
    ok: bool = False
    streak: int = 0


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of the shown state. `at` is Unix seconds; `consecutive` results led to it (0: none did)."""

    at: float
    before: Status
    after: Status
    reason: str
    consecutive: int


Judged = tuple[State, Transition | None]


def judge(state: State, ok: bool, rule: Rule, now: float, reason: str = "") -> Judged:
    """Take one result in. `now` is Unix seconds."""
    streak = state.streak + 1 if state.streak and ok == state.ok else 1
    first = state.raw is Status.UNKNOWN
    raw = _of(ok) if first or streak >= rule.threshold else state.raw
    return settle(replace(state, raw=raw, ok=ok, streak=streak), rule, now, reason, streak)


def settle(state: State, rule: Rule, now: float, reason: str, consecutive: int = 0) -> Judged:
    """Bring the shown state in line with `raw` and the rule. What is unknown never replaces what was known."""
    status = shown(state.raw, rule)
    if status in (state.status, Status.UNKNOWN):
        return state, None
    return replace(state, status=status, since=now), Transition(now, state.status, status, reason, consecutive)


def doubt(state: State) -> State:
    """Forget the results but keep showing the last state: the next result counts at once.

    For a changed target. Showing "unknown" meanwhile would move traffic twice (DNS takes unknown for healthy, an
    accelerator for unhealthy) although nothing has been seen to change, and the first result is seconds away.
    """
    return replace(state, raw=Status.UNKNOWN, streak=0)


def shown(raw: Status, rule: Rule) -> Status:
    """`Disabled` counts as healthy, and `Inverted` applies to that too (Route 53, HealthCheckConfig)."""
    status = Status.HEALTHY if rule.disabled else raw
    return _INVERSE[status] if rule.inverted else status


def _of(ok: bool) -> Status:
    return Status.HEALTHY if ok else Status.UNHEALTHY


_INVERSE = {
    Status.UNKNOWN: Status.UNKNOWN,
    Status.HEALTHY: Status.UNHEALTHY,
    Status.UNHEALTHY: Status.HEALTHY,
}
