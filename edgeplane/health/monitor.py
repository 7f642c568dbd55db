"""One check at run time: its configuration, where it stands, and what led there."""

import logging
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from edgeplane.health import limits
from edgeplane.health.history import Kept
from edgeplane.health.judge import Judged, State, Status, Transition, doubt, judge, settle
from edgeplane.health.models import Check
from edgeplane.health.probe.outcome import Outcome

log = logging.getLogger("edgeplane.health")


@dataclass(slots=True)
class Monitor:
    """Methods that change the state return the transition, if there is one; it is logged and kept here."""

    check: Check
    state: State = State()  # noqa: RUF009, frozen
    reason: str = ""
    last_probe: float | None = None
    transitions: deque[Transition] = field(default_factory=lambda: deque(maxlen=limits.TRANSITIONS.default))

    @property
    def probed(self) -> bool:
        """False for checks that have nothing to probe: calculated and disabled ones."""
        return self.check.config.Type != "CALCULATED" and not self.check.config.Disabled

    @property
    def first(self) -> bool:
        """True when no result is in yet for this target: probe at once, and let the result count."""
        return self.state.raw is Status.UNKNOWN

    def take(self, outcome: Outcome, now: float) -> Transition | None:
        """A probe's outcome, at Unix second `now`. No verdict changes the reason alone."""
        self.last_probe = now
        self.reason = outcome.reason[: limits.REASON.default]
        if outcome.ok is None:
            return None
        return self._keep(judge(self.state, outcome.ok, self.check.config.rule, now, self.reason))

    def derive(self, raw: Status, reason: str, now: float) -> Transition | None:
        """What the children of a calculated check amount to. Unknown leaves it where it is."""
        self.reason = reason
        if raw is Status.UNKNOWN:
            return None
        state = State(raw, self.state.status, self.state.since)
        return self._keep(settle(state, self.check.config.rule, now, reason))

    def configure(self, check: Check, now: float) -> Transition | None:
        """A new configuration of the same id. A changed target, or probing resumed, puts earlier results in doubt."""
        old, new = self.check.config, check.config
        self.check = check
        if old.target != new.target or (old.Disabled and not new.Disabled):
            self.state = doubt(self.state)
        return self.settle("configuration changed", now)

    def settle(self, reason: str, now: float) -> Transition | None:
        """Apply `Disabled` and `Inverted` as they are now."""
        return self._keep(settle(self.state, self.check.config.rule, now, reason))

    def restore(self, kept: Kept) -> None:
        """Take up kept state."""
        same = kept.target == self.check.config.target
        self.state = kept.state if same else doubt(kept.state)
        self.reason = kept.reason
        self.transitions.extend(kept.transitions)

    def kept(self) -> Kept:
        """What to keep."""
        return Kept(self.state, self.reason, self.check.config.target, tuple(self.transitions))

    def document(self, transitions: int) -> dict[str, Any]:
        """JSON for `health`: times are Unix seconds, the latest transition last."""
        latest = list(self.transitions)[-transitions:] if transitions else []
        return {
            "id": self.check.id,
            "slot": self.check.slot,
            "path": self.check.path,
            "type": self.check.config.Type,
            "state": self.state.status.word,
            "since": self.state.since or None,
            "last_reason": self.reason,
            "last_probe": self.last_probe,
            "transitions": [
                {
                    "at": t.at,
                    "from": t.before.word,
                    "to": t.after.word,
                    "reason": t.reason,
                    "consecutive": t.consecutive,
                }
                for t in latest
            ],
        }

    def _keep(self, judged: Judged) -> Transition | None:
        self.state, transition = judged
        if transition is not None:
            self.transitions.append(transition)
            log_transition(self.check, transition)
        return transition


def log_transition(check: Check, transition: Transition) -> None:
    """One line an operator can act on; the same as fields in `extra` for structured logs."""
    fields = {
        "check": check.id,
        "path": check.path,
        "from": transition.before.word,
        "to": transition.after.word,
        "reason": transition.reason,
        "consecutive": transition.consecutive,
    }
    level = logging.WARNING if transition.after is Status.UNHEALTHY else logging.INFO
    text = " ".join(f"{name}={value!r}" if name == "reason" else f"{name}={value}" for name, value in fields.items())
    log.log(level, "health transition %s", text, extra={"fields": fields})
