"""Who holds an address: read from /proc, never by binding it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from edgeplane.config.sockets import holders, is_local, owner

CASES = [
    (socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1", "127.0.0.1", "tcp"),
    (socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1", "0.0.0.0", "udp"),  # noqa: S104 - what is asked, not bound
    (socket.AF_INET6, socket.SOCK_DGRAM, "::1", "::1", "udp"),
    (socket.AF_INET6, socket.SOCK_STREAM, "::", "::1", "tcp"),
]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[4]} {case[2]} seen from {case[3]}")
def held(request: pytest.FixtureRequest) -> Iterator[tuple[str, int, str]]:
    family, kind, host, asked, protocol = request.param
    with socket.socket(family, kind) as sock:
        sock.bind((host, 0))
        if kind == socket.SOCK_STREAM:
            sock.listen()
        yield asked, sock.getsockname()[1], protocol


def test_the_holder_is_named(held: tuple[str, int, str]) -> None:
    (found,) = holders(*held)
    assert os.getpid() in found.pids
    assert f"(process {os.getpid()})" in owner(*held)


def test_other_addresses_ports_and_protocols_are_free(held: tuple[str, int, str]) -> None:
    host, port, protocol = held
    other_family = "127.0.0.1" if ":" in host else "::1"
    assert holders(other_family, port, protocol) == []
    assert holders(host, port, "udp" if protocol == "tcp" else "tcp") == []


def test_a_connection_holds_no_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert holders("127.0.0.1", client.getsockname()[1], "tcp") == []


def test_documentation_addresses_are_not_of_this_host() -> None:
    assert is_local("127.0.0.1")
    assert not is_local("192.0.2.1")
