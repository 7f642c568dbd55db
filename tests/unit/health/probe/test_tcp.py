"""TCP probes."""

import asyncio
import socket

import pytest

from edgeplane.health.probe import tcp

from ..servers import run, serving


async def _nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    return


def test_a_connection_that_opens_is_healthy() -> None:
    async def once() -> bool | None:
        async with serving(_nothing) as port:
            return (await tcp.probe("127.0.0.1", port)).ok

    assert run(once())


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_closed_port_is_refused(family: socket.AddressFamily) -> None:
    address = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.socket(family) as taken:
        taken.bind((address, 0))
        outcome = run(tcp.probe(address, taken.getsockname()[1]))
    assert (outcome.ok, outcome.kind) == (False, "refused")


def test_no_answer_ends_at_the_time_out() -> None:
    """A listener whose backlog is full drops what comes: connections neither open nor fail."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        outcome = run(tcp.probe(*address, seconds=0.2))
        for one in waiting:
            one.close()
    assert (outcome.ok, outcome.kind) == (False, "timeout_connect")


def test_shortage_of_descriptors_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(tcp.socket, "getaddrinfo", exhausted)
    outcome = run(tcp.probe("127.0.0.1", 1))
    assert (outcome.ok, outcome.kind) == (None, "local")
