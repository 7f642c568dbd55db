"""Where content ends: Content-Length, Transfer-Encoding, both, and odd spellings of either (RFC 9112 section 6)."""

from __future__ import annotations

from collections.abc import Iterator

from .vector import EITHER, HIDDEN, SERVED, Vector, either, refused, request, served

HELLO = b"5\r\nhello\r\n0\r\n\r\n"
ENDS_EARLY = b"0\r\n\r\n" + HIDDEN
"""By chunks it ends at once; by its length it holds the hidden request (CL.TE)."""
STARTS_LATE = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)
"""By chunks it holds the hidden request; by a length of 4 that begins with the second line (TE.CL)."""

CODINGS = {
    b"Transfer-Encoding: chunked": SERVED,
    b"Transfer-Encoding:chunked": SERVED,
    b"Transfer-Encoding:\tchunked": SERVED,
    b"Transfer-Encoding: chunked \t": SERVED,
    b"transfer-encoding: CHUNKED": SERVED,
    b"TRANSFER-ENCODING: Chunked": SERVED,
    b"Transfer-Encoding: xchunked": "unknown",
    b"Transfer-Encoding: chunkedx": "unknown",
    b"Transfer-Encoding: chunk": "unknown",
    b"Transfer-Encoding: cow": "unknown",
    b"Transfer-Encoding: identity": "unknown",
    b"Transfer-Encoding: identity, chunked": "unknown",
    b"Transfer-Encoding: chunked, identity": "unknown",
    b"Transfer-Encoding: chunked, chunked": "unknown",
    b"Transfer-Encoding: gzip, chunked": "unknown",
    b"Transfer-Encoding: chunked, gzip": "unknown",
    b"Transfer-Encoding: chunked,": EITHER,
    b"Transfer-Encoding: ,chunked": EITHER,
    b"Transfer-Encoding: chunked;q=1": "unknown",
    b"Transfer-Encoding: chunked; x": "unknown",
    b'Transfer-Encoding: "chunked"': "unknown",
    b"Transfer-Encoding: 'chunked'": "unknown",
    b"Transfer-Encoding: chunked chunked": "unknown",
    b"Transfer-Encoding: chunked\x0b": "unknown",
    b"Transfer-Encoding: \x0bchunked": "unknown",
    b"Transfer-Encoding: \x0cchunked": "unknown",
    b"Transfer-Encoding: chunked\x00": "unknown",
    b"Transfer-Encoding: \x00chunked": "unknown",
    b"Transfer-Encoding: chun\x00ked": "unknown",
    b"Transfer-Encoding: chunked\xa0": "unknown",
    b"Transfer-Encoding: \xef\xbb\xbfchunked": "unknown",
    b"Transfer-Encoding: chun\xc5\xbfed": "unknown",
    b"Transfer-Encoding:": "unknown",
    b"Transfer-Encoding: ": "unknown",
    b"Transfer-Encoding : chunked": "malformed",
    b"Transfer-Encoding\t: chunked": "malformed",
    b" Transfer-Encoding: chunked": "malformed",
    b"\tTransfer-Encoding: chunked": "malformed",
    b"\x0bTransfer-Encoding: chunked": "malformed",
    b"\x00Transfer-Encoding: chunked": "malformed",
    b"Transfer-Encoding\x00: chunked": "malformed",
    b"Transfer\x00-Encoding: chunked": "malformed",
    b"Transfer-Encoding\xa0: chunked": "malformed",
    b"Transfer-Enc\xc3\xb6ding: chunked": "malformed",
    b"Transfer Encoding: chunked": "malformed",
    b"Transfer-Encoding chunked": "malformed",
    b"Transfer-Encoding:\r\n chunked": "malformed",
    b"Transfer-Encoding:\r\n\tchunked": "malformed",
    b"Transfer-Encoding:\n chunked": "malformed",
    b"Transfer-Encoding: chunked\r\n x": "malformed",
    b"Transfer-Encoding: chunked\r": "malformed",
    b"Transfer-Encoding: \rchunked": "malformed",
    b"X: y\nTransfer-Encoding: chunked": "malformed",
    b"X: y\rTransfer-Encoding: chunked": "malformed",
    b"X: y\r\n\rTransfer-Encoding: chunked": "malformed",
    b"X: y\x00Transfer-Encoding: chunked": "malformed",
    b"X: y\n\rTransfer-Encoding: chunked": "malformed",
    b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked": "unknown",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x": "unknown",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked": "unknown",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity": "unknown",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked": "unknown",
    b"Transfer-Encoding: chunked\r\nTransfer-encoding: cow": "unknown",
}
"""Lines → what comes of them alone: served, or refused as unknown (400 or 501) or malformed (400)."""

NOT_THE_FIELD = (
    b"Transfer_Encoding: chunked",
    b"X-Transfer-Encoding: chunked",
    b"Transfer-Encoding-X: chunked",
    b"TE: chunked",
)
"""Fields of other names: the length counts."""

LENGTHS = {
    b"5": SERVED,
    b"5 \t": SERVED,
    b"\t5": SERVED,
    b"05": EITHER,
    b"0000000000000000000000005": EITHER,
    b"5, 5": EITHER,
    b"5,5": EITHER,
}
"""Values of a Content-Length of `hello` that mean 5, or might."""

NO_LENGTHS = (
    b"+5",
    b"-5",
    b"0x5",
    b"5,6",
    b"5, 0",
    b"0, 5",
    b"5,",
    b",5",
    b"5;",
    b"5 5",
    b"5 0",
    b"5.0",
    b"5e0",
    b"",
    b" ",
    b"five",
    b"5\x00",
    b"\x005",
    b"5\x0b",
    b"\x0b5",
    b"\x0c5",
    b"5\xa0",
    b"\xef\xbc\x95",
    b"\xd9\xa5",
    b"1_0",
    b"_5",
    b"-0",
    b"+0",
    b"0x0",
    b"NaN",
    b'"5"',
    b"'5'",
    b"5\r",
    b"\r5",
    b"5\r\n 6",
    b"5\r\n\t",
    b"5\n",
    b"\n 5",
    b"5#",
    b"(5)",
    b"5 bytes",
    b"18446744073709551615",
    b"18446744073709551616",
    b"18446744073709551621",
    b"99999999999999999999999999",
    b"9223372036854775808",
    b"4294967301x",
    b"5:5",
    b"5=5",
    b"%35",
    b"5\t5",
    b"0 5",
    b"000 5",
    b"5\r\nX",
)
TOO_LARGE = (b"18446744073709551615", b"9223372036854775808")

PAIRS = {
    (b"5", b"5"): EITHER,
    (b"5", b"6"): "refused",
    (b"6", b"5"): "refused",
    (b"5", b"0"): "refused",
    (b"0", b"5"): "refused",
    (b"5", b""): "refused",
    (b"", b"5"): "refused",
    (b"5", b"+5"): "refused",
    (b"05", b"5"): "refused",
    (b"5", b"x"): "refused",
}


def vectors() -> Iterator[Vector]:
    yield from codings()
    yield from lengths()
    yield from both()
    yield from empty()


def codings() -> Iterator[Vector]:
    """Transfer-Encoding alone, over content in chunks."""
    for line, verdict in CODINGS.items():
        octets = request(line, content=HELLO)
        if verdict in (SERVED, EITHER):
            yield Vector(f"coding alone: {line!r}", octets, verdict, targets=("/v",))
        else:
            yield refused(f"coding alone: {line!r}", octets, *([501] if verdict == "unknown" else []))


def both() -> Iterator[Vector]:
    """Transfer-Encoding and Content-Length: whoever believes the other one sees a hidden request."""
    for line in CODINGS:
        early, late = b"Content-Length: %d" % len(ENDS_EARLY), b"Content-Length: 4"
        yield refused(f"CL.TE: {line!r}", request(early, line, content=ENDS_EARLY), 501)
        yield refused(f"TE.CL: {line!r}", request(line, late, content=STARTS_LATE), 501)
    for line in NOT_THE_FIELD:
        octets = request(line, b"Content-Length: 5", content=b"hello")
        yield either(f"another field: {line!r}", octets) if b"_" in line else served(f"another field: {line!r}", octets)


def lengths() -> Iterator[Vector]:
    for value, verdict in LENGTHS.items():
        octets = request(b"Content-Length: " + value, content=b"hello")
        yield Vector(f"length: {value!r}", octets, verdict, targets=("/v",))
    for value in NO_LENGTHS:
        octets = request(b"Content-Length: " + value, content=b"hello")
        yield refused(f"length: {value!r}", octets, *([413] if value in TOO_LARGE else []))
    for name in (
        b"Content-Length ",
        b"Content-Length\t",
        b" Content-Length",
        b"Content-Length\x00",
        b"Content\x00-Length",
        b"Content Length",
    ):
        yield refused(f"length: {name!r}", request(name + b": 5", content=b"hello"))
    for (first, second), verdict in PAIRS.items():
        lines = [b"Content-Length: " + first, b"Content-Length: " + second]
        for order, octets in (
            ("", request(*lines, content=b"hello")),
            (" apart", request(lines[0], b"X: y", lines[1], content=b"hello")),
        ):
            yield Vector(f"two lengths: {first!r} {second!r}{order}", octets, verdict)
    for other in (b"Content_Length: 0", b"X-Content-Length: 0", b"Content-Lengt: 0", b"Content-Length-: 0"):
        octets = request(other, b"Content-Length: 5", content=b"hello")
        yield (
            either(f"another field: {other!r}", octets)
            if b"_" in other
            else served(f"another field: {other!r}", octets)
        )


def empty() -> Iterator[Vector]:
    """No content where some expect it, and content where some do not."""
    for method in (b"GET", b"HEAD", b"OPTIONS", b"DELETE"):
        start = method + b" /v HTTP/1.1"
        length = b"Content-Length: %d" % len(HIDDEN)
        yield either(f"CL.0: {method!r}", request(length, content=HIDDEN, start=start))
        yield either(f"TE.0: {method!r}", request(b"Transfer-Encoding: chunked", content=STARTS_LATE, start=start))
        yield served(f"no content: {method!r}", request(b"Content-Length: 0", start=start))
    for method in (b"POST", b"PUT", b"PATCH"):
        start = method + b" /v HTTP/1.1"
        yield served(f"no length: {method!r}", request(start=start))
        yield served(f"0.CL: {method!r}", request(b"Content-Length: 0", content=HIDDEN, start=start), "/v", "/hidden")
        yield served(f"content: {method!r}", request(b"Content-Length: %d" % len(HIDDEN), content=HIDDEN, start=start))
