"""ICMP probes, here or, where this user may not, in a network of its own."""

import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.health import limits
from edgeplane.health.probe import icmp

from ..servers import run

IN_A_NETWORK_OF_ITS_OWN = """\
import asyncio, fcntl, pathlib, socket, struct, sys
from edgeplane.health.probe import icmp

pathlib.Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 0")
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    SIOCSIFFLAGS, IFF_UP = 0x8914, 1
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
outcome = asyncio.run(icmp.probe(sys.argv[1]))
print(outcome.ok, outcome.reason)
"""
"""The group of a user namespace's root may open datagram sockets for ICMP there."""


def in_a_network_of_its_own(address: str) -> tuple[bool | None, str]:
    """The verdict and its reason; None where the kernel gives this user no namespace."""
    program = [sys.executable, "-c", IN_A_NETWORK_OF_ITS_OWN, address]
    command = ["unshare", "--map-root-user", "--net", *program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[4])
    if done.stderr.startswith("unshare:"):
        return None, done.stderr.strip()
    assert done.returncode == 0, done.stderr
    verdict, _, reason = done.stdout.strip().partition(" ")
    return verdict == "True", reason


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_loopback_answers(address: str) -> None:
    here = run(icmp.probe(address))
    found = [(here.ok, here.reason), in_a_network_of_its_own(address)]
    verdicts = [outcome for outcome in found if outcome[0] is not None]
    if not verdicts:
        pytest.skip(f"needs ICMP (net.ipv4.ping_group_range, or CAP_NET_RAW) or user namespaces; here: {found}")
    assert all(ok for ok, _ in verdicts), found


def test_not_permitted_is_no_verdict_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(icmp, "_open", refuse)
    outcome = run(icmp.probe("127.0.0.1"))
    assert outcome.ok is None
    assert "ping_group_range" in outcome.reason


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Stands for a host that is probed: what a probe sends as ICMP comes here as datagrams, which need no right."""

    def datagrams(_family: int) -> socket.socket:
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as host:
        host.bind(("127.0.0.1", 0))
        host.settimeout(20)
        monkeypatch.setattr(icmp, "_open", datagrams)
        found = [(socket.AF_INET, 0, 0, "", host.getsockname())]
        monkeypatch.setattr(icmp.socket, "getaddrinfo", lambda *_args, **_kw: found)
        yield host


def test_an_echo_is_told_from_other_messages(target: socket.socket) -> None:
    def answer() -> None:
        request, probe = target.recvfrom(2048)
        for reply in (request, b"\3" + request[1:], b"\0" + request[1:-1] + b"?", b"\0" + request[1:]):
            target.sendto(reply, probe)

    host = threading.Thread(target=answer)
    host.start()
    assert run(icmp.probe("127.0.0.1", seconds=20)).reason == "echo reply"
    host.join()


def test_a_target_that_floods_is_given_up(target: socket.socket) -> None:
    def flood() -> None:
        request, probe = target.recvfrom(2048)
        for _ in range(limits.ICMP_FOREIGN.default):
            target.sendto(request, probe)

    host = threading.Thread(target=flood)
    host.start()
    assert run(icmp.probe("127.0.0.1", seconds=20)).kind == "flood"
    host.join()


@pytest.mark.usefixtures("target")
def test_silence_ends_at_the_time_out() -> None:
    assert run(icmp.probe("127.0.0.1", seconds=0.1)).kind == "timeout_reply"


@given(st.binary(min_size=16, max_size=16))
def test_the_checksum_sums_to_zero_and_only_the_own_token_answers(token: bytes) -> None:
    echo = icmp.Echo(socket.AF_INET, token)
    sent = echo.request()
    assert icmp.checksum(sent) == 0
    reply = b"\0" + sent[1:]
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(reply), 0, 0, 64, 1, 0, b"\x7f\0\0\1", b"\x7f\0\0\1")
    assert echo.answered_by(reply)
    assert echo.answered_by(header + reply)
    assert not echo.answered_by(sent)
    assert not icmp.Echo(socket.AF_INET, token[::-1] + b"").answered_by(reply) or token == token[::-1]


@given(st.binary(max_size=80))
def test_any_bytes_are_judged(packet: bytes) -> None:
    assert not icmp.Echo(socket.AF_INET6, b"\1" * 16).answered_by(packet)
