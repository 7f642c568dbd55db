"""JSON → tree. The standard library judges the syntax; then a walk over the tokens keeps the lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from edgeplane.template import limits
from edgeplane.template.from_yaml import SyntaxFault
from edgeplane.template.tree import Mapping, Node, Scalar, Sequence

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{},:]|[^\s\[\]{},:"]+')
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def read_json(text: str) -> Node:
    """The tree of one JSON document. Raises SyntaxFault."""
    _judge(text)
    tokens = list(_tokens(text))
    _within_depth(tokens)
    return _value(iter(tokens))


def _judge(text: str) -> None:
    """Before any token is looked for: after a text that does not end, each quote would be looked at to the end."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise SyntaxFault(error.lineno, f"is not JSON: {error.msg}") from None
    except ValueError as error:
        raise SyntaxFault(1, f"is not JSON: {error}") from None
    except RecursionError:
        raise SyntaxFault(1, f"is nested deeper than {limits.DEPTH}") from None


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line, at = 1, 0
    for found in _TOKEN.finditer(text):
        line += text.count("\n", at, found.start())
        at = found.start()
        yield found[0], line


def _within_depth(tokens: list[tuple[str, int]]) -> None:
    depth = 0
    for word, line in tokens:
        depth += (word in "[{") - (word in "]}")
        if depth > limits.DEPTH:
            raise SyntaxFault(line, f"is nested deeper than {limits.DEPTH}")


def _value(tokens: Iterator[tuple[str, int]]) -> Node:
    """The value that the next tokens spell; their syntax is known to be right."""
    return _after(*next(tokens), tokens)


def _after(word: str, line: int, tokens: Iterator[tuple[str, int]]) -> Node:
    if word == "[":
        return Sequence(tuple(_items(tokens)), line)
    if word == "{":
        return _mapping(line, tokens)
    if word.startswith('"'):
        return Scalar(_text(word, line), line)
    return Scalar(None if word == "null" else word, line)


def _items(tokens: Iterator[tuple[str, int]]) -> Iterator[Node]:
    for word, line in tokens:
        if word == "]":
            return
        if word != ",":
            yield _after(word, line, tokens)


def _mapping(start: int, tokens: Iterator[tuple[str, int]]) -> Mapping:
    entries: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for word, line in tokens:
        if word == "}":
            break
        if word == ",":
            continue
        key = _text(word, line)
        if key in entries:
            raise SyntaxFault(line, f"has {key!r} twice in one map; first at line {lines[key]}")
        next(tokens)
        entries[key], lines[key] = _value(tokens), line
    return Mapping(entries, lines, start)


def _text(word: str, line: int) -> str:
    text: str = json.loads(word)
    if _SURROGATE.search(text):
        raise SyntaxFault(line, "has half a surrogate pair in a text")
    return text
