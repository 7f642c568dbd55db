"""The supervisor: binds, starts the others, feeds them, keeps them alive, and ends them in order.

lock, limits, addresses ─► front and checker ─► kept states, kept plan: ready ─► build ─► apply ─► … ─► drain ─► end
                                                                                 ▲ SIGHUP, `reload`
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from edgeplane.config import Settings, has_content, load
from edgeplane.config.kinds import Listen
from edgeplane.errors import EdgeplaneError, Fault, FaultsError
from edgeplane.health.table import heartbeat_age
from edgeplane.node import limits, notify
from edgeplane.node.child import Child
from edgeplane.node.control import ControlSocket
from edgeplane.node.handed import copy_plan
from edgeplane.node.lines import Channel, Gone, Refused
from edgeplane.node.listen import Listeners
from edgeplane.node.plans import (
    PlanFileError,
    PlanStore,
    difference,
    health_documents,
    read_envelope,
    serves_something,
)
from edgeplane.node.programs import Programs
from edgeplane.node.restart import begins_otherwise, restart_warnings, wanting_restart
from edgeplane.node.state import State
from edgeplane.node.verbs import Verbs
from edgeplane.node.watch import Heartbeat, answers, watch
from edgeplane.observe import logs
from edgeplane.observe.endpoint import Endpoint

log = logging.getLogger(__name__)


class Supervisor:
    """One node. `run` is its life."""

    def __init__(self, settings: Settings, programs: Programs, listeners: Listeners, health_fd: int) -> None:
        self.settings, self.programs, self.listeners = settings, programs, listeners
        self.store = PlanStore(settings.node.state_dir)
        self.state = State(troubles=self._troubles)
        self.health_fd = health_fd
        health = ("health", health_fd)
        self.front: Child = Child("front", programs.front, [health, *listeners.descriptors()], self._greet_front)
        self.checker: Child = Child("checker", programs.checker, [health], self._greet_checker)
        self._reloading = asyncio.Lock()
        self._taking = False
        self._is_beginning = True
        self._left_out: dict[str, Any] = {}
        self._restored = self.store.current
        self._deaths: dict[Path, int] = {}
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self) -> int:
        """Serves until it is told to stop; returns the exit code."""
        verbs = Verbs(self)
        control = ControlSocket(self.settings.node.state_dir, verbs.handle)
        endpoint = Endpoint(verbs.metrics, self.state.readiness)
        self._on_signals()
        try:
            await endpoint.open(*self.settings.observe.listen)
            await control.open()
            return await self._serve()
        finally:
            await asyncio.gather(self.front.stop(), self.checker.stop())
            await control.close()
            await endpoint.close()

    async def _serve(self) -> int:
        stop = asyncio.ensure_future(self._stop.wait())
        life = asyncio.ensure_future(self._begin())
        await asyncio.wait({stop, life}, return_when=asyncio.FIRST_COMPLETED)
        if life.done() and (code := life.result()):
            stop.cancel()
            return code
        await stop
        life.cancel()
        await asyncio.wait({life})
        await self._drain()
        return 0

    async def _begin(self) -> int:
        """From nothing to a node that serves what its configuration says; else the exit code."""
        extending = self._background(_extend_start())
        await asyncio.gather(self._start(self.front), self._start(self.checker))
        if self.state.envelope:
            self._ready()
        try:
            await self.reload("start")
        except EdgeplaneError as error:
            await self._take_up_what_was_left_out()
            if not await self._kept_plan_serves():
                kept = "nor can a kept plan be served" if any(self.store.kept()) else "no last good plan is kept"
                logs.say(log, f"edgeplane: nothing to serve: see the faults above; {kept}")
                return error.exit_code
        self._is_beginning = False
        await self._first_results()
        extending.cancel()
        self._ready()
        self._say_ready()
        return 0

    async def _kept_plan_serves(self) -> bool:
        """Whether the front took a kept plan; it may still be on its way past one that kills it."""
        if any(self.store.kept()):
            with contextlib.suppress(EdgeplaneError):
                await self.front.greeted(limits.CALL_S)
        return bool(self.state.envelope)

    # -- plans --

    async def reload(self, change: str = "reload") -> dict[str, Any]:
        """Builds what the configuration says now and serves it: {"generation", "zones", …}.

        change: what asked for it, for the log.
        A node without content of its own goes on with the plan that it has, which came by `apply`.
        Raises FaultsError with every fault; then the plan before goes on.
        """
        async with self._changing(change):
            if await self._lives_on_applied_plan():
                return await self._applied_plan_goes_on()
            generation = self.store.next_generation()
            built = await self.programs.build(generation, self.store.next, self.store.current)
            warnings = restart_warnings(self.settings, self.programs.config)
            built["warnings"] = [*built.get("warnings", []), *(warning.document() for warning in warnings)]
            return {**built, **await self._take(self.store.next)}

    async def _lives_on_applied_plan(self) -> bool:
        """Whether the configuration, as written now, names no content, and a plan with content is served."""
        own = has_content(load(self.programs.config))
        return not own and await self._kept_plan_serves() and self.state.serves_something

    async def _applied_plan_goes_on(self) -> dict[str, Any]:
        if self.state.unread:
            self.state.serves(self.state.envelope, await self._apply(self.front.call, "apply", self._restored))
        said = f"has no content of its own; the applied plan, generation {self.state.generation}, is served"
        warnings = [Fault(str(self.programs.config), 0, said)]
        warnings += restart_warnings(self.settings, self.programs.config)
        log.info("%s", warnings[0])
        return {**self.state.report, "warnings": [warning.document() for warning in warnings]}

    async def apply(self, source: Path, *, force: bool = False) -> dict[str, Any]:
        """Serves a plan file that was built elsewhere; Refused where it is not newer than what is served.

        force: even where the next reload or start takes it back, because the configuration names content of its own.
        """
        async with self._changing("apply", degrades=False):
            if not force and has_content(load(self.programs.config)):
                said = "names content of its own, which the next reload or start serves again"
                raise Refused.because(f"{said}; --force applies the plan until then", str(self.programs.config))
            await asyncio.to_thread(copy_plan, source, self.store.next)
            self._see_that_it_is_newer(read_envelope(self.store.next)["generation"], str(source))
            return await self._take(self.store.next, whole=True)

    def _see_that_it_is_newer(self, generation: int, place: str) -> None:
        served = self.state.generation
        if generation <= served:
            raise Refused.because(f"generation {generation} is not newer than {served}, which is served", place)
        if generation > served + limits.GENERATIONS_AHEAD:
            said = f"generation {generation} is more than 2^31 ahead of {served}, which is served"
            raise Refused.because(f"{said}; build it with a lower one (plan build -g)", place)

    async def diff(self) -> dict[str, Any]:
        """What a reload would change (see `plans.difference`), and "restart": settings that it cannot change.

        Built with the running generation, so that a zone whose serial is the generation differs only where its content
        does.
        """
        candidate = self.store.directory / "diff.plan"
        restart = {"restart": wanting_restart(self.settings, self.programs.config)}
        async with self._reloading:
            if await self._lives_on_applied_plan():
                return {**difference(self.state.envelope, self.state.envelope), **restart, "changes": []}
            try:
                built = await self.programs.build(self.state.generation, candidate, self.store.current)
                changed = difference(self.state.envelope, read_envelope(candidate))
                changed["settings"] = [key for key in changed["settings"] if key not in restart["restart"]]
                return {**changed, **restart, "changes": built.get("changes", [])}
            finally:
                candidate.unlink(missing_ok=True)

    def reload_soon(self) -> None:
        """SIGHUP: logs are opened anew and the configuration is read again; one that waits covers many."""
        self._background(self._quietly(self.front.call("reopen_logs")))
        if not self.state.reload_waits:
            self.state.reload_waits = True
            self._background(self._quietly(self.reload()))

    async def _quietly(self, work: Awaitable[Any]) -> None:
        # What went wrong is in the log and the metrics already.
        with contextlib.suppress(EdgeplaneError):
            await work

    @contextlib.asynccontextmanager
    async def _changing(self, change: str, *, degrades: bool = True) -> AsyncIterator[None]:
        """One change at a time, with its outcome noted and told to the service manager.

        change: the verb that asked for it, for the log. degrades: a refusal means that the node does not serve what
        its configuration says.
        """
        async with self._reloading:
            self.state.reload_waits = False
            if self.state.ready:
                notify.reloading()
            try:
                yield
                self.state.accepted()
                log.info("serving generation %d", self.state.generation)
            except Exception as error:  # whatever the reason, the plan before goes on, and the reason is told
                refusal = _as_refusal(error, self.store.directory)
                self._refused(change, refusal, degrades or isinstance(error, _NotKept))
                raise refusal from error
            finally:
                with contextlib.suppress(OSError):
                    self.store.next.unlink()
                if self.state.ready:
                    notify.notify(READY=1, STATUS=self.state.line())

    def _refused(self, change: str, error: EdgeplaneError, degrades: bool) -> None:
        faults = error.faults if isinstance(error, FaultsError) else (Fault("edgeplane", 0, str(error)),)
        self.state.refused(faults if degrades else ())
        for fault in faults:
            log.error("%s", fault)
        if self.state.generation and not isinstance(error, _NotKept):
            said = "the configuration is not served" if change == "start" else f"the {change} changed nothing"
            log.error("%s; generation %d goes on", said, self.state.generation)

    async def _take(self, path: Path, *, whole: bool = False) -> dict[str, Any]:
        """Has the front serve a plan, and only then keeps it: one that kills the front must not await its restart.

        whole: it was built elsewhere, so that what is served already is read as well before it is kept.
        """
        envelope = read_envelope(path)
        if serves_something(self.state.envelope or self._left_out) and not serves_something(envelope):
            raise Refused.because("nothing would be left to serve; to answer nothing, stop the node", "plan")
        if self._left_out and not self.state.envelope:
            await self._restore_health(envelope)
        life = self.front.pid
        report = await self._apply(self.front.call, "apply", path, whole=whole)
        self.state.serves(envelope, report)
        try:
            await self._keep(path, envelope["generation"])
        finally:
            await self._tell_checker(self.checker.call)
        if self.front.pid != life:
            self.front.kill()  # it died in between and came back with the plan before; the next one reads the new
        self._deaths.clear()
        return report

    async def _keep(self, path: Path, generation: int) -> None:
        try:
            await asyncio.to_thread(self.store.commit, path, generation)
        except OSError as error:
            said = (
                f"generation {generation} is served but not kept ({error.strerror}): a restart starts from one before"
            )
            raise _NotKept([Fault(str(self.store.directory), 0, said)]) from error

    async def _apply(self, call: Callable[..., Any], verb: str, path: Path, **how: bool) -> dict[str, Any]:
        """verb: `apply`, or `restore` for a plan that was kept."""
        life, self._taking = self.front.pid, True
        try:
            report: dict[str, Any] = await call(verb, path=str(path), within=limits.APPLY_S, **how)
            await call("serve")
        except Gone:
            self.front.kill(life)  # it may hang; where it died, the next one is left alone
            raise
        finally:
            self._taking = False
        return report

    # -- children --

    async def _start(self, child: Child) -> None:
        try:
            await child.start()
        except Exception as error:  # whatever the reason, it is tried again
            log.error("the %s did not start: %s", child.name, error)

    async def _greet_front(self, channel: Channel) -> None:
        """A fresh front gets its settings, then the best kept plan that it takes."""
        await channel.call("start", log_format=self.settings.observe.log_format)
        await self._restore(channel.call)

    async def _take_up_what_was_left_out(self) -> None:
        self._is_beginning = False
        if self._left_out and not self.state.envelope:
            with contextlib.suppress(EdgeplaneError):
                await self._restore(self.front.call)

    async def _restore(self, call: Callable[..., Any]) -> None:
        for path in self._trusted():
            try:
                envelope = read_envelope(path)
                if self._is_beginning and self._waits_for_the_first_build(envelope):
                    self._left_out = envelope
                    return
                restored = await self._restore_health(envelope)
                self.state.serves(envelope, await self._apply(call, "restore", path))
                self._restored = path
                for fault in self.state.unread:
                    log.error("%s", fault)
                if not restored:
                    self._background(self._tell_checker(self.checker.call))
                return
            except (FaultsError, PlanFileError) as error:
                log.error("kept plan %s cannot be served: %s", path, error)
            except Gone:
                self._deaths[path] = self._deaths.get(path, 0) + 1
                raise

    def _waits_for_the_first_build(self, envelope: dict[str, Any]) -> bool:
        """Whether this start is to change what a front keeps from its start on: then it begins with the new plan."""
        if not begins_otherwise(self.settings, envelope):
            return False
        with contextlib.suppress(EdgeplaneError):
            return has_content(load(self.programs.config))
        return False

    def _trusted(self) -> Sequence[Path]:
        """Kept plans, without those under which the front died twice; all again when none would remain."""
        kept = list(self.store.kept())
        trusted = [path for path in kept if self._deaths.get(path, 0) < limits.DEATHS_OF_A_PLAN]
        if not trusted:
            self._deaths.clear()
        return trusted or kept

    async def _restore_health(self, envelope: dict[str, Any]) -> bool:
        """Before a plan other than the one served last: the states of its checks, in its slots, as far as they are
        known. Unknown counts as healthy, so that without them the first answers would name what is down.
        """
        checks = health_documents(envelope)
        if envelope["generation"] == self.state.generation or not (checks or self.state.envelope):
            return True
        try:
            await asyncio.wait_for(self.checker.call("checks", checks=checks), limits.RESTORE_S)
            return True
        except (EdgeplaneError, TimeoutError) as error:
            log.error("the checker did not restore the states of its checks: %s", error or "no answer in time")
            return False

    async def _greet_checker(self, channel: Channel) -> None:
        if self.state.envelope:
            await self._tell_checker(channel.call)

    async def _tell_checker(self, call: Callable[..., Any]) -> None:
        try:
            await call("checks", checks=health_documents(self.state.envelope))
        except EdgeplaneError as error:
            # The answers are right without it: the table keeps the last states, and a restart tells it again.
            log.error("the checker did not take its checks: %s", error)

    async def _first_results(self) -> None:
        """Waits until every check has a state, at most FIRST_RESULTS_S."""
        deadline = time.monotonic() + limits.FIRST_RESULTS_S
        while time.monotonic() < deadline and not self._stop.is_set():
            with contextlib.suppress(EdgeplaneError):
                stats = await self.checker.call("stats", within=1.0)
                if all(check["state"] != "unknown" for check in stats["checks"]):
                    return
            await asyncio.sleep(limits.FIRST_RESULTS_POLL_S)

    # -- beginning and end --

    def _on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self.reload_soon)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop)

    def _asked_to_stop(self) -> None:
        if self._stop.is_set():
            self.front.kill()
            self.checker.kill()
            os._exit(0)
        self._stop.set()

    async def _drain(self) -> None:
        self.state.stopping = True
        self.listeners.refuse()
        notify.notify(STOPPING=1)
        if not self.state.envelope:
            return
        log.info("draining for at most %g s; a second signal ends at once", limits.DRAIN_S)
        with contextlib.suppress(EdgeplaneError):
            if not await self.front.call("drain", timeout=limits.DRAIN_S, within=limits.DRAIN_S + limits.STOP_S):
                log.warning("connections were still open after %g s", limits.DRAIN_S)

    def _ready(self) -> None:
        """Queries are answered, if only from the kept plan so far."""
        if self.state.ready:
            return
        self.state.ready = True
        notify.notify(READY=1, STATUS=self.state.line())
        if interval := notify.watchdog_interval():
            self._background(_watchdog(interval))
        self._background(watch(self.front, self._front_shows_life))
        self._background(watch(self.checker, Heartbeat(self.health_fd).moved))

    def _say_ready(self) -> None:
        addresses = self.listeners.addresses()
        both = " (UDP and TCP)" if not self.listeners.one_sided() else ""
        web = "".join(
            f"; {scheme} on {' '.join(map(str, at))}" for scheme, at in self.listeners.web_addresses().items()
        )
        on = f"on {' '.join(map(str, addresses))}{both}{web}"
        for line in (f"{self.state.line()}; {on}", *self._tries(addresses[0])):
            logs.say(log, line)

    async def _front_shows_life(self) -> bool:
        """While it takes a plan, `_apply` has an eye on it."""
        return self._taking or await answers(self.front)

    def _troubles(self) -> list[Fault]:
        """What ails parts of the node while it serves."""
        return [*self._troubles_of_checker(), *self.state.unread]

    def _troubles_of_checker(self) -> list[Fault]:
        if not self.checker.lives:
            return [Fault("checker", 0, "does not run; health stays as it was last seen")]
        age = heartbeat_age(self.health_fd, time.monotonic())
        if age is None or age < limits.HEARTBEAT_OLD_S:
            return []
        return [Fault("checker", 0, f"no sign of life for {age:.0f} s; health stays as it was last seen")]

    def _tries(self, address: Listen) -> Iterator[str]:
        """Commands to paste: one that asks for a zone, one that asks for a distribution where there is any."""
        if zone := self.state.zone_to_show:
            yield f"try: kdig @{address.host} -p {address.port} {zone} SOA"
        host = next((each["name"] for each in self.state.distributions()), "")
        web = self.listeners.web_addresses().get("http")
        if web and host:
            yield f"try: {_curl(web[0], host)}"

    def _background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class _NotKept(Refused):
    """A plan is served, but would not be after a restart."""


def _curl(address: Listen, host: str) -> str:
    """A command that asks this node for a distribution, wherever its host name leads."""
    at = f"{host}:{address.port}:{address.bracketed}"
    return f"curl --resolve {at} http://{host}:{address.port}/"


def _as_refusal(error: Exception, directory: Path) -> EdgeplaneError:
    if isinstance(error, EdgeplaneError):
        return error
    if isinstance(error, OSError):
        return Refused.because(error.strerror or str(error) or type(error).__name__, str(error.filename or directory))
    log.error("a change failed in itself", exc_info=error)
    return Refused.because(f"{type(error).__name__}: {error}; the log has more")


async def _extend_start() -> None:
    """A first build may take longer than the service manager waits by itself."""
    while True:
        await asyncio.sleep(limits.EXTEND_START_S)
        notify.notify(EXTEND_TIMEOUT_USEC=int(3e6 * limits.EXTEND_START_S))


async def _watchdog(interval: float) -> None:
    while True:
        notify.notify(WATCHDOG=1)
        await asyncio.sleep(interval)
