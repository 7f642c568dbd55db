"""YAML → tree, from the parser's events: nothing is made that the text does not spell out, and its cost is bounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from edgeplane.template import limits
from edgeplane.template.tree import Mapping, Node, Scalar, Sequence

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STANDARD = "tag:yaml.org,2002:"
_PLAIN_TAGS = {None, "!", *(_STANDARD + kind for kind in ("str", "int", "float", "bool", "null", "seq", "map"))}
_NULL = ("", "~", "null", "Null", "NULL")
SHORT_FORMS = {"!Ref": "Ref", "!GetAtt": "Fn::GetAtt", "!Sub": "Fn::Sub", "!Join": "Fn::Join"}


class SyntaxFault(ValueError):
    """The text is no template. line: from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(slots=True)
class _Open:
    """A list or map whose end is not read yet."""

    line: int
    tag: str | None
    anchor: str | None
    is_map: bool
    items: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class _Reader:
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int, int]] = field(default_factory=dict)
    aliases: int = 0
    expanded: int = 0
    root: Node | None = None

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        match event:
            case yaml.ScalarEvent():
                null = event.implicit[0] and event.value in _NULL
                self._add(_tagged(event.tag, Scalar(None if null else event.value, line)), event.anchor, 1, 0)
            case yaml.AliasEvent():
                self._alias(str(event.anchor), line)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._within_depth(1, line)
                is_map = isinstance(event, yaml.MappingStartEvent)
                self.stack.append(_Open(line, event.tag, event.anchor, is_map))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.DocumentStartEvent() if self.root is not None:
                raise SyntaxFault(line, "holds a second document; a template is one")

    def _alias(self, name: str, line: int) -> None:
        if name not in self.anchors:
            raise SyntaxFault(line, f"*{name} stands before or within &{name}")
        node, size, height = self.anchors[name]
        self.aliases += 1
        self.expanded += size
        if self.aliases > limits.ALIASES or self.expanded > limits.EXPANDED_NODES:
            raise SyntaxFault(
                line, f"uses more than {limits.ALIASES} aliases, or {limits.EXPANDED_NODES} values by them"
            )
        self._within_depth(height, line)
        self._add(node, None, size, height)

    def _within_depth(self, height: int, line: int) -> None:
        if len(self.stack) + height > limits.DEPTH:
            raise SyntaxFault(line, f"is nested deeper than {limits.DEPTH}")

    def _close(self) -> None:
        done = self.stack.pop()
        node = _mapping(done) if done.is_map else Sequence(tuple(done.items), done.line)
        self._add(_tagged(done.tag, node), done.anchor, done.size, done.height)

    def _add(self, node: Node, anchor: str | None, size: int, height: int) -> None:
        if anchor:
            self.anchors[anchor] = (node, size, height)
        if self.stack:
            self.stack[-1].items.append(node)
            self.stack[-1].size += size
            self.stack[-1].height = max(self.stack[-1].height, height + 1)
        else:
            self.root = node


def read_yaml(text: str) -> Node:
    """The tree of one YAML document. Raises SyntaxFault."""
    reader = _Reader()
    try:
        for event in yaml.parse(text, Loader=_Loader):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SyntaxFault(mark.line + 1 if mark else 1, f"is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise SyntaxFault(1, f"is not YAML: {' '.join(str(error).split())}") from None
    if reader.root is None:
        raise SyntaxFault(1, "is empty")
    return reader.root


def _mapping(done: _Open) -> Mapping:
    entries: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for key, value in zip(done.items[::2], done.items[1::2], strict=True):
        if not isinstance(key, Scalar) or key.text is None:
            raise SyntaxFault(key.line, "has a key that is not text")
        if key.text in entries:
            raise SyntaxFault(key.line, f"has {key.text!r} twice in one map; first at line {lines[key.text]}")
        entries[key.text], lines[key.text] = value, key.line
    return Mapping(entries, lines, done.line)


def _tagged(tag: str | None, node: Node) -> Node:
    """`!Ref Name` is `{Ref: Name}`."""
    if tag in _PLAIN_TAGS:
        return node
    name = SHORT_FORMS.get(tag or "")
    if name is None:
        short = (tag or "").replace(_STANDARD, "!!")
        raise SyntaxFault(node.line, f"uses {short}; supported are {', '.join(SHORT_FORMS)}")
    return Mapping({name: node}, {name: node.line}, node.line)
