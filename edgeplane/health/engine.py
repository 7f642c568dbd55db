"""The running checks: probes on schedule, results to judge, states to the table and to the history."""

import asyncio
import heapq
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from edgeplane.errors import Fault
from edgeplane.health import limits, tree
from edgeplane.health.clock import Clock
from edgeplane.health.history import Kept
from edgeplane.health.judge import Status, Transition
from edgeplane.health.models import Check, parse_checks
from edgeplane.health.monitor import Monitor
from edgeplane.health.probe.calculated import calculate, describe
from edgeplane.health.probe.outcome import Outcome, no_verdict
from edgeplane.health.prober import Probe
from edgeplane.health.stats import Stats
from edgeplane.health.table import Table

log = logging.getLogger(__name__)

Uniform = Callable[[], float]
"""A random number in [0, 1)."""


class Engine:
    """Everything it touches is handed in. Lives on one event loop; no method blocks."""

    def __init__(self, table: Table, probe: Probe, clock: Clock, kept: Mapping[str, Kept], uniform: Uniform) -> None:
        """`kept` is the history as it was loaded."""
        self._table = table
        self._probe = probe
        self._clock = clock
        self._absent = {check_id: (one, clock.monotonic()) for check_id, one in kept.items()}
        self._uniform = uniform
        self._monitors: dict[str, Monitor] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ranks: dict[str, int] = {}
        self._parents: dict[str, list[str]] = {}
        self._slots: set[int] = set()
        self.stats = Stats()
        self.moved = asyncio.Event()
        """Set when the table has changed and is not yet published."""
        self.unsaved: set[str] = set()
        """Ids whose state is not yet in the history."""

    def apply(self, documents: Any) -> list[Fault]:
        """Replace the set of checks, whole or not at all. Kept states are in the table before the first probe."""
        if not isinstance(documents, list):
            return [Fault("checks", 0, "not a list")]
        checks, faults = parse_checks(documents)
        if not faults:
            calculated, faults = tree.order(checks)
            faults = faults + self._without_slot(checks)
        if faults:
            return faults
        self._replace(checks, calculated)
        return []

    def _replace(self, checks: list[Check], calculated: list[str]) -> None:
        old = self._monitors
        restart = [check.id for check in checks if check.id not in old or _restarts(old[check.id].check, check)]
        for check_id in [*restart, *(old.keys() - {check.id for check in checks})]:
            self._stop(check_id)
        self._monitors = {check.id: self._monitor(check) for check in checks}
        self._remember(old[check_id] for check_id in old.keys() - self._monitors.keys())
        self._ranks = {check_id: rank for rank, check_id in enumerate(calculated)}
        self._parents = tree.parents(checks)
        self.unsaved |= self._monitors.keys()
        self._derive(calculated)
        self._show_all(old.values())
        for check_id in restart:
            self._start(check_id)

    def _monitor(self, check: Check) -> Monitor:
        now = self._clock.wall()
        running = self._monitors.get(check.id)
        if running is not None:
            self._counted(running.configure(check, now))
            return running
        monitor = Monitor(check)
        if check.id in self._absent:
            monitor.restore(self._absent.pop(check.id)[0])
        self._counted(monitor.settle("disabled" if check.config.Disabled else "configuration", now))
        return monitor

    def _remember(self, gone: Iterable[Monitor]) -> None:
        """Removed checks keep their state for a while: a mistake mended, or a plan that came late, costs nothing."""
        now = self._clock.monotonic()
        self._absent.update({monitor.check.id: (monitor.kept(), now) for monitor in gone})
        forgotten = {id for id, (_, since) in self._absent.items() if now - since >= limits.ABSENT.default}
        for check_id in forgotten:
            del self._absent[check_id]
        self.unsaved |= forgotten

    def _without_slot(self, checks: list[Check]) -> list[Fault]:
        faults = []
        for check in checks:
            try:
                self._table.get(check.slot)
            except (IndexError, ValueError, OverflowError) as error:
                faults.append(Fault(check.path, 0, f"slot {check.slot}: {error}"))
        return faults

    # --- schedule ---------------------------------------------------------------------------------------------------

    def _start(self, check_id: str) -> None:
        if self._monitors[check_id].probed:
            self._tasks[check_id] = asyncio.create_task(self._watch(self._monitors[check_id]), name=f"check {check_id}")

    def _stop(self, check_id: str) -> None:
        task = self._tasks.pop(check_id, None)
        if task is not None:
            task.cancel()

    async def _watch(self, monitor: Monitor) -> None:
        """Probe on a fixed grid. The grid's phase is random, so that a restart does not bunch the checks."""
        due = self._clock.monotonic()
        if not monitor.first:
            due += self._uniform() * monitor.check.config.RequestInterval
        while True:
            await self._clock.sleep(max(0.0, due - self._clock.monotonic()))
            late = self._uniform() / 2 if monitor.first else 0.0
            await self._once(monitor)
            due = max(due + (1 + late) * monitor.check.config.RequestInterval, self._clock.monotonic())

    async def _once(self, monitor: Monitor) -> None:
        check = monitor.check
        try:
            outcome, seconds = await self._probe(check)
        except Exception:
            log.exception("a probe of check %s failed in itself", check.id)
            outcome, seconds = no_verdict("the probe failed in itself; see the log"), 0.0
        self._record(monitor, outcome, seconds)

    def _record(self, monitor: Monitor, outcome: Outcome, seconds: float) -> None:
        self.stats.probed(outcome.kind, seconds)
        first = monitor.first
        transition = monitor.take(outcome, self._clock.wall())
        if first and not monitor.first:
            self.unsaved.add(monitor.check.id)
        if self._counted(transition):
            self._show(monitor)
            self._derive(self._parents.get(monitor.check.id, ()))

    async def stop(self) -> None:
        """End all probes."""
        tasks = list(self._tasks.values())
        for check_id in list(self._tasks):
            self._stop(check_id)
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- states -----------------------------------------------------------------------------------------------------

    def _derive(self, calculated: Iterable[str]) -> None:
        """Compute these calculated checks and whatever counts them, children first, so that none moves twice."""
        queue = [(self._ranks[check_id], check_id) for check_id in calculated]
        heapq.heapify(queue)
        while queue:
            _, check_id = heapq.heappop(queue)
            if self._counted(self._derive_one(self._monitors[check_id])):
                self._show(self._monitors[check_id])
                for parent in self._parents.get(check_id, ()):
                    heapq.heappush(queue, (self._ranks[parent], parent))

    def _derive_one(self, monitor: Monitor) -> Transition | None:
        config = monitor.check.config
        children = [self._monitors[child].state.status for child in config.children]
        threshold = config.HealthThreshold or 0
        return monitor.derive(calculate(children, threshold), describe(children, threshold), self._clock.wall())

    def _counted(self, transition: Transition | None) -> bool:
        if transition is None:
            return False
        self.stats.transitions += 1
        return True

    def _show(self, monitor: Monitor) -> None:
        self._table.set(monitor.check.slot, monitor.state.status)
        self.unsaved.add(monitor.check.id)
        self.moved.set()

    def _show_all(self, old: Iterable[Monitor]) -> None:
        """Fill the table for a new set; a slot that no check has any more becomes unknown."""
        slots = {monitor.check.slot for monitor in self._monitors.values()}
        for slot in self._slots - slots:
            self._table.set(slot, Status.UNKNOWN)
        for monitor in self._monitors.values():
            self._table.set(monitor.check.slot, monitor.state.status)
        self._slots = slots
        self.moved.set()

    # --- reports ----------------------------------------------------------------------------------------------------

    def take_unsaved(self) -> dict[str, Kept | None]:
        """What the history should now write; None: forget. The caller adds to `unsaved` again what it could not."""
        taken, self.unsaved = self.unsaved, set()
        return {check_id: self._to_keep(check_id) for check_id in taken}

    def _to_keep(self, check_id: str) -> Kept | None:
        if check_id in self._monitors:
            return self._monitors[check_id].kept()
        return self._absent[check_id][0] if check_id in self._absent else None

    def health(self, transitions: int) -> list[dict[str, Any]]:
        """Every check, in the order of the plan, with at most so many of its latest transitions."""
        return [monitor.document(transitions) for monitor in self._monitors.values()]

    def states(self) -> list[dict[str, str]]:
        """Id, path and state of every check."""
        return [
            {"id": monitor.check.id, "path": monitor.check.path, "state": monitor.state.status.word}
            for monitor in self._monitors.values()
        ]


def _restarts(old: Check, new: Check) -> bool:
    """True when the running schedule does not fit any more."""
    return (old.config.target, old.config.RequestInterval, old.config.Disabled) != (
        new.config.target,
        new.config.RequestInterval,
        new.config.Disabled,
    )
