"""How much the functions of one template may take and give: a text of kilobytes can stand for gigabytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from edgeplane.template import limits
from edgeplane.template.tree import Mapping, Node, Scalar, Sequence


class TooMuch(ValueError):
    """A text that is too long, or one more than a template may ask for."""


@dataclass
class Allowance:
    """left: characters and values."""

    left: int = field(default_factory=lambda: limits.GIVEN)

    def take(self, node: Node) -> Node:
        """The node, counted. Raises TooMuch; what is too much once stays so."""
        for size in _sizes(node):
            self.left -= size
            if self.left < 0:
                raise TooMuch(f"the functions of this file give more than {limits.GIVEN} characters; split it")
        return node


def joined(pieces: Iterator[str], function: str) -> str:
    """The pieces as one text. Raises TooMuch before it is made."""
    made: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > limits.TEXT:
            raise TooMuch(f"{function} gives more than {limits.TEXT} characters")
        made.append(piece)
    return "".join(made)


def _sizes(node: Node) -> Iterator[int]:
    match node:
        case Scalar(text):
            yield 1 + len(text or "")
        case Sequence(items):
            yield 1
            for item in items:
                yield from _sizes(item)
        case Mapping(entries):
            yield 1
            for item in entries.values():
                yield from _sizes(item)
