"""What a request asks of the connection: Expect, Upgrade, Connection, CONNECT, HTTP/1.0."""

from __future__ import annotations

from collections.abc import Iterator

from .vector import HIDDEN, Vector, either, refused, request, served

CONTINUE = b"Expect: 100-continue"
HELLO = (b"Content-Length: 5", b"hello")

HOP_BY_HOP = (
    b"Content-Length",
    b"Transfer-Encoding",
    b"Host",
    b"X-Forwarded-For",
    b"Via",
    b"close, Content-Length",
    b"keep-alive, Host",
    b"Connection",
    b"Cookie",
    b"Authorization",
    b"X-Amz-Cf-Id",
    b"Content-Type",
    b"x" * 2000,
)

EXPECTATIONS = (
    b"Expect: x",
    b"Expect: 100-continue, x",
    b"Expect: x, 100-continue",
    b"Expect: 100-continue;x",
    b"Expect: 200-ok",
    b"Expect:",
    b"Expect: 100-continue\r\nExpect: 100-continue",
    b"Expect: 100-continue\r\nExpect: x",
    b"expect: 100-CONTINUE",
    b"Expect: 100 continue",
)
MALFORMED = (
    b"Expect : 100-continue",
    b"Expect:\r\n 100-continue",
    b"Expect: 100-continue\r\n x",
    b"Expect: 100-continue\x00",
    b"\tExpect: 100-continue",
)

UPGRADES = (
    (b"Connection: Upgrade", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"),
    (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"),
    (
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ),
    (b"Connection: Upgrade", b"Upgrade: websocket"),
    (b"Connection: Upgrade", b"Upgrade: x"),
    (b"Connection: Upgrade", b"Upgrade: websocket, x"),
    (b"Upgrade: websocket",),
    (b"Connection: Upgrade",),
)


def vectors() -> Iterator[Vector]:
    yield from expectations()
    for lines in UPGRADES:
        # The origin answers 200: what follows is a request of ours, and not to be handed on as it stands.
        yield either(f"upgrade {lines!r}", request(*lines, start=b"GET /v HTTP/1.1"))
        yield either(
            f"upgrade with content {lines!r}", request(*lines, b"Content-Length: %d" % len(HIDDEN), content=HIDDEN)
        )
    for name in HOP_BY_HOP:
        yield either(f"connection {name[:40]!r}", request(b"Connection: " + name, HELLO[0], content=HELLO[1]))
        yield either(
            f"connection {name[:40]!r}, chunked",
            request(b"Connection: " + name, b"Transfer-Encoding: chunked", content=b"5\r\nhello\r\n0\r\n\r\n"),
        )
    for method in (b"CONNECT", b"TRACE", b"PRI", b"BREW", b"get", b"PROPFIND", b"PURGE", b"GETT"):
        target = b"edge.test:80" if method == b"CONNECT" else b"/v"
        yield refused(f"method {method!r}", request(start=method + b" " + target + b" HTTP/1.1"), 403, 405, 501)
    yield refused("CONNECT with a path", request(start=b"CONNECT /v HTTP/1.1"), 403, 405, 501)
    yield either("OPTIONS *", request(start=b"OPTIONS * HTTP/1.1"))
    for field in (
        b"X-HTTP-Method-Override: DELETE",
        b"X-Original-URL: /hidden",
        b"X-Rewrite-URL: /hidden",
        b"X-Forwarded-Host: evil.test",
    ):
        yield served(f"no more than a field: {field!r}", request(field, start=b"GET /v HTTP/1.1"))
    yield from old()


def expectations() -> Iterator[Vector]:
    yield served("expect, content at once", request(CONTINUE, HELLO[0], content=HELLO[1]))
    yield served(
        "expect, chunked", request(CONTINUE, b"Transfer-Encoding: chunked", content=b"5\r\nhello\r\n0\r\n\r\n")
    )
    yield either("expect without content", request(CONTINUE, start=b"GET /v HTTP/1.1"))
    yield either("expect, length 0", request(CONTINUE, b"Content-Length: 0", content=HIDDEN[:0]))
    yield either(
        "expect, GET with content",
        request(CONTINUE, b"Content-Length: %d" % len(HIDDEN), content=HIDDEN, start=b"GET /v HTTP/1.1"),
    )
    for line in EXPECTATIONS:
        yield either(f"expectation {line!r}", request(line, HELLO[0], content=HELLO[1]))
    for line in MALFORMED:
        yield refused(f"expectation {line!r}", request(line, HELLO[0], content=HELLO[1]))


def old() -> Iterator[Vector]:
    """HTTP/1.0: no chunks, no persistence unless it is asked for."""
    start, get = b"POST /v HTTP/1.0", b"GET /v HTTP/1.0"
    yield refused(
        "1.0 with chunks", request(b"Transfer-Encoding: chunked", content=b"5\r\nhello\r\n0\r\n\r\n", start=start), 501
    )
    early = b"0\r\n\r\n" + HIDDEN
    yield refused(
        "1.0, CL.TE",
        request(b"Content-Length: %d" % len(early), b"Transfer-Encoding: chunked", content=early, start=start),
        501,
    )
    yield either("1.0 with content", request(*HELLO[:1], content=HELLO[1], start=start))
    yield either("1.0, kept alive", request(b"Connection: keep-alive", start=get))
    yield either("1.0 without host", request(start=get, host=b""))
    yield either("1.0, content without length", request(content=HIDDEN[:0], start=start))
    yield either("1.0, expect", request(CONTINUE, *HELLO[:1], content=HELLO[1], start=start))
    yield either("1.0, upgrade", request(b"Connection: Upgrade", b"Upgrade: websocket", start=get))
