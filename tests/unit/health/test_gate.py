"""The caps on simultaneous probes, and the lookups behind names."""

import asyncio
import threading

import pytest

from edgeplane.health.gate import Gate
from edgeplane.health.resolve import Resolver, first_address

from .servers import run


def test_neither_cap_is_exceeded_and_nothing_is_left_behind() -> None:
    async def story() -> None:
        gate = Gate(total=5, per_address=2)
        running: dict[str, int] = {}
        most = {"all": 0, "one": 0}

        async def visit(address: str) -> None:
            async with gate.enter(address):
                running[address] = running.get(address, 0) + 1
                most["all"] = max(most["all"], sum(running.values()))
                most["one"] = max(most["one"], running[address])
                try:
                    await asyncio.sleep(0.002)
                finally:
                    running[address] -= 1

        visits = [asyncio.create_task(visit(f"192.0.2.{number % 7}")) for number in range(70)]
        await asyncio.sleep(0.003)
        for task in visits[::9]:
            task.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        assert most == {"all": 5, "one": 2}
        assert (gate.running, gate._addresses) == (0, {})

    run(story())


def test_a_busy_address_does_not_hold_the_places_of_others() -> None:
    async def story() -> None:
        gate = Gate(total=2, per_address=1)
        release = asyncio.Event()

        async def stuck() -> None:
            async with gate.enter("192.0.2.1"):
                await release.wait()

        waiting = [asyncio.create_task(stuck()) for _ in range(10)]
        await asyncio.sleep(0)
        async with asyncio.timeout(1), gate.enter("192.0.2.2"):
            pass
        release.set()
        await asyncio.gather(*waiting)

    run(story())


def test_checks_of_one_name_share_a_lookup() -> None:
    calls: list[str] = []
    answer = threading.Event()

    def lookup(name: str) -> str:
        calls.append(name)
        answer.wait(5)
        return "192.0.2.9"

    async def story() -> list[str]:
        resolver = Resolver(lookup, seconds=5)
        asked = [asyncio.create_task(resolver.address("a.example")) for _ in range(20)]
        await asyncio.sleep(0)
        answer.set()
        return list(await asyncio.gather(*asked))

    assert run(story()) == ["192.0.2.9"] * 20
    assert calls == ["a.example"]


def test_a_resolver_that_hangs_ends_at_the_time_out_and_is_not_asked_again_meanwhile() -> None:
    calls: list[str] = []
    release = threading.Event()

    def lookup(name: str) -> str:
        calls.append(name)
        release.wait(10)
        raise OSError("no such name")

    async def story() -> None:
        resolver = Resolver(lookup, seconds=0.05)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await resolver.address("a.example")
        release.set()
        async with asyncio.timeout(5):
            await asyncio.gather(*resolver._flying.values(), return_exceptions=True)
            await asyncio.sleep(0)
        assert resolver._flying == {}

    run(story())
    assert calls == ["a.example"]


def test_the_system_resolver() -> None:
    assert first_address("localhost") == "127.0.0.1"
    with pytest.raises(OSError, match=r"."):
        first_address("nothing.invalid")
