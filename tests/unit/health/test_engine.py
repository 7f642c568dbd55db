"""Scheduling, states in the table, calculated checks and changes of configuration, on a clock that the test moves."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest

from edgeplane.health.engine import Engine
from edgeplane.health.history import Kept
from edgeplane.health.judge import State, Status
from edgeplane.health.models import Check, HealthCheckConfig

from .fakes import FakeClock, FakeProber, FakeTable
from .servers import run

Says = Callable[[Check], bool | None]


class House:
    """An engine and its fakes."""

    def __init__(self, says: Says = lambda _check: True, kept: Mapping[str, Kept] | None = None) -> None:
        self.clock, self.table = FakeClock(), FakeTable()
        self.prober = FakeProber(self.clock, says)
        self.engine = Engine(self.table, self.prober, self.clock, kept or {}, random.Random(7).random)

    def states(self) -> dict[str, str]:
        return {one["id"]: one["state"] for one in self.engine.states()}

    def times(self, check_id: str) -> list[float]:
        return [at - 1_000 for asked, at in self.prober.asked if asked == check_id]


def check(slot: int, check_id: str, **config: Any) -> dict[str, Any]:
    given = {"Type": "HTTP", "IPAddress": "192.0.2.1", "RequestInterval": 10} if "Type" not in config else {}
    return {"slot": slot, "id": check_id, "path": f"Resources.{check_id}", "config": given | config}


def calculated(slot: int, check_id: str, threshold: int, *children: str, **config: Any) -> dict[str, Any]:
    return check(
        slot, check_id, Type="CALCULATED", HealthThreshold=threshold, ChildHealthChecks=list(children), **config
    )


def play(story: Callable[[House], Awaitable[None]], house: House | None = None) -> None:
    async def whole() -> None:
        stage = house or House()
        await story(stage)
        await stage.engine.stop()

    run(whole())


def kept(status: Status, document: dict[str, Any]) -> Kept:
    config = HealthCheckConfig.model_validate(document["config"])
    return Kept(State(raw=status, status=status, since=5.0), "earlier", config.target)


def test_a_new_check_is_probed_at_once_and_its_first_result_counts() -> None:
    async def story(house: House) -> None:
        assert house.engine.apply([check(3, "a")]) == []
        assert house.table.states[3] == 0
        await house.clock.advance(0)
        assert (house.times("a"), house.table.states[3]) == ([0.0], Status.HEALTHY)
        await house.clock.advance(100)
        gaps = [later - earlier for earlier, later in pairwise(house.times("a"))]
        assert 10 <= gaps[0] <= 15
        assert gaps[1:] == pytest.approx([10] * len(gaps[1:]))

    play(story)


def test_kept_state_is_in_the_table_before_the_first_probe_and_needs_the_threshold() -> None:
    a = check(3, "a")

    async def story(house: House) -> None:
        house.engine.apply([a])
        assert (house.table.states[3], house.times("a")) == (Status.UNHEALTHY, [])
        await house.clock.advance(10)
        assert (len(house.times("a")), house.table.states[3]) == (1, Status.UNHEALTHY)
        await house.clock.advance(20)
        assert (len(house.times("a")), house.table.states[3]) == (3, Status.HEALTHY)

    play(story, House(kept={"a": kept(Status.UNHEALTHY, a)}))


def test_restarted_checks_do_not_bunch() -> None:
    documents = [check(slot, f"c{slot}") for slot in range(1_000)]

    async def story(house: House) -> None:
        house.engine.apply(documents)
        await house.clock.advance(10)
        seconds = Counter(int(at - 1_000) for _, at in house.prober.asked)
        assert sum(seconds.values()) == 1_000
        assert max(seconds.values()) < 150

    play(story, House(kept={one["id"]: kept(Status.HEALTHY, one) for one in documents}))


def test_a_changed_target_keeps_showing_the_old_state_until_the_first_result() -> None:
    async def story(house: House) -> None:
        house.engine.apply([check(0, "a")])
        await house.clock.advance(1)
        house.prober.says = lambda _check: None
        house.engine.apply([check(0, "a", ResourcePath="/new")])
        await house.clock.advance(0)
        assert house.times("a") == [0.0, 1.0]
        assert house.table.states[0] == Status.HEALTHY
        house.prober.says = lambda _check: False
        await house.clock.advance(16)
        assert house.table.states[0] == Status.UNHEALTHY

    play(story)


def test_a_changed_threshold_keeps_state_and_schedule() -> None:
    async def story(house: House) -> None:
        house.engine.apply([check(0, "a")])
        await house.clock.advance(1)
        house.prober.says = lambda _check: False
        house.engine.apply([check(0, "a", FailureThreshold=1)])
        await house.clock.advance(0)
        assert (house.times("a"), house.states()) == ([0.0], {"a": "healthy"})
        await house.clock.advance(15)
        assert house.states() == {"a": "unhealthy"}

    play(story)


def test_disabled_and_inverted_act_at_once() -> None:
    async def story(house: House) -> None:
        house.engine.apply([check(0, "a", Disabled=True), check(1, "b", Disabled=True, Inverted=True), check(2, "c")])
        await house.clock.advance(60)
        assert house.times("a") == house.times("b") == []
        assert house.table.states[:3] == [Status.HEALTHY, Status.UNHEALTHY, Status.HEALTHY]
        house.engine.apply([check(0, "a"), check(1, "b", Disabled=True), check(2, "c", Inverted=True)])
        assert house.table.states[:3] == [Status.HEALTHY, Status.HEALTHY, Status.UNHEALTHY]
        house.prober.says = lambda _check: False
        await house.clock.advance(0)
        assert house.table.states[0] == Status.UNHEALTHY

    play(story)


def test_no_verdict_changes_nothing_but_the_reason() -> None:
    async def story(house: House) -> None:
        house.engine.apply([check(0, "a", FailureThreshold=1)])
        await house.clock.advance(1)
        house.prober.says = lambda _check: None
        await house.clock.advance(60)
        document = house.engine.health(10)[0]
        assert (document["state"], document["last_reason"]) == ("healthy", "no sockets left")
        assert house.engine.stats.probes["local"] > 4

    play(story)


def test_a_prober_that_raises_does_not_end_the_check() -> None:
    def raises(_check: Check) -> bool:
        raise RuntimeError("a fault of ours")

    async def story(house: House) -> None:
        house.engine.apply([check(0, "a")])
        await house.clock.advance(16)
        house.prober.says = lambda _check: True
        await house.clock.advance(16)
        assert house.states() == {"a": "healthy"}

    play(story, House(raises))


# --- calculated -------------------------------------------------------------------------------------------------------


def test_calculated_checks_follow_their_children_through_every_level_once() -> None:
    down: set[str] = set()

    async def story(house: House) -> None:
        leaves = [check(slot, name, FailureThreshold=1, RequestInterval=1) for slot, name in enumerate("abc")]
        top = calculated(4, "top", 2, "left", "right")
        middle = [calculated(5, "left", 1, "a", "b"), calculated(6, "right", 1, "a", "c", Inverted=True)]
        house.engine.apply([top, *middle, *leaves])
        assert house.states()["top"] == "unknown"
        await house.clock.advance(5)
        assert house.states() | {"a": "", "b": "", "c": ""} == {
            "top": "unhealthy", "left": "healthy", "right": "unhealthy", "a": "", "b": "", "c": ""
        }  # fmt: skip
        down.update("ac")
        await house.clock.advance(5)
        assert house.states()["top"] == "healthy"
        document = {one["id"]: one for one in house.engine.health(10)}["top"]
        assert document["last_reason"] == "2 of 2 children healthy, 2 needed"
        assert [one["to"] for one in document["transitions"]] == ["unhealthy", "healthy"]
        assert house.table.states[4:7] == [Status.HEALTHY, Status.HEALTHY, Status.HEALTHY]

    play(story, House(lambda one: one.id not in down))


def test_a_diamond_does_not_flicker() -> None:
    """The top counts a check and, two levels down, its opposite: when both swap in one step, the top must not move."""

    async def story(house: House) -> None:
        house.engine.apply([
            calculated(3, "apex", 1, "a", "opposite"),
            calculated(2, "opposite", 1, "same", Inverted=True), calculated(1, "same", 1, "a"),
            check(0, "a", FailureThreshold=1, RequestInterval=1),
        ])  # fmt: skip
        for healthy in (True, False, True):
            house.prober.says = lambda _check, healthy=healthy: healthy
            await house.clock.advance(5)
        documents = {one["id"]: one for one in house.engine.health(10)}
        assert [one["to"] for one in documents["opposite"]["transitions"]] == ["unhealthy", "healthy", "unhealthy"]
        assert [one["to"] for one in documents["apex"]["transitions"]] == ["healthy"]

    play(story)


# --- refusal, slots ---------------------------------------------------------------------------------------------------


def test_a_bad_set_is_refused_whole_and_the_old_one_runs_on() -> None:
    async def story(house: House) -> None:
        house.engine.apply([check(0, "a")])
        await house.clock.advance(1)
        for bad in (
            [check(1, "b"), check(2, "c", Port=0)],
            [check(1, "b"), check(99_999, "c")],
            [calculated(1, "b", 1, "b")],
            [calculated(1, "b", 1, "nobody")],
            {"a": 1},
        ):
            assert house.engine.apply(bad)
        assert house.states() == {"a": "healthy"}
        assert house.table.states[:3] == [1, 0, 0]
        await house.clock.advance(30)
        assert len(house.times("a")) >= 3

    play(story)


def test_removed_checks_end_and_their_slots_become_unknown() -> None:
    async def story(house: House) -> None:
        house.engine.apply([check(0, "a"), check(1, "b")])
        await house.clock.advance(1)
        house.engine.take_unsaved()
        house.engine.apply([check(1, "a")])
        assert house.table.states[:2] == [0, 1]
        await house.clock.advance(60)
        assert len(house.times("b")) == 1

    play(story)


def test_a_removed_check_that_comes_back_has_its_state_for_a_day() -> None:
    async def story(house: House) -> None:
        house.prober.says = lambda _check: False
        house.engine.apply([check(0, "a")])
        await house.clock.advance(1)
        house.engine.apply([])
        assert house.table.states[0] == Status.UNKNOWN
        house.engine.apply([check(1, "a")])
        assert house.table.states[:2] == [Status.UNKNOWN, Status.UNHEALTHY]
        house.engine.apply([])
        kept = house.engine.take_unsaved()["a"]
        assert kept is not None
        assert kept.state.status is Status.UNHEALTHY
        house.clock.now += 90_000
        house.engine.apply([])
        assert house.engine.take_unsaved() == {"a": None}
        house.engine.apply([check(0, "a")])
        assert house.table.states[0] == Status.UNKNOWN

    play(story)


def test_an_empty_first_set_does_not_forget_what_was_kept() -> None:
    """A supervisor without a plan says "no checks" before it has built one."""
    a = check(3, "a")

    async def story(house: House) -> None:
        house.engine.apply([])
        assert house.engine.take_unsaved() == {}
        house.engine.apply([a])
        assert house.table.states[3] == Status.UNHEALTHY

    play(story, House(kept={"a": kept(Status.UNHEALTHY, a)}))


# --- N9: collapse -----------------------------------------------------------------------------------------------------

PATTERNS: dict[str, Callable[[int, int], bool]] = {
    "half failing": lambda check, _second: check % 2 == 0,
    "all failing": lambda _check, _second: False,
    "flapping every second": lambda _check, second: second % 2 == 0,
    "flapping every 4 seconds": lambda _check, second: second % 8 < 4,
    "at random": lambda check, second: random.Random(check * 1_000 + second).random() < 0.5,
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_thousand_flapping_checks_make_at_most_one_transition_a_threshold_window(pattern: str) -> None:
    """60 s at one probe a second; threshold 3, so 3 s must lie between two transitions of one check."""

    async def story(house: House) -> None:
        house.prober.says = lambda one: PATTERNS[pattern](one.slot, int(house.clock.now))
        house.engine.apply([check(slot, f"c{slot}", RequestInterval=1) for slot in range(1_000)])
        await house.clock.advance(60)
        total = 0
        for document in house.engine.health(100):
            times = [one["at"] for one in document["transitions"]]
            total += len(times)
            assert all(later - earlier >= 3 - 1e-6 for earlier, later in pairwise(times))
            assert house.table.states[document["slot"]] == Status[document["state"].upper()]
        assert total == house.engine.stats.transitions
        steady = pattern in ("half failing", "all failing", "flapping every second")
        assert total == 1_000 if steady else total > 5_000
        assert len(house.prober.asked) >= 58_000

    play(story)
