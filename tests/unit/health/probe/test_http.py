"""HTTP and HTTPS probes against real servers on loopback."""

import asyncio
import contextlib
import os
import socket
import ssl
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.health.models import HealthCheckConfig
from edgeplane.health.probe.http import Patience, probe, request
from edgeplane.health.probe.outcome import Outcome
from edgeplane.health.probe.response import BadResponse, parse_head

from ..servers import Handler, answering, certificate, dripping, run, serving

QUICK = Patience(connect=0.5, status=0.3, body=0.3)


def config(port: int, **fields: object) -> HealthCheckConfig:
    return HealthCheckConfig.model_validate({"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": port, **fields})


def ask(handler: Handler, tls: ssl.SSLContext | None = None, patience: Patience = QUICK, **fields: object) -> Outcome:
    async def once() -> Outcome:
        async with serving(handler, tls) as port:
            return await probe(config(port, **fields), "127.0.0.1", "agent/1", patience)

    return run(once())


def response(status: int, body: bytes = b"", fields: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d x\r\n%sContent-Length: %d\r\n\r\n%s" % (status, fields, len(body), body)


@pytest.mark.parametrize(
    ("status", "ok"), [(200, True), (204, True), (301, True), (399, True), (400, False), (404, False), (500, False)]
)
def test_a_status_from_200_to_399_is_healthy(status: int, ok: bool) -> None:
    outcome = ask(answering(response(status)))
    assert (outcome.ok, outcome.reason) == (ok, f"HTTP status {status}")


def test_a_redirect_is_not_followed() -> None:
    seen: list[bytes] = []
    assert ask(answering(response(302, fields=b"Location: /elsewhere\r\n"), seen)).ok
    assert len(seen) == 1


def test_interim_responses_are_passed_over() -> None:
    assert ask(answering(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + response(200))).ok
    assert ask(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + response(503))).kind == "status"


def test_the_request_as_it_is_sent() -> None:
    seen: list[bytes] = []
    ask(answering(response(200), seen), ResourcePath="status?deep=1")
    assert seen[0].startswith(b"GET /status?deep=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nUser-Agent: agent/1\r\n" in seen[0]


@pytest.mark.parametrize(
    ("fields", "host"),
    [
        ({"Type": "HTTP", "IPAddress": "192.0.2.1"}, "192.0.2.1"),
        ({"Type": "HTTP", "IPAddress": "192.0.2.1", "Port": 8080}, "192.0.2.1:8080"),
        ({"Type": "HTTP", "IPAddress": "2001:db8::1"}, "[2001:db8::1]"),
        ({"Type": "HTTP", "IPAddress": "2001:db8::1", "Port": 81}, "[2001:db8::1]:81"),
        ({"Type": "HTTP", "IPAddress": "192.0.2.1", "FullyQualifiedDomainName": "a.example"}, "a.example"),
        ({"Type": "HTTP", "FullyQualifiedDomainName": "a.example", "Port": 443}, "a.example:443"),
        ({"Type": "HTTPS", "FullyQualifiedDomainName": "a.example."}, "a.example"),
        ({"Type": "HTTPS", "FullyQualifiedDomainName": "a.example", "Port": 80}, "a.example:80"),
    ],
)
def test_the_host_header(fields: dict[str, object], host: str) -> None:
    assert f"\r\nHost: {host}\r\n".encode() in request(HealthCheckConfig.model_validate(fields), "x")


# --- string match -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "ok"), [(5_119, True), (5_120, True), (5_121, False)])
@pytest.mark.parametrize("chunk", [0, 1, 7, 5_120, 6_000])
def test_the_string_must_end_within_the_first_5120_bytes(end: int, ok: bool, chunk: int) -> None:
    wanted = b"all is well"
    body = b"." * (end - len(wanted)) + wanted + b"." * 3_000
    raw = response(200, body)
    if chunk:
        pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)]
        chunks = b"".join(b"%x;note=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    patience = Patience(2, 2, 2)
    outcome = ask(answering(raw), patience=patience, Type="HTTP_STR_MATCH", SearchString=wanted.decode())
    assert outcome.ok is ok, outcome


@pytest.mark.parametrize(("wanted", "ok"), [("Well", True), ("well", False), ("ü", True)])
def test_the_string_is_case_sensitive(wanted: str, ok: bool) -> None:
    outcome = ask(
        answering(response(200, "All is Well, für alle".encode())), Type="HTTP_STR_MATCH", SearchString=wanted
    )
    assert outcome.ok is ok


def test_a_body_that_ends_with_the_connection() -> None:
    assert ask(answering(b"HTTP/1.0 200 OK\r\n\r\nfine"), Type="HTTP_STR_MATCH", SearchString="fine").ok


def test_what_lies_behind_content_length_is_not_the_body() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxxfine"
    assert ask(answering(raw), Type="HTTP_STR_MATCH", SearchString="fine").kind == "match"


def test_a_string_with_a_bad_status_is_unhealthy() -> None:
    assert ask(answering(response(500, b"fine")), Type="HTTP_STR_MATCH", SearchString="fine").kind == "status"


def test_a_string_that_has_come_need_not_wait_for_the_rest() -> None:
    began = time.monotonic()
    handler = dripping(b"HTTP/1.1 200 OK\r\n\r\nfine", b".", 0.05)
    assert ask(handler, patience=Patience(1, 1, 10), Type="HTTP_STR_MATCH", SearchString="fine").ok
    assert time.monotonic() - began < 5


# --- hostile targets --------------------------------------------------------------------------------------------------

MATCH = {"Type": "HTTP_STR_MATCH", "SearchString": "fine"}
HOSTILE = {
    "silent": (dripping(b"", b"", 0.05), {}, "timeout_status"),
    "slow head": (dripping(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", 0.01), {}, "timeout_status"),
    "endless head": (dripping(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 200, 0), {}, "protocol"),
    "endless line": (dripping(b"HTTP/1.1 200 OK\r\na: ", b"x" * 9_000, 0), {}, "protocol"),
    "endless interim": (dripping(b"", b"HTTP/1.1 102 x\r\n\r\n" * 100, 0), {}, "protocol"),
    "slow body": (dripping(b"HTTP/1.1 200 OK\r\n\r\n", b".", 0.01), MATCH, "timeout_body"),
    "huge body": (dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"." * 100_000, 0), MATCH, "match"),
    "tiny chunks": (
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;x\r\n.\r\n", 0.01), MATCH, "timeout_body"
    ),
    "long chunk line": (
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 9_000, 0), MATCH, "protocol"
    ),
    "no number": (answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n"), MATCH, "protocol"),
    "cut chunk": (answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nfi"), MATCH, "closed"),
    "cut head": (answering(b"HTTP/1.1 200 OK\r\n"), {}, "closed"),
    "nothing": (answering(b""), {}, "closed"),
    "not HTTP": (answering(b"SSH-2.0-x\r\n\r\n"), {}, "protocol"),
    "HTTP/2 settings": (answering(b"\0\0\0\4\0\0\0\0\0\r\n\r\n"), {}, "protocol"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_target_costs_no_more_than_its_time(name: str) -> None:
    handler, fields, kind = HOSTILE[name]
    began = time.monotonic()
    outcome = ask(handler, **fields)
    assert (outcome.ok, outcome.kind) == (False, kind)
    assert time.monotonic() - began < 2


def test_a_reset_is_unhealthy() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    assert ask(reset).kind == "reset"


def test_a_refused_connection_is_unhealthy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        outcome = run(probe(config(port), "127.0.0.1", "x", QUICK))
    assert (outcome.ok, outcome.kind) == (False, "refused")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_a_bad_response(raw: bytes) -> None:
    with contextlib.suppress(BadResponse):
        assert 0 <= parse_head(raw + b"\r\n\r\n").status <= 999


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return certificate(Path(tmp_path_factory.mktemp("tls")))


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"FullyQualifiedDomainName": "www.example"}, ["www.example"]),
        ({"FullyQualifiedDomainName": "www.example", "EnableSNI": False}, [None]),
        ({}, [None]),
    ],
)
def test_https_sends_the_name_and_does_not_validate(
    tls: ssl.SSLContext, fields: dict[str, object], names: list[str | None]
) -> None:
    seen: list[str | None] = []
    tls.sni_callback = lambda _connection, name, _context: seen.append(name)
    outcome = ask(answering(response(200, b"fine")), tls, Type="HTTPS_STR_MATCH", SearchString="fine", **fields)
    assert outcome.ok, outcome
    assert seen == names


def test_a_target_that_refuses_the_name_is_asked_once_more_without(tls: ssl.SSLContext) -> None:
    def refuse(_connection: object, name: str | None, _context: object) -> int | None:
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if name else None

    tls.sni_callback = refuse
    assert ask(answering(response(200)), tls, Type="HTTPS", FullyQualifiedDomainName="www.example").ok
    tls.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    assert ask(answering(response(200)), tls, Type="HTTPS", FullyQualifiedDomainName="www.example").kind == "tls"


def test_a_plain_server_is_no_https() -> None:
    assert ask(answering(response(200)), Type="HTTPS").ok is False


def test_a_handshake_that_hangs_is_part_of_the_status_time() -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    assert ask(silent, Type="HTTPS").kind == "timeout_status"


def test_no_descriptor_is_left_behind(tls: ssl.SSLContext) -> None:
    tls.sni_callback = None

    async def many() -> tuple[int, int]:
        async with serving(answering(response(200)), tls) as good, serving(dripping(b"", b"", 0.05)) as silent:
            counts = []
            for _ in range(2):
                for port in (good, silent) * 3:
                    await probe(config(port, Type="HTTPS"), "127.0.0.1", "x", Patience(0.2, 0.1, 0.1))
                await asyncio.sleep(0.1)
                counts.append(len(os.listdir("/proc/self/fd")))
            return counts[0], counts[1]

    first, second = run(many())
    assert second <= first
