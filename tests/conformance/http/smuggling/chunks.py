"""Chunked content (RFC 9112 section 7.1): sizes, extensions, ends of lines, trailers."""

from __future__ import annotations

from collections.abc import Iterator

from .vector import EITHER, HIDDEN, REFUSED, SERVED, Vector, refused, request

CHUNKED = b"Transfer-Encoding: chunked"
END = b"0\r\n\r\n"

SIZES = {
    b"5": SERVED,
    b"05": SERVED,
    b"00000005": SERVED,
    b"5;a": SERVED,
    b"5;a=b": SERVED,
    b'5;a="b c"': SERVED,
    b"5;a;b=c": SERVED,
    b'5;a="b;c"': SERVED,
    b"5 ;a": EITHER,
    b"5; a": EITHER,
    b"5 ": EITHER,
    b"5\t": EITHER,
    b"5;": EITHER,
    b"5;;": EITHER,
    b"000000000000000000000005": EITHER,
    b" 5": REFUSED,
    b"\t5": REFUSED,
    b"+5": REFUSED,
    b"-5": REFUSED,
    b"0x5": REFUSED,
    b"5h": REFUSED,
    b"g": REFUSED,
    b"": REFUSED,
    b";a": REFUSED,
    b"5_0": REFUSED,
    b"5,": REFUSED,
    b"5.": REFUSED,
    b"5 5": REFUSED,
    b"5\x00": REFUSED,
    b"\x005": REFUSED,
    b"5\x0b": REFUSED,
    b"5\xa0": REFUSED,
    b"5;a\x00b": REFUSED,
    b"5;a\nb": REFUSED,
    b"5;a\rb": REFUSED,
    b"5;\n": REFUSED,
    b"5;\r": REFUSED,
    b"5\r": REFUSED,
    b"5\n": REFUSED,
    b"5;a\x7f": REFUSED,
    b"5;a\x01": REFUSED,
    b"FFFFFFFFFFFFFFFF": REFUSED,
    b"10000000000000005": REFUSED,
    b"ffffffff00000005": REFUSED,
    b"8000000000000005": REFUSED,
    b"\xef\xbc\x95": REFUSED,
    b'5;a="b\r\nc"': REFUSED,
}
"""The size line of a chunk `hello`."""

ENDS = {
    b"hello\r\n": SERVED,
    b"hello\n": REFUSED,
    b"hello\r": REFUSED,
    b"hello": REFUSED,
    b"hello\r\r\n": REFUSED,
    b"hello \r\n": REFUSED,
    b"hello\n\r\n": REFUSED,
    b"helloX\r\n": REFUSED,
    b"hello\x00\r\n": REFUSED,
    b"hello\n\r": REFUSED,
    b"hell\r\n": REFUSED,
}
"""What follows the size line `5`."""

LASTS = {
    b"0\r\n\r\n": SERVED,
    b"000\r\n\r\n": SERVED,
    b"0;a=b\r\n\r\n": SERVED,
    b"0\n\n": REFUSED,
    b"0\r\n\n": REFUSED,
    b"0\n\r\n": REFUSED,
    b"0\r\r\n\r\n": REFUSED,
    b"-0\r\n\r\n": REFUSED,
    b"+0\r\n\r\n": REFUSED,
    b"0x0\r\n\r\n": REFUSED,
    b"0\x00\r\n\r\n": REFUSED,
    b"\r\n\r\n": REFUSED,
    b"0\r\n\r\r\n": REFUSED,
    b"0;\n\r\n": REFUSED,
    b"0 0\r\n\r\n": REFUSED,
    b"G\r\n\r\n": REFUSED,
}
"""The last chunk and the end."""

TRAILERS = {
    b"X: y": SERVED,
    b"X: y\r\nZ: w": SERVED,
    b"X:": SERVED,
    b"Content-Length: 5": EITHER,
    b"Transfer-Encoding: chunked": EITHER,
    b"Host: evil.test": EITHER,
    b"Content-Type: a/b": EITHER,
    b"Connection: close": EITHER,
    b"Authorization: a": EITHER,
    b"X-Forwarded-For: 1.2.3.4": EITHER,
    b"Trailer: X": EITHER,
    b"X : y": REFUSED,
    b" X: y": REFUSED,
    b"X: y\r\n z": REFUSED,
    b"X": REFUSED,
    b": y": REFUSED,
    b"X: y\nZ: w": REFUSED,
    b"X: y\rZ: w": REFUSED,
    b"X: y\x00": REFUSED,
    b"X\x00: y": REFUSED,
    b"GET /hidden HTTP/1.1": REFUSED,
    b"X(: y": REFUSED,
}
"""Between the last chunk and the end."""


def vectors() -> Iterator[Vector]:
    for size, verdict in SIZES.items():
        yield chunked(f"size {size!r}", size + b"\r\nhello\r\n" + END, verdict)
    for data, verdict in ENDS.items():
        yield chunked(f"data {data!r}", b"5\r\n" + data + END, verdict)
    for last, verdict in LASTS.items():
        yield chunked(f"last {last!r}", b"5\r\nhello\r\n" + last, verdict)
    for trailer, verdict in TRAILERS.items():
        yield chunked(f"trailer {trailer!r}", b"5\r\nhello\r\n0\r\n" + trailer + b"\r\n\r\n", verdict)
    yield refused(
        "trailers beyond every limit", request(CHUNKED, content=b"0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n"), 413, 431
    )
    yield refused(
        "an extension beyond every limit",
        request(CHUNKED, content=b"1;" + b"a" * 200_000 + b"\r\nx\r\n" + END),
        413,
        431,
    )
    hidden = b"5;\n%s\r\n" % HIDDEN
    yield refused("a line feed ends an extension for some", request(CHUNKED, content=hidden + END))


def chunked(name: str, content: bytes, verdict: str) -> Vector:
    targets = ("/v",) if verdict == SERVED else ()
    octets = request(CHUNKED, content=content)
    return Vector(f"chunked: {name}", octets, verdict, frozenset({400, 413}), targets)
