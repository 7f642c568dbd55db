"""ICMP probes; those that need a socket of the kernel's are skipped where it gives none."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.health.probe import icmp

from ..servers import run


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_loopback_answers(address: str) -> None:
    outcome = run(icmp.probe(address))
    if outcome.ok is None:
        pytest.skip(outcome.reason)
    assert outcome.ok, outcome


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
