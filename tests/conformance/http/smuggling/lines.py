"""Lines: the request line, the host, names and values of fields, ends (RFC 9112 sections 2, 3 and 5)."""

from __future__ import annotations

from collections.abc import Iterator

from .vector import AFTER, EITHER, HIDDEN, HOST, REFUSED, SERVED, Vector, either, refused, request, served

STARTS = {
    b"GET /v HTTP/1.1": SERVED,
    b"\r\nGET /v HTTP/1.1": SERVED,
    b"GET  /v HTTP/1.1": REFUSED,
    b"GET /v  HTTP/1.1": REFUSED,
    b"GET\t/v HTTP/1.1": REFUSED,
    b"GET /v\tHTTP/1.1": REFUSED,
    b" GET /v HTTP/1.1": REFUSED,
    b"\tGET /v HTTP/1.1": REFUSED,
    b"\nGET /v HTTP/1.1": EITHER,
    b"GET /v HTTP/1.1 ": REFUSED,
    b"GET /v HTTP/1.1\t": REFUSED,
    b"GET /v HTTP/1.1\r": REFUSED,
    b"GET /v http/1.1": REFUSED,
    b"GET /v HTTP/1.1x": REFUSED,
    b"GET /v HTTP/1.10": REFUSED,
    b"GET /v HTTP/01.1": REFUSED,
    b"GET /v HTTP/1,1": REFUSED,
    b"GET /v HTTP/11": REFUSED,
    b"GET /v HTTP/": REFUSED,
    b"GET /v HTTP": REFUSED,
    b"GET /v": REFUSED,
    b"GET": REFUSED,
    b"GET /v HTTP/1.1 HTTP/1.1": REFUSED,
    b"GET /v w HTTP/1.1": REFUSED,
    b"GET /v\x00 HTTP/1.1": REFUSED,
    b"GET /v\rw HTTP/1.1": REFUSED,
    b"GET /v\nw HTTP/1.1": REFUSED,
    b"GET /v\x0bw HTTP/1.1": REFUSED,
    b"GET /v\x7f HTTP/1.1": REFUSED,
    b"GET /v\x01 HTTP/1.1": REFUSED,
    b"GET v HTTP/1.1": REFUSED,
    b"GET \\v HTTP/1.1": REFUSED,
    b"GET /v#x HTTP/1.1": REFUSED,
    b"GET ?v HTTP/1.1": REFUSED,
    b"GET * HTTP/1.1": REFUSED,
    b"GET  HTTP/1.1": REFUSED,
    b"G\x00ET /v HTTP/1.1": REFUSED,
    b"GE T /v HTTP/1.1": REFUSED,
    b"G(T /v HTTP/1.1": REFUSED,
    b'G"T /v HTTP/1.1': REFUSED,
    b"G\xc3\x8bT /v HTTP/1.1": REFUSED,
    b"/v HTTP/1.1": REFUSED,
    b"GET /v\xc3\xa9 HTTP/1.1": EITHER,
    b"GET //evil.test/v HTTP/1.1": EITHER,
    b"GET /v\\w HTTP/1.1": EITHER,
    b"GET /v|w HTTP/1.1": EITHER,
    b'GET /v"w HTTP/1.1': EITHER,
    b"GET /v%00 HTTP/1.1": EITHER,
    b"GET /v%0d%0aX:%20y HTTP/1.1": EITHER,
    b"GET /../v HTTP/1.1": EITHER,
    b"GET /a/%2e%2e/v HTTP/1.1": EITHER,
    b"GET /v%20HTTP/1.1%0d%0aHost:%20evil.test HTTP/1.1": EITHER,
}
VERSIONS = (
    b"HTTP/0.9",
    b"HTTP/1.2",
    b"HTTP/1.9",
    b"HTTP/2.0",
    b"HTTP/2",
    b"HTTP/3.0",
    b"HTTP/9.9",
    b"HTTQ/1.1",
    b"ICY/1.1",
    b"RTSP/1.0",
)

TARGETS = {
    b"http://edge.test/v": SERVED,
    b"HTTP://EDGE.TEST/v": EITHER,
    b"http://edge.test:80/v": EITHER,
    b"http://evil.test/v": REFUSED,
    b"http://edge.test.evil.test/v": REFUSED,
    b"http://user@edge.test/v": REFUSED,
    b"http://edge.test@evil.test/v": REFUSED,
    b"http://evil.test#@edge.test/v": REFUSED,
    b"http:///v": REFUSED,
    b"http:/v": REFUSED,
    b"http://": REFUSED,
    b"ftp://edge.test/v": REFUSED,
    b"file:///v": REFUSED,
    b"javascript:v": REFUSED,
    b"edge.test/v": REFUSED,
    b"edge.test:80": REFUSED,
    b"http://edge.test\\.evil.test/v": REFUSED,
    b"http://edge.test /v": REFUSED,
    b"http://[::1]/v": REFUSED,
    b"http://[edge.test/v": REFUSED,
    b"http://edge.test:x/v": REFUSED,
}
"""Absolute forms, with `Host: edge.test`."""

HOSTS = {
    b"Host: edge.test": SERVED,
    b"host:edge.test": SERVED,
    b"Host: EDGE.TEST": EITHER,
    b"Host: edge.test:80": EITHER,
    b"Host: edge.test.": EITHER,
}
NO_HOSTS = (
    b"",
    b"Host:",
    b"Host: ",
    b"Host: edge.test evil.test",
    b"Host: edge.test, evil.test",
    b"Host: edge.test/evil",
    b"Host: user@edge.test",
    b"Host: edge.test#x",
    b"Host: edge.test?x",
    b"Host: edge.test\x00",
    b"Host: \x00edge.test",
    b"Host: edge.test:x",
    b"Host: edge.test:-1",
    b"Host: edge.test:99999",
    b"Host: edge.test:80:80",
    b"Host: [::1",
    b"Host: ::1]",
    b"Host: edge.test\\x",
    b"Host: http://edge.test",
    b"Host: edge.test\r\nHost: evil.test",
    b"Host: edge.test\r\nHost: edge.test",
    b"Host: edge.test\r\nX: y\r\nhost: evil.test",
    b"Host : edge.test",
    b" Host: edge.test",
    b"Host\t: edge.test",
    b"Host: edge.test\r\n evil.test",
    b"Host: \r\n edge.test",
    b"Host: edge.test\nX: y",
    b"Host: ed\rge.test",
    b"Host: edge\xe3\x80\x82test",
    b"Host: edge.test\x0b",
    b"Host: <edge.test>",
    b'Host: "edge.test"',
    b"Host: edge.test;x",
    b"Ho st: edge.test",
    b"Host= edge.test",
    b"Host: %65dge.test@x",
)

NAMES = b'()<>@,;\\"/[]?={} \t\x00\x01\x0b\x0c\x1f\x7f\x80\xa0\xff'
VALUES = {
    b"X: \x00": REFUSED,
    b"X: a\x00b": REFUSED,
    b"X: a\rb": REFUSED,
    b"X: a\nb": REFUSED,
    b"X: a\n b": REFUSED,
    b"X: a\r\n b": REFUSED,
    b"X: a\r\n\tb": REFUSED,
    b"X: a\r\n ": REFUSED,
    b"X: a\r\n \r\nY: b": REFUSED,
    b"X: a\r": REFUSED,
    b"X: \ra": REFUSED,
    b"X: a\r\r\nY: b": REFUSED,
    b"X: a\x01b": REFUSED,
    b"X: a\x1fb": REFUSED,
    b"X: a\x7fb": REFUSED,
    b"X: a\x0bb": REFUSED,
    b"X: a\x08b": REFUSED,
    b"X": REFUSED,
    b"X a": REFUSED,
    b":": REFUSED,
    b": a": REFUSED,
    b"X: a\r\nno colon\r\nY: b": REFUSED,
    b"X: a\r\nGET /hidden HTTP/1.1": REFUSED,
    b"X: a\r\n\rGET /hidden HTTP/1.1": REFUSED,
    b"X:": SERVED,
    b"X: ": SERVED,
    b"X:a": SERVED,
    b"X:\ta\t": SERVED,
    b"X: a:b": SERVED,
    b"X: caf\xe9": EITHER,
    b"X: \xc3\xa9": EITHER,
    b"X!#$%&'*+-.^_`|~9: a": SERVED,
    b'X: "a\tb"': SERVED,
}


def vectors() -> Iterator[Vector]:
    for start, verdict in STARTS.items():
        targets = ("/v",) if verdict == SERVED else ()
        yield Vector(f"line {start!r}", request(start=start), verdict, frozenset({400, 405, 501, 505}), targets)
    for version in VERSIONS:
        expected = either if version in (b"HTTP/1.2", b"HTTP/1.9") else lambda name, octets: refused(name, octets, 505)
        yield expected(f"version {version!r}", request(start=b"GET /v " + version))
    for target, verdict in TARGETS.items():
        octets = request(start=b"GET " + target + b" HTTP/1.1")
        yield Vector(f"target {target!r}", octets, verdict, frozenset({400, 421}), ("/v",) if verdict == SERVED else ())
    for host, verdict in HOSTS.items():
        yield Vector(f"host {host!r}", request(start=b"GET /v HTTP/1.1", host=host), verdict, targets=("/v",))
    for host in NO_HOSTS:
        yield refused(f"host {host!r}", request(start=b"GET /v HTTP/1.1", host=host))
    for octet in NAMES:
        yield refused(f"name with {octet:#04x}", request(b"X%cY: a" % octet, start=b"GET /v HTTP/1.1"))
    for line, verdict in VALUES.items():
        targets = ("/v",) if verdict == SERVED else ()
        yield Vector(f"field {line!r}", request(line, start=b"GET /v HTTP/1.1"), verdict, targets=targets)
    yield from ends()
    yield from limits()


def ends() -> Iterator[Vector]:
    """Lines that end with less than CRLF, or more."""
    whole = request(b"X: a", start=b"GET /v HTTP/1.1")
    yield refused("line feeds alone", whole.replace(b"\r\n", b"\n"))
    yield refused("carriage returns alone", whole.replace(b"\r\n", b"\r") + AFTER)
    yield refused("line feed, carriage return", whole.replace(b"\r\n", b"\n\r"))
    for number, line in enumerate((b"GET /v HTTP/1.1", HOST, b"X: a")):
        yield refused(f"line feed alone after line {number}", whole.replace(line + b"\r\n", line + b"\n"))
        yield refused(f"two carriage returns after line {number}", whole.replace(line + b"\r\n", line + b"\r\r\n"))
    yield refused("the head ends with a line feed", whole[:-2] + b"\n")
    yield refused("a field begins the head", request(start=b"X: a\r\nGET /v HTTP/1.1"))
    yield refused("the first field is folded", request(host=b" X: a\r\n" + HOST, start=b"GET /v HTTP/1.1"))
    yield served("two in a row", whole + HIDDEN, "/v", "/hidden")
    yield served("three in a row", whole * 3, "/v", "/v", "/v")
    yield refused("one, then garbage", whole + b"garbage\r\n\r\n", 505, targets=("/v",))
    yield refused("one, then a NUL", whole + b"\x00", targets=("/v",))
    yield refused("TLS to a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n")
    yield refused("HTTP/2 to a plain port", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), 505)


def limits() -> Iterator[Vector]:
    """Larger than anyone may send (CloudFront: 20,480 octets of head, 8,192 of URL)."""
    yield refused("a URL beyond every limit", request(start=b"GET /" + b"v" * 70_000 + b" HTTP/1.1"), 414, 431)
    yield refused("a field beyond every limit", request(b"X: " + b"a" * 300_000, start=b"GET /v HTTP/1.1"), 431)
    yield refused("more fields than any limit", request(*[b"X: a"] * 20_000, start=b"GET /v HTTP/1.1"), 431)
    yield refused("a method beyond every limit", request(start=b"G" * 70_000 + b" /v HTTP/1.1"), 414, 431, 501)
