"""Domain names as people and the Route 53 API write them → master-file form (RFC 1035, 5.1).

Lower case, with a dot at the end.
"""

from __future__ import annotations

import re
from itertools import chain

NAME_OCTETS = 255
LABEL_OCTETS = 63
_ESCAPE = re.compile(r"\\(?:([0-3][0-7]{2})|(\d{1,3})|(.?))", re.DOTALL)
_SIMPLE = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_*/+=:,&%!#~^'<>?|{}[]")


def canonical(text: str) -> str:
    r"""`WWW.Example.net` → `www.example.net.`. Octal escapes are the API's: `\052` is `*`.

    Raises ValueError with a sentence that says what is wrong.
    """
    if len(text) < NAME_OCTETS - 1 and _SIMPLE.fullmatch(text):
        return text.lower().removesuffix(".") + "."
    if not text.isascii():
        raise ValueError(f"{text!r} is not ASCII; write international names in their xn-- form")
    if text == ".":
        return "."
    labels = _labels(text)
    if sum(map(len, labels)) + len(labels) + 1 > NAME_OCTETS:
        raise ValueError(f"{text!r} is longer than {NAME_OCTETS} octets")
    return "".join(_written(label) + "." for label in labels)


def within(name: str, zone: str) -> bool:
    """Whether a canonical name is the zone's, or below it."""
    return zone == "." or name == zone or name.endswith("." + zone)


def master_file_escapes(value: str) -> str:
    r"""The API's octal escapes in a record's value (`\344`) as the decimal ones of master files (`\228`)."""
    return _ESCAPE.sub(_to_decimal, value)


def _to_decimal(found: re.Match[str]) -> str:
    octal, digits, other = found.groups()
    if octal:
        return f"\\{int(octal, 8):03}"
    if digits or not other:
        raise ValueError(f"{found[0]!r} is no escape; write an octet as three octal digits, \\000 to \\377")
    return found[0]


def _labels(text: str) -> list[bytes]:
    """The labels, leftmost first. A dot ends a label; `\\.` and `\\056` are octets of one."""
    labels: list[bytearray] = [bytearray()]
    for octet in chain.from_iterable(_tokens(text.removesuffix(".") if not text.endswith("\\.") else text)):
        if octet is None:
            labels.append(bytearray())
        else:
            labels[-1].append(octet)
    for label in labels:
        if not label:
            raise ValueError(f"{text!r} has an empty label")
        if len(label) > LABEL_OCTETS:
            raise ValueError(f"{text!r} has a label longer than {LABEL_OCTETS} octets")
    return [bytes(label).lower() for label in labels]


def _tokens(text: str) -> list[list[int | None]]:
    """Octets in order, with None for each dot between labels."""
    tokens: list[list[int | None]] = []
    at = 0
    for found in _ESCAPE.finditer(text):
        tokens.append([None if char == "." else ord(char) for char in text[at : found.start()]])
        octal, digits, other = found.groups()
        if digits or not (octal or other):
            raise ValueError(f"{found[0]!r} in {text!r} is no escape; write an octet as three octal digits")
        tokens.append([int(octal, 8) if octal else ord(other)])
        at = found.end()
    tokens.append([None if char == "." else ord(char) for char in text[at:]])
    return tokens


def _written(label: bytes) -> str:
    return "".join(map(_octet, label))


def _octet(octet: int) -> str:
    if octet in _PLAIN:
        return chr(octet)
    return f"\\{chr(octet)}" if 0x21 <= octet <= 0x7E else f"\\{octet:03}"
