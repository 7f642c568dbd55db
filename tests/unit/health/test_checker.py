"""The checker over its control socket, with real probes and a table in a dictionary."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from edgeplane.health.checker import Checker
from edgeplane.health.clock import SystemClock
from edgeplane.health.gate import Gate
from edgeplane.health.history import History
from edgeplane.health.prober import Prober, user_agent
from edgeplane.health.resolve import Resolver

from .fakes import FakeTable
from .servers import answering, run, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"


class Peer:
    """The supervisor's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, table: FakeTable) -> None:
        self.reader, self.writer, self.table = reader, writer, table

    async def raw(self, line: bytes) -> dict[str, Any]:
        self.writer.write(line + b"\n")
        reply: dict[str, Any] = json.loads(await self.reader.readline())
        return reply

    async def call(self, do: str, **fields: Any) -> dict[str, Any]:
        return await self.raw(json.dumps({"id": 1, "do": do, **fields}).encode())

    async def errors_soon(self) -> int:
        """Errors of the history, after time for one more save."""
        await asyncio.sleep(0.5)
        errors: int = (await self.call("stats"))["ok"]["history_errors_total"]
        return errors

    async def until(self, wanted: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Ask for `health` until it is as wanted; at most 10 s."""
        async with asyncio.timeout(10):
            while True:
                health: list[dict[str, Any]] = (await self.call("health"))["ok"]
                if wanted(health):
                    return health
                await asyncio.sleep(0.02)


@asynccontextmanager
async def checking(state_dir: Path) -> AsyncIterator[Peer]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    table, gate, clock = FakeTable(), Gate(), SystemClock()
    prober = Prober(clock, gate, Resolver())
    serving = asyncio.create_task(Checker(table, History(state_dir / "control"), prober, gate, clock).serve(theirs))
    reader, writer = await asyncio.open_unix_connection(sock=ours, limit=1 << 24)
    yield Peer(reader, writer, table)
    writer.close()
    await serving


def play(state_dir: Path, story: Callable[[Peer], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with checking(state_dir) as peer:
            await story(peer)

    run(whole())


def check(slot: int, port: int, **config: Any) -> dict[str, Any]:
    given = {"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": port, "RequestInterval": 1, "FailureThreshold": 1}
    return {"slot": slot, "id": f"c{slot}", "path": f"Resources.C{slot}", "config": given | config}


def test_every_kind_of_check_gets_a_state(tmp_path: Path) -> None:
    async def story(peer: Peer) -> None:
        seen: list[bytes] = []
        async with serving(answering(OK, seen)) as port:
            with socket.socket() as closed:
                closed.bind(("127.0.0.1", 0))
                documents = [
                    check(0, port),
                    check(1, port, Type="HTTP_STR_MATCH", SearchString="nowhere"),
                    {**check(2, port), "config": {"Type": "TCP", "IPAddress": "127.0.0.1", "Port": port}},
                    {**check(3, port), "config": {"Type": "HTTP", "FullyQualifiedDomainName": "nothing.invalid"}},
                    check(4, closed.getsockname()[1]),
                    {**check(5, 0), "config": {"Type": "CALCULATED", "HealthThreshold": 2,
                                               "ChildHealthChecks": ["c0", "c1", "c2"]}},
                    {**check(6, port), "config": {"Type": "HTTP", "FullyQualifiedDomainName": "localhost",
                                                  "Port": port}},
                ]  # fmt: skip
                assert await peer.call("checks", checks=documents) == {"id": 1, "ok": {}}
                health = await peer.until(lambda all_: all(one["state"] != "unknown" for one in all_))
        states = [one["state"] for one in health]
        assert states == ["healthy", "unhealthy", "healthy", "unhealthy", "unhealthy", "healthy", "healthy"]
        assert [peer.table.get(slot) for slot in range(7)] == [1, 2, 1, 2, 2, 1, 1]
        assert health[3]["last_reason"].startswith("DNS resolution failed")
        assert any(f"User-Agent: {user_agent('c0')}\r\n".encode() in head for head in seen)
        assert any(f"Host: localhost:{port}\r\n".encode() in head for head in seen)
        assert peer.table.epoch >= 1
        assert peer.table.beats

    play(tmp_path, story)


def test_state_survives_a_restart_and_the_transitions_too(tmp_path: Path) -> None:
    async def first(peer: Peer) -> None:
        await peer.call("checks", checks=[check(0, 1)])
        await peer.until(lambda all_: all_[0]["state"] == "unhealthy")

    async def second(peer: Peer) -> None:
        await peer.call("checks", checks=[check(0, 1, RequestInterval=3600)])
        assert peer.table.get(0) == 2
        document = (await peer.call("health"))["ok"][0]
        assert (document["state"], document["last_probe"]) == ("unhealthy", None)
        assert [(one["from"], one["to"]) for one in document["transitions"]] == [("unknown", "unhealthy")]
        assert (await peer.call("health", transitions=0))["ok"][0]["transitions"] == []

    play(tmp_path, first)
    play(tmp_path, second)


def test_bad_requests_get_faults_and_the_conversation_goes_on(tmp_path: Path) -> None:
    async def story(peer: Peer) -> None:
        for line in (b"no", b"[]", b"[" * 100_000, b"7", b'{"do": "dance"}', b'{"do": "checks", "checks": 7}', b"{}"):
            reply = await peer.raw(line)
            assert set(reply["faults"][0]) == {"place", "line", "message"}
        assert (await peer.call("checks", checks=[check(0, 0)]))["faults"][0]["place"] == "Resources.C0.Port"
        assert (await peer.call("stats"))["ok"]["checks"] == []

    play(tmp_path, story)


def test_stats_count_probes_and_transitions(tmp_path: Path) -> None:
    async def story(peer: Peer) -> None:
        await peer.call("checks", checks=[check(0, 1), check(1, 1)])
        await peer.until(lambda all_: all(one["state"] == "unhealthy" for one in all_))
        stats = (await peer.call("stats"))["ok"]
        assert stats["checks"][1] == {"id": "c1", "path": "Resources.C1", "state": "unhealthy"}
        assert stats["transitions_total"] == 2
        assert stats["probes_total"]["refused"] == sum(stats["probe_seconds"]["counts"]) >= 2
        assert len(stats["probe_seconds"]["counts"]) == len(stats["probe_seconds"]["bounds"]) + 1
        assert (stats["probes_running"], stats["history_errors_total"]) == (0, 0)

    play(tmp_path, story)


def test_one_log_line_a_transition(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(peer: Peer) -> None:
        await peer.call("checks", checks=[check(0, 1)])
        await peer.until(lambda all_: all_[0]["state"] == "unhealthy")

    caplog.set_level(logging.INFO, "edgeplane.health")
    play(tmp_path, story)
    lines = [one.getMessage() for one in caplog.records if "transition" in one.getMessage()]
    assert lines == [
        "health transition check=c0 path=Resources.C0 from=unknown to=unhealthy "
        "reason='TCP connection: Connection refused' consecutive=1"
    ]


def test_a_history_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    async def story(peer: Peer) -> None:
        await peer.call("checks", checks=[check(0, 1)])
        await peer.until(lambda all_: all_[0]["state"] == "unhealthy")
        errors = [await peer.errors_soon() for _ in range(3)]
        assert max(errors) > 0

    play(tmp_path / "file", story)
