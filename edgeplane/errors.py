"""What is wrong with something that a person wrote, and the exceptions that carry it.

Imports nothing but the standard library, so that every part, the Rust core included, can raise these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from heapq import nsmallest
from typing import Final

MOST_TOLD: Final = 100
"""Faults that are told at a time: as many as the core tells of a file."""

MESSAGE_LENGTH: Final = 600
"""Longest message of a fault, in characters: it may quote a text of any length."""

PLACE_LENGTH: Final = 8_192
"""Longest place of a fault, in characters: a path (PATH_MAX) and the way to a property."""

NAMES_LISTED: Final = 10
"""Known names that a fault lists."""

NAMES_COMPARED: Final = 1_000
"""Known names that a wrong one is compared with, those nearest in length. A comparison takes some 10 µs."""

NAME_COMPARED: Final = 64
"""Longest known name that is compared, in characters: what that costs grows with the square of it."""


@dataclass(frozen=True, order=True)
class Fault:
    """One fault: where it stands, and what would be right.

    place: a file, or a resource path such as `site.yaml: Resources.Www.Properties.TTL`.
    line: counted from 1; 0 where there is none. Of longer texts than PLACE_LENGTH and MESSAGE_LENGTH the middle is cut.
    """

    place: str
    line: int
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", _cut(self.place, PLACE_LENGTH))
        object.__setattr__(self, "message", _cut(self.message, MESSAGE_LENGTH))

    def __str__(self) -> str:
        """`file:line: message` on one line, with a resource path between the two where there is one."""
        file, separator, path = self.place.partition(": ")
        where = f"{file}:{self.line}" if self.line else file
        return visible(f"{where}{separator}{path}: {self.message}")

    def document(self) -> dict[str, str | int]:
        """The fault as it travels: {"place", "line", "message"}."""
        return {"place": self.place, "line": self.line, "message": self.message}

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Fault:
        """A fault as the core and the control socket report it."""
        line = document.get("line")
        return cls(str(document.get("place", "")), line if isinstance(line, int) else 0, str(document["message"]))


class EdgeplaneError(Exception):
    """Anything that edgeplane refuses with a reason. `exit_code` is what the command line ends with."""

    exit_code = 1


class FaultsError(EdgeplaneError):
    """Faults found in one pass, so that a person mends them in one go."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    @classmethod
    def one(cls, place: str, message: str, line: int = 0) -> FaultsError:
        """An error with a single fault."""
        return cls([Fault(place, line, message)])


class ConfigError(FaultsError):
    """Settings of the host are wrong: nothing can be served, whatever the content (exit code 2)."""

    exit_code = 2


class ContentError(FaultsError):
    """Templates, zone files or tables are wrong: the last good plan keeps serving, else exit code 1."""


def visible(text: str) -> str:
    """Text from elsewhere, as a terminal may show it: what it would obey instead of show is written `\\x1b`, `\\n`."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def told(faults: Sequence[Fault]) -> list[Fault]:
    """The first MOST_TOLD of them, and how many more there are."""
    more = len(faults) - MOST_TOLD
    if more <= 0:
        return list(faults)
    said = f"{more} more fault{'s' if more > 1 else ''}; mend these first"
    return [*faults[:MOST_TOLD], Fault("edgeplane", 0, said)]


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or some of the known names where none is near."""
    names = sorted(known)
    folded = {each.casefold(): each for each in names if len(each) <= NAME_COMPARED}
    compared = nsmallest(NAMES_COMPARED, folded, key=lambda each: abs(len(each) - len(name)))
    close = get_close_matches(name.casefold(), compared, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {folded[close[0]]}?"
    more = f" and {len(names) - NAMES_LISTED} more" if len(names) > NAMES_LISTED else ""
    return f"; known here: {', '.join(names[:NAMES_LISTED])}{more}" if names else ""


def _cut(text: str, length: int) -> str:
    """The text, without its middle where it is longer: what is wrong stands at the end."""
    if len(text) <= length:
        return text
    half = (length - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
