"""How origins read what is forwarded to them: one by the letter, others as careless servers were found to do.

What was forwarded is safe when all of them see the same requests in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

STRICT_END, ANY_END = rb"\r\n", rb"\r?\n"
BODILESS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Reading:
    """end: what ends a line. chunked: the line that says so. length: the line of a length; `last`: the last one counts.

    length_first: a length counts even beside Transfer-Encoding. bodiless: methods whose content is not looked for.
    """

    name: str
    end: bytes = STRICT_END
    chunked: bytes = rb"(?i)transfer-encoding:[ \t]*chunked[ \t]*"
    length: bytes = rb"(?i)content-length:[ \t]*(\d+)[ \t]*"
    last: bool = False
    length_first: bool = False
    bodiless: frozenset[str] = frozenset()


STRICT = Reading("by the letter")
CARELESS = (
    Reading("line feeds end lines", end=ANY_END),
    Reading("any coding with chunked in it", chunked=rb"(?i)transfer-encoding[ \t]*:.*chunked.*"),
    Reading("space before the colon", chunked=rb"(?i)\s*transfer-encoding\s*:\s*chunked\s*", end=ANY_END),
    Reading("length before coding", length_first=True),
    Reading("the last length", last=True, length=rb"(?i)content-length[ \t]*:[ \t]*\+?(\d+).*"),
    Reading("no content with GET", bodiless=BODILESS),
)


def requests(octets: bytes, reading: Reading) -> list[str]:
    """The targets that a reader sees; ends with `?` where it cannot go on, `…` where it waits for more."""
    found: list[str] = []
    while octets:
        parts = re.split(rb"(?:%s){2}" % reading.end, octets, maxsplit=1)
        if len(parts) < 2:
            return [*found, "…"]
        start, *lines = re.split(reading.end, parts[0])
        words = start.split(b" ")
        if len(words) != 3 or not re.fullmatch(rb"[!-~\x80-\xff]+", words[1]) or not words[2].startswith(b"HTTP/1."):
            return [*found, "?"]
        found.append(words[1].decode("latin-1"))
        rest = _after_content(words[0].decode("latin-1"), lines, parts[1], reading)
        if rest is None:
            return [*found, "…"]
        octets = rest
    return found


def _after_content(method: str, lines: list[bytes], rest: bytes, reading: Reading) -> bytes | None:
    if method in reading.bodiless:
        return rest
    lengths = [int(match[1]) for line in lines if (match := re.fullmatch(reading.length, line))]
    chunked = any(re.fullmatch(reading.chunked, line) for line in lines)
    if chunked and not (reading.length_first and lengths):
        return _after_chunks(rest, reading)
    length = (lengths[-1] if reading.last else lengths[0]) if lengths else 0
    return rest[length:] if len(rest) >= length else None


def _after_chunks(rest: bytes, reading: Reading) -> bytes | None:
    while match := re.match(rb"[ \t]*([0-9a-fA-F]+)[^\n]*?(?:%s)" % reading.end, rest):
        rest = rest[match.end() :]
        if not (size := int(match[1], 16)):
            trailers = re.match(rb"(?:[^\r\n]+(?:%s))*(?:%s)" % (reading.end, reading.end), rest)
            return rest[trailers.end() :] if trailers else None
        end = re.match(rb"(?:%s)?" % reading.end, rest[size:])
        rest = rest[size + (end.end() if end else 0) :]
    return None


def disagreements(octets: bytes) -> list[str]:
    """What careless readers see that is not there, or do not see."""
    strict = requests(octets, STRICT)
    seen = {reading.name: requests(octets, reading) for reading in CARELESS}
    found = [f"{name}: {targets}, and not {strict}" for name, targets in seen.items() if targets != strict]
    return found + (["what was forwarded is no whole request"] if {"?", "…"} & set(strict) else [])
