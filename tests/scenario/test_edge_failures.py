"""An origin that fails: each way has an answer that says why, a line of log that says where, and a counter."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ..edge import HOST, Edge, cache_policy
from ..origin import PLAIN, Answer, response
from ..running import ROOT, free_port, until

CERTIFICATES = ROOT / "rust" / "http" / "src" / "client" / "tests" / "data"
"""server.pem is for origin.test and 127.0.0.1, and so was expired.pem; both are signed by root.pem."""
TWICE = b"Content-Length: 3\r\nContent-Length: 4\r\n"


@dataclass(frozen=True)
class Failure:
    """What the origin does, and what comes of it."""

    answer: Answer
    status: int
    reason: str
    counter: str
    said: str


FAILURES = {
    "closes": Failure(
        lambda asked: b"", 502, "OriginCommError", "failed_response", "the connection ended before the response"
    ),
    "hesitates": Failure(lambda asked: [9.0], 504, "OriginCommError", "failed_timeout", "no response in time"),
    "rambles": Failure(
        lambda asked: b"hello\r\n\r\n",
        502,
        "OriginInvalidResponseError",
        "failed_response",
        "the response is malformed",
    ),
    "lies": Failure(
        lambda asked: PLAIN.replace(b"Content-Length: 3\r\n", TWICE),
        502,
        "OriginInvalidResponseError",
        "failed_response",
        "the response is malformed",
    ),
    "swells": Failure(
        lambda asked: response(X=70_000 * "x"),
        502,
        "OriginHeaderTooBigError",
        "failed_response",
        "the response's head is too big",
    ),
}
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nCache-Control: max-age=600\r\n\r\nshort"


def places(origins: dict[str, tuple[str, int]], **custom: object) -> dict[str, object]:
    """A distribution with these origins, each with a behaviour for /ID/*: {Id: (host, port)}."""
    ports = ("HTTPPort", "HTTPSPort")
    listed = [
        {
            "Id": id_,
            "DomainName": host,
            "CustomOriginConfig": {"OriginProtocolPolicy": "http-only", **dict.fromkeys(ports, port), **custom},
            "ConnectionAttempts": 1,
        }
        for id_, (host, port) in origins.items()
    ]
    behaviour = {"ViewerProtocolPolicy": "allow-all", "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"}
    behaviours = [behaviour | {"PathPattern": f"/{id_}/*", "TargetOriginId": id_} for id_ in origins]
    first = behaviour | {"TargetOriginId": next(iter(origins))}
    return {"Origins": listed, "CacheBehaviors": behaviours, "DefaultCacheBehavior": first}


def lines(edge: Edge, id_: str) -> list[str]:
    """What the log says of an origin."""
    return [line for line in edge.written.splitlines() if f": origin {id_} (" in line]


def counted(edge: Edge, name: str) -> int:
    return int(edge.metric(f"edgeplane_edge_origin_{name}_total"))


def test_what_an_origin_does_is_told_to_all(make_edge, origin):
    """The client learns status and reason, the log the distribution, the origin, its address and what it did."""
    origin.answer = lambda asked: FAILURES[asked.target.split("/")[1]].answer(asked)
    at = dict.fromkeys(FAILURES, ("127.0.0.1", origin.port))
    edge = make_edge(origin.port, config=places(at, OriginReadTimeout=1)).start()
    (distribution,) = (each["id"] for each in edge.do("distributions")["distributions"])
    for id_, failure in FAILURES.items():
        before, errors = counted(edge, failure.counter), counted(edge, "errors")
        reply = edge.fetch(f"/{id_}/x")
        assert (reply.status, reply.fields["x-edge-reason"]) == (failure.status, failure.reason), id_
        assert reply.content.startswith(f"{failure.status} {failure.reason}: ".encode())
        until(lambda id_=id_: lines(edge, id_), edge)
        assert f"{distribution}: origin {id_} (127.0.0.1:{origin.port}): {failure.said}" in lines(edge, id_)[0]
        assert (counted(edge, failure.counter), counted(edge, "errors")) == (before + 1, errors + 1), id_
    assert edge.forwarded() == origin.count == len(FAILURES)
    shown = edge.do("distribution", distribution=distribution)["origins"]
    assert all(each["last_failure"].startswith(FAILURES[each["id"]].said) for each in shown), shown
    assert [each["failed_ago"] for each in shown] == sorted((each["failed_ago"] for each in shown), reverse=True)


def test_an_origin_that_is_gone_is_told_once_and_again_when_it_is_back(make_edge):
    """After five failures nobody waits for it: 503, and no line for each of them."""
    port = free_port()
    edge = make_edge(port, config=places({"gone": ("127.0.0.1", port)})).start()
    replies = [edge.fetch(f"/gone/{number}") for number in range(50)]
    assert {(reply.status, reply.fields["x-edge-reason"]) for reply in replies} == {
        (502, "OriginConnectError"),
        (503, "OriginConnectError"),
    }
    until(lambda: any("no connection again and again" in line for line in lines(edge, "gone")), edge)
    assert counted(edge, "breaker_opened") == 1
    assert counted(edge, "failed_connect") + counted(edge, "breaker_refused") == len(replies)
    assert len(lines(edge, "gone")) < 10
    assert edge.forwarded() == 0
    with socket.create_server(("127.0.0.1", port)) as sock:
        threading.Thread(target=_serve, args=(sock, None), daemon=True).start()
        until(lambda: edge.fetch(f"/gone/{time.monotonic()}").status == 200, edge)
        sock.shutdown(socket.SHUT_RDWR)
    until(lambda: any("it takes connections again" in line for line in lines(edge, "gone")), edge)


def test_content_that_is_too_short_is_an_error_for_its_client_too(make_edge, origin):
    """Nothing of it is kept; who comes next gets the whole."""
    origin.answer = lambda asked: (
        [SHORT, b""] if origin.count == 1 else response(b"it is all", Cache_Control="max-age=9")
    )
    edge = make_edge(origin.port, policy=cache_policy(), forwards=None).start()
    connection = http.client.HTTPConnection("127.0.0.1", edge.http, timeout=10)
    connection.request("GET", "/short", headers={"Host": HOST})
    with pytest.raises((http.client.IncompleteRead, ConnectionError)), contextlib.closing(connection):
        connection.getresponse().read()
    until(lambda: any("the content broke off" in line for line in lines(edge, "origin")), edge)
    assert counted(edge, "broken") == 1
    assert edge.fetch("/short").content == b"it is all"


@contextlib.contextmanager
def secure_origin(certificate: str | None) -> Iterator[int]:
    """A port on all addresses of this host that says `ok` over TLS; without a certificate it speaks no TLS."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / certificate, CERTIFICATES / "server.key")
    with socket.create_server(("0.0.0.0", 0)) as sock:  # noqa: S104 - also under an address that the certificate lacks
        thread = threading.Thread(target=_serve, args=(sock, context), daemon=True)
        thread.start()
        yield sock.getsockname()[1]
        sock.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _serve(sock: socket.socket, context: ssl.SSLContext | None) -> None:
    """`ok` to one request a connection, until the listener ends."""
    while True:
        try:
            plain, _ = sock.accept()
        except OSError:
            return
        plain.settimeout(10)
        with contextlib.suppress(OSError), plain:
            stream = context.wrap_socket(plain, server_side=True) if context else plain
            stream.recv(65_536)
            stream.sendall(PLAIN.replace(b"Cache-Control", b"Connection: close\r\nCache-Control"))


@pytest.mark.parametrize(
    ("certificate", "host", "roots", "said"),
    [
        ("server.pem", "127.0.0.1", "root.pem", ""),
        ("server.pem", "127.0.0.2", "root.pem", "not valid for"),
        ("server.pem", "127.0.0.1", "expired.pem", "invalid peer certificate"),
        ("expired.pem", "127.0.0.1", "root.pem", "expired"),
        (None, "127.0.0.1", "root.pem", "no TLS"),
    ],
    ids=["good", "of another name", "of nobody known", "expired", "none"],
)
def test_an_origin_has_to_prove_who_it_is(make_edge, certificate, host, roots, said):
    """Without a good certificate for the origin's name nothing is asked of it: 502, why in the log, and counted."""
    with secure_origin(certificate) as port:
        config = places({"secure": (host, port)}, OriginProtocolPolicy="https-only")
        edge = make_edge(port, config=config, environ={"SSL_CERT_FILE": str(CERTIFICATES / roots)}).start()
        reply = edge.fetch("/secure/x")
        if not said:
            assert (reply.status, reply.content, lines(edge, "secure")) == (200, b"ok\n", [])
            return
        assert (reply.status, reply.fields["x-edge-reason"]) == (502, "OriginConnectError")
        until(lambda: lines(edge, "secure"), edge)
        assert "no TLS: " in lines(edge, "secure")[0]
        assert said in lines(edge, "secure")[0]
        assert counted(edge, "failed_tls") == 1


def test_a_group_says_that_its_first_member_failed(make_edge, origin):
    """By its answer, and by taking no connection: the second one's answer is given, and the log has a line."""
    origin.answer = lambda asked: response(b"first\n", "503 Service Unavailable")
    gone = free_port()
    with secure_origin(None) as second:
        hosts = {"first": ("127.0.0.1", origin.port), "gone": ("127.0.0.1", gone), "second": ("127.0.0.1", second)}
        config = places(hosts)
        groups = [
            {
                "Id": f"from-{first}",
                "FailoverCriteria": {"StatusCodes": {"Items": [503], "Quantity": 1}},
                "Members": {"Items": [{"OriginId": first}, {"OriginId": "second"}], "Quantity": 2},
            }
            for first in ("first", "gone")
        ]
        config["OriginGroups"] = {"Items": groups, "Quantity": 2}
        for behaviour in config["CacheBehaviors"][:2]:
            behaviour["TargetOriginId"] = f"from-{behaviour['TargetOriginId']}"
        edge = make_edge(origin.port, config=config).start()
        for path in ("/first/x", "/gone/x"):
            reply = edge.fetch(path)
            assert (reply.status, reply.content) == (200, b"ok\n"), path
        until(lambda: lines(edge, "first") and lines(edge, "gone"), edge)
        assert lines(edge, "first")[0].endswith("answered 503: group from-first asks its next member")
        assert "no connection" in lines(edge, "gone")[0]
        assert counted(edge, "failovers") == 2
