"""`Ref`, `Fn::GetAtt`, `Fn::Sub` and `Fn::Join`: a tree with them → a tree of values; and names in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, Protocol

from edgeplane.template.allowance import Allowance, TooMuch, joined
from edgeplane.template.tree import Mapping, Node, Scalar, Sequence

SUPPORTED = ("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join")
_SUB_TAKES: Final = "Fn::Sub takes a text, or [text, {name: value}]"
_VARIABLE = re.compile(r"\$\{(!?)([^${}]*)\}")


class Scope(Protocol):
    """Where names lead. Both functions raise LookupError with a sentence. allowance: for all of a template."""

    @property
    def allowance(self) -> Allowance:
        """How much functions may still take and give."""

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
                argument = scope.allowance.take(_arguments(function, entries[function], scope, path))
                return scope.allowance.take(_call(function, argument, line, scope))
            except (LookupError, TypeError, TooMuch) as error:
                raise IntrinsicFault(path, line, str(error.args[0])) from None


def references(node: Node) -> set[str]:
    """Every name of a parameter or resource that a function in the tree leads to, whether it is there or not."""
    found: set[str] = set()
    seen: set[int] = set()  # what aliases repeat is looked at once
    todo = [node]
    while todo:
        each = todo.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, Sequence):
            todo += each.items
        elif isinstance(each, Mapping):
            todo += each.entries.values()
            found.update(name for key, item in each.entries.items() for name in _names(key, item))
    return found


def _names(function: str, argument: Node) -> Collection[str]:
    match function, argument:
        case "Ref", Scalar(str(name)):
            return (name,)
        case "Fn::GetAtt", Scalar(str(text)):
            return (text.partition(".")[0],)
        case "Fn::GetAtt", Sequence((Scalar(str(name)), *_)):
            return (name,)
        case "Fn::Sub", Scalar(str(text)):
            return _variables(text, ())
        case "Fn::Sub", Sequence((Scalar(str(text)), Mapping(entries), *_)):
            return _variables(text, entries)
        case _:
            return ()


def _variables(text: str, given: Collection[str]) -> set[str]:
    found = (name for literal, name in _VARIABLE.findall(text) if not literal and name not in given)
    return {name.partition(".")[0] for name in found}


def _arguments(function: str, argument: Node, scope: Scope, path: tuple[str | int, ...]) -> Node:
    """Functions may stand within the arguments of Sub and Join, not of Ref and GetAtt, nor for the text of Sub.

    So `references` sees every name before anything is resolved.
    """
    if function not in ("Fn::Sub", "Fn::Join"):
        return argument
    first = argument.items[0] if isinstance(argument, Sequence) and argument.items else argument
    if function == "Fn::Sub" and isinstance(first, Mapping):
        raise TypeError(_SUB_TAKES)
    return resolve(argument, scope, (*path, function))


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
    variables: dict[str, Node] = {}
    if isinstance(argument, Sequence):
        if len(argument.items) != 2 or not isinstance(argument.items[1], Mapping):
            raise TypeError(_SUB_TAKES)
        variables, argument = argument.items[1].entries, argument.items[0]

    pieces = _pieces(_text(argument, _SUB_TAKES), variables, line, scope)
    return Scalar(joined(pieces, "Fn::Sub"), line)


def _pieces(text: str, variables: dict[str, Node], line: int, scope: Scope) -> Iterator[str]:
    """What stands between variables, and what they stand for."""
    at = 0
    for found in _VARIABLE.finditer(text):
        yield text[at : found.start()]
        yield _value(found, variables, line, scope)
        at = found.end()
    yield text[at:]


def _value(found: re.Match[str], variables: dict[str, Node], line: int, scope: Scope) -> str:
    literal, name = found.groups()
    if literal:
        return f"${{{name}}}"
    if name in variables:
        return _text(variables[name], f"${{{name}}} is not one text")
    resource, dot, attribute = name.partition(".")
    node = scope.attribute(resource, attribute, line) if dot else scope.ref(name, line)
    return _text(node, f"${{{name}}} is a list; use Fn::Join")


def _join(argument: Node, line: int) -> Node:
    wanted = "Fn::Join takes [delimiter, [text, …]]"
    if not isinstance(argument, Sequence) or len(argument.items) != 2:
        raise TypeError(wanted)
    delimiter, parts = argument.items
    if not isinstance(parts, Sequence):
        raise TypeError(wanted)
    between = _text(delimiter, wanted)
    texts = (_text(part, wanted) for part in parts.items)
    pieces = (piece for n, text in enumerate(texts) for piece in ((between, text) if n else (text,)))
    return Scalar(joined(pieces, "Fn::Join"), line)


def _text(node: Node, otherwise: str) -> str:
    if not isinstance(node, Scalar) or node.text is None:
        raise TypeError(otherwise)
    return node.text
