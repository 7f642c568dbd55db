"""ICMP probes, here or, where this user may not, in a network of its own."""

import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        pytest.skip(f"neither ICMP nor a user namespace: {found}")
    assert all(ok for ok, _ in verdicts), found


def test_not_permitted_is_no_verdict_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(icmp, "_open", refuse)
    outcome = run(icmp.probe("127.0.0.1"))
    assert outcome.ok is None
    assert "ping_group_range" in outcome.reason


def test_silence_ends_at_the_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def datagrams(_family: int) -> socket.socket:
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        port = sink.getsockname()[1]
        monkeypatch.setattr(icmp, "_open", datagrams)
        found = [(socket.AF_INET, 0, 0, "", ("127.0.0.1", port))]
        monkeypatch.setattr(icmp.socket, "getaddrinfo", lambda *_args, **_kw: found)
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
