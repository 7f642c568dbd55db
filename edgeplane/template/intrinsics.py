"""`Ref`, `Fn::GetAtt`, `Fn::Sub` and `Fn::Join`: a tree with them → a tree of values.

One walk serves two ends: with a scope that looks names up it resolves, with one that notes them it finds dependencies.
"""

from __future__ import annotations

import re
from typing import Protocol

from edgeplane.template.tree import Mapping, Node, Scalar, Sequence

SUPPORTED = ("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join")
_VARIABLE = re.compile(r"\$\{(!?)([^${}]*)\}")


class Scope(Protocol):
    """Where names lead. Both raise LookupError with a sentence."""

    def ref(self, name: str, line: int) -> Node:
        """The value of a parameter, or the id of a resource."""

    def attribute(self, name: str, attribute: str, line: int) -> Node:
        """An attribute of a resource."""


class IntrinsicFault(ValueError):
    """A function that cannot be resolved. path: down to it."""

    def __init__(self, path: tuple[str | int, ...], line: int, message: str) -> None:
        super().__init__(message)
        self.path, self.line = path, line


def resolve(node: Node, scope: Scope, path: tuple[str | int, ...] = ()) -> Node:
    """The tree without functions. Raises IntrinsicFault."""
    match node:
        case Scalar(None, line):
            raise IntrinsicFault(path, line, "is empty; give a value or leave the key out")
        case Scalar():
            return node
        case Sequence(items, line):
            return Sequence(tuple(resolve(item, scope, (*path, n)) for n, item in enumerate(items)), line)
        case Mapping(entries, lines, line):
            function = _function(node, path)
            if function is None:
                return Mapping({key: resolve(item, scope, (*path, key)) for key, item in entries.items()}, lines, line)
            try:
                return _call(function, resolve_arguments(function, entries[function], scope, path), line, scope)
            except (LookupError, TypeError) as error:
                raise IntrinsicFault(path, line, str(error.args[0])) from None


def resolve_arguments(function: str, argument: Node, scope: Scope, path: tuple[str | int, ...]) -> Node:
    """Functions may stand within the arguments of Sub and Join, not of Ref and GetAtt."""
    return resolve(argument, scope, (*path, function)) if function in ("Fn::Sub", "Fn::Join") else argument


def _function(node: Mapping, path: tuple[str | int, ...]) -> str | None:
    for key in node.entries:
        if key in SUPPORTED and len(node.entries) == 1:
            return key
        if key.startswith("Fn::") or key in ("Ref", "Condition"):
            only = "stands beside other keys" if key in SUPPORTED else "is not supported"
            raise IntrinsicFault(path, node.lines[key], f"{key} {only}; supported are {', '.join(SUPPORTED)}")
    return None


def _call(function: str, argument: Node, line: int, scope: Scope) -> Node:
    match function:
        case "Ref":
            return scope.ref(_text(argument, "Ref takes the name of a parameter or resource"), line)
        case "Fn::GetAtt":
            return scope.attribute(*_attribute(argument), line)
        case "Fn::Sub":
            return _sub(argument, line, scope)
        case _:
            return _join(argument, line)


def _attribute(argument: Node) -> tuple[str, str]:
    wanted = "Fn::GetAtt takes [resource, attribute] or resource.attribute"
    if isinstance(argument, Sequence) and len(argument.items) == 2:
        return _text(argument.items[0], wanted), _text(argument.items[1], wanted)
    name, dot, attribute = _text(argument, wanted).partition(".")
    if not dot:
        raise TypeError(wanted)
    return name, attribute


def _sub(argument: Node, line: int, scope: Scope) -> Node:
    wanted = "Fn::Sub takes a text, or [text, {name: value}]"
    variables: dict[str, Node] = {}
    if isinstance(argument, Sequence):
        if len(argument.items) != 2 or not isinstance(argument.items[1], Mapping):
            raise TypeError(wanted)
        variables, argument = argument.items[1].entries, argument.items[0]

    def value(found: re.Match[str]) -> str:
        literal, name = found.groups()
        if literal:
            return f"${{{name}}}"
        if name in variables:
            return _text(variables[name], f"${{{name}}} is not one text")
        resource, dot, attribute = name.partition(".")
        node = scope.attribute(resource, attribute, line) if dot else scope.ref(name, line)
        return _text(node, f"${{{name}}} is a list; use Fn::Join")

    return Scalar(_VARIABLE.sub(value, _text(argument, wanted)), line)


def _join(argument: Node, line: int) -> Node:
    wanted = "Fn::Join takes [delimiter, [text, …]]"
    if not isinstance(argument, Sequence) or len(argument.items) != 2:
        raise TypeError(wanted)
    delimiter, parts = argument.items
    if not isinstance(parts, Sequence):
        raise TypeError(wanted)
    return Scalar(_text(delimiter, wanted).join(_text(part, wanted) for part in parts.items), line)


def _text(node: Node, otherwise: str) -> str:
    if not isinstance(node, Scalar) or node.text is None:
        raise TypeError(otherwise)
    return node.text
