"""HTTP/2 requests that would be something else as HTTP/1.1 (RFC 9113 sections 8.1 to 8.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .exchange import Outcome
from .frames import RESET, Fields, exchange, message
from .vector import EITHER, HIDDEN, REFUSED, SERVED

BASE: Fields = ((b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"edge.test"), (b":path", b"/v"))
POST: Fields = ((b":method", b"POST"), *BASE[1:])
AFTER: Fields = (*BASE[:3], (b":path", b"/after"))
SPLIT = b" HTTP/1.1\r\nHost: edge.test\r\n\r\nGET /hidden"

NAMES = (
    b"transfer-encoding",
    b"Transfer-Encoding",
    b"X-Upper",
    b"x y",
    b"x:y",
    b"x\x00",
    b"x\r",
    b"x\n",
    b"x\r\ny: z",
    b"",
    b" x",
    b"x ",
    b"\tx",
    b"x\x7f",
    b"x\x80",
    b"x(",
    b"x/",
    b"transfer-encoding:",
    b"x: y\r\nhost",
    b"x\xff",
)
VALUES = (
    b"a\r\nx: y",
    b"a\nx: y",
    b"a\rx: y",
    b"a\x00b",
    b"\r\n",
    b"\n",
    b"a\r\n\r\nGET /hidden HTTP/1.1\r\nHost: edge.test",
    b"\x00",
    b"a\r",
    b"a\n",
)
SPACED = (b" a", b"a ", b"\ta")
CONNECTION: Fields = (
    (b"connection", b"close"),
    (b"connection", b"transfer-encoding"),
    (b"keep-alive", b"1"),
    (b"proxy-connection", b"close"),
    (b"upgrade", b"h2c"),
    (b"transfer-encoding", b"chunked"),
    (b"transfer-encoding", b"identity"),
    (b"transfer-encoding", b"trailers"),
    (b"te", b"gzip"),
    (b"te", b"trailers, chunked"),
    (b"http2-settings", b"a"),
)
PATHS = {
    b"/v" + SPLIT: REFUSED,
    b"/v\r\nX: y": REFUSED,
    b"/v\n": REFUSED,
    b"/v\r": REFUSED,
    b"/v\x00": REFUSED,
    b"/v w": REFUSED,
    b"/v\tw": REFUSED,
    b"/v HTTP/1.1": REFUSED,
    b"": REFUSED,
    b"v": REFUSED,
    b"*": REFUSED,
    b"?v": REFUSED,
    b"http://evil.test/v": REFUSED,
    b"\\v": REFUSED,
    b"/v#x": REFUSED,
    b"/v\x7f": REFUSED,
    b" /v": REFUSED,
    b"/v ": REFUSED,
    b"//evil.test/v": EITHER,
    b"/v\xc3\xa9": EITHER,
    b"/v%0d%0a": EITHER,
}
METHODS = (
    b"",
    b"GET ",
    b" GET",
    b"G ET",
    b"GET /hidden HTTP/1.1\r\nX:",
    b"GET\r\n",
    b"GET\x00",
    b"get",
    b"CONNECT",
    b"TRACE",
    b"BREW",
    b"G(T",
)
AUTHORITIES = (
    b"",
    b"edge.test evil.test",
    b"edge.test\r\nX: y",
    b"edge.test\x00",
    b"user@edge.test",
    b"edge.test/evil",
    b"edge.test#",
    b"edge.test?",
    b"edge.test:x",
    b"edge.test\\x",
    b"[::1",
    b"edge.test, evil.test",
    b"http://edge.test",
)
SCHEMES = (b"", b"ftp", b"https://evil.test", b"http\r\nX: y", b"https ", b"javascript")


@dataclass(frozen=True)
class Stream:
    """A request on stream 1; a GET of /after follows on stream 3.

    REFUSED: stream 1 is reset, answered with 4xx or 501, or ends the connection, and nothing of it is forwarded.
    """

    name: str
    octets: bytes
    verdict: str = REFUSED

    def send(self, port: int) -> Outcome:
        seen = exchange(port, self.octets + message(3, AFTER), {1, 3})
        answered = [seen.statuses.get(stream, RESET if seen.gone else -1) for stream in (1, 3)]
        return Outcome(answered, closed=True)

    def faults(self, forwarded: list[str], statuses: list[int], closed: bool) -> list[str]:
        """What is wrong with what came of it."""
        own = [target for target in forwarded if target != "/after"]
        found = ["the hidden request was forwarded"] if "/hidden" in own or len(own) > 1 else []
        if self.verdict == REFUSED and (own or not _refuses(statuses[0])):
            found.append(f"forwarded {own}, answered {statuses[0]}")
        if self.verdict == SERVED and (len(own) != 1 or statuses != [200, 200]):
            found.append(f"forwarded {own}, answered {statuses}")
        return found


def _refuses(status: int) -> bool:
    return status == RESET or 400 <= status < 500 or status == 501


def vectors() -> Iterator[Stream]:
    yield Stream("h2: a request", message(1, BASE), SERVED)
    yield Stream("h2: with content", message(1, (*POST, (b"content-length", b"5")), b"hello"), SERVED)
    yield Stream("h2: content without length", message(1, POST, b"hello"), SERVED)
    yield Stream("h2: trailers", message(1, POST, b"hello", ((b"x", b"y"),)), SERVED)
    yield Stream("h2: te: trailers", message(1, (*BASE, (b"te", b"trailers"))), SERVED)
    yield Stream("h2: host beside authority", message(1, (*BASE, (b"host", b"edge.test"))), SERVED)
    yield from fields()
    yield from pseudo()
    yield from content()


def fields() -> Iterator[Stream]:
    for name in NAMES:
        yield Stream(f"h2: name {name!r}", message(1, (*BASE, (name, b"a"))))
    for value in VALUES:
        yield Stream(f"h2: value {value!r}", message(1, (*BASE, (b"x", value))))
        yield Stream(f"h2: cookie {value!r}", message(1, (*BASE, (b"cookie", value))))
    for value in SPACED:
        yield Stream(f"h2: value {value!r}", message(1, (*BASE, (b"x", value))), EITHER)
    for name, value in CONNECTION:
        verdict = EITHER if name == b"http2-settings" else REFUSED
        yield Stream(f"h2: {name!r}: {value!r}", message(1, (*BASE, (name, value))), verdict)
        if name == b"transfer-encoding":
            yield Stream(f"H2.TE: {value!r}", message(1, (*POST, (name, value)), b"0\r\n\r\n" + HIDDEN))
    for host in (b"evil.test", b"edge.test, evil.test", b"", b"edge.test\r\nX: y"):
        yield Stream(f"h2: host {host!r}", message(1, (*BASE, (b"host", host))))
    yield Stream("h2: two hosts", message(1, (*BASE, (b"host", b"edge.test"), (b"host", b"evil.test"))))


def pseudo() -> Iterator[Stream]:
    for index, (name, _) in enumerate(BASE):
        without, twice = BASE[:index] + BASE[index + 1 :], (*BASE, BASE[index])
        yield Stream(f"h2: without {name!r}", message(1, without))
        yield Stream(f"h2: two of {name!r}", message(1, twice))
        yield Stream(f"h2: {name!r} after a field", message(1, (*without, (b"x", b"y"), BASE[index])))
        yield Stream(f"h2: {name!r} in trailers", message(1, POST, b"a", (BASE[index],)))
    values = [(b":method", METHODS), (b":authority", AUTHORITIES), (b":scheme", SCHEMES)]
    for name, wrong in values:
        for value in wrong:
            yield Stream(f"h2: {name!r} {value!r}", message(1, replaced(name, value)))
    for path, verdict in PATHS.items():
        yield Stream(f"h2: path {path[:60]!r}", message(1, replaced(b":path", path)), verdict)
    for name in (b":status", b":host", b":", b":x", b":Method", b":protocol"):
        yield Stream(f"h2: pseudo-header field {name!r}", message(1, (*BASE[:3], (name, b"200"), BASE[3])))


def replaced(name: bytes, value: bytes) -> Fields:
    return tuple((each, value if each == name else given) for each, given in BASE)


def content() -> Iterator[Stream]:
    """Content-Length that is not the content's (H2.CL)."""
    for length, sent in (
        (b"0", HIDDEN),
        (b"1", HIDDEN),
        (b"4", b"hello"),
        (b"6", b"hello"),
        (b"99999", b"hello"),
        (b"5", b""),
    ):
        yield Stream(f"H2.CL: {length!r} of {len(sent)}", message(1, (*POST, (b"content-length", length)), sent))
    for value in (b"+5", b"5,5", b"5, 6", b"-5", b"5 ", b"0x5", b"", b"5\r\nX: y", b"five", b"18446744073709551621"):
        verdict = EITHER if value in (b"5,5",) else REFUSED
        yield Stream(f"h2: length {value!r}", message(1, (*POST, (b"content-length", value)), b"hello"), verdict)
    for other in (b"6", b"0"):
        two = (*POST, (b"content-length", b"5"), (b"content-length", other))
        yield Stream(f"h2: two lengths, 5 and {other!r}", message(1, two, b"hello"))
    for name in (b"content-length", b"transfer-encoding", b"host", b"connection"):
        trailers = ((name, b"5"),)
        verdict = REFUSED if name in (b"transfer-encoding", b"connection") else EITHER
        yield Stream(f"h2: {name!r} in trailers", message(1, POST, b"hello", trailers), verdict)
    yield Stream("h2: CR LF in trailers", message(1, POST, b"hello", ((b"x", b"y\r\nz: w"),)))
    for method in (b"GET", b"HEAD"):
        yield Stream(f"h2: {method!r} with content", message(1, replaced(b":method", method), HIDDEN), EITHER)
