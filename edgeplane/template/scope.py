"""Names of one template: parameters and resources, and what depends on what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from edgeplane.errors import nearest
from edgeplane.template import limits, tree
from edgeplane.template.allowance import Allowance
from edgeplane.template.intrinsics import IntrinsicFault, resolve
from edgeplane.template.resource import ResourceType
from edgeplane.template.tree import Node, Scalar, Sequence


@dataclass(frozen=True)
class Named:
    """A resource that others may refer to."""

    type: ResourceType
    id: str
    properties: Node
    metadata: Node


@dataclass(frozen=True)
class Scope:
    """Resolves names. A `Ref` to a record set gives its Name, in which functions may stand: `settle` resolves these."""

    parameters: Mapping[str, Node]
    resources: Mapping[str, Named]
    allowance: Allowance = field(default_factory=Allowance)
    _settled: dict[str, Node] = field(default_factory=dict)
    _meant: dict[str, str] = field(default_factory=dict)

    def settle(self, order: Iterable[str]) -> None:
        """Works out what a `Ref` gives, once for each resource. order: each after those that it depends on."""
        for name in order:
            named, property_ = self.resources[name].properties, self.resources[name].type.ref
            value = named.entries.get(property_) if property_ and isinstance(named, tree.Mapping) else None
            with suppress(IntrinsicFault):  # told where the resource is resolved
                self._settled[name] = resolve(value, self) if value else Scalar(name, named.line)

    def ref(self, name: str, line: int) -> Node:
        """The value of a parameter, or what the resource's type returns."""
        if name in self.parameters:
            return self.parameters[name]
        resource = self._resource(name)
        if resource.type.ref is None:
            return Scalar(resource.id, line)
        if name not in self._settled:
            raise LookupError(f"{name} has a {resource.type.ref} that is at fault itself")
        return self._settled[name]

    def attribute(self, name: str, attribute: str, line: int) -> Node:
        """An attribute that the resource's type exports."""
        attributes = self._resource(name).type.attributes
        if attribute not in attributes:
            raise LookupError(f"{name} has no attribute {attribute}{nearest(attribute, attributes)}")
        return _node(attributes[attribute](self.resources[name].id), line)

    def _resource(self, name: str) -> Named:
        if name in self.resources:
            return self.resources[name]
        if name.startswith("AWS::"):
            raise LookupError(f"{name} means nothing on a host of your own; write the value")
        raise LookupError(f"{name} is no parameter or resource{self._nearest(name)}")

    def _nearest(self, name: str) -> str:
        """What may be meant by a name: looked for once, and for the first few alone."""
        if name not in self._meant and len(self._meant) < limits.SUGGESTIONS:
            self._meant[name] = nearest(name, [*self.parameters, *self.resources])
        return self._meant.get(name, "")


class RingError(ValueError):
    """Names that depend on themselves. path: comes back to its start, such as [A, B, A]."""

    def __init__(self, path: list[str]) -> None:
        super().__init__(" → ".join(path))
        self.path = path


def ring(depends: Mapping[str, Iterable[str]]) -> list[str] | None:
    """A path that comes back to its start, such as [A, B, A]; None where there is none."""
    try:
        ordered(depends)
    except RingError as error:
        return error.path
    return None


def ordered(depends: Mapping[str, Iterable[str]]) -> list[str]:
    """The names, each after those that it depends on. Raises RingError. No recursion."""
    done: dict[str, None] = {}
    for start in depends:
        path: dict[str, Any] = {}
        todo = [] if start in done else [(start, iter(depends[start]))]
        while todo:
            name, rest = todo[-1]
            path[name] = None
            following = next((each for each in rest if each in depends and each not in done), None)
            if following is None:
                done[name] = None
                path.pop(todo.pop()[0])
            elif following in path:
                names = list(path)
                raise RingError([*names[names.index(following) :], following])
            else:
                todo.append((following, iter(depends[following])))
    return list(done)


def _node(value: Any, line: int) -> Node:
    if isinstance(value, str):
        return Scalar(value, line)
    return Sequence(tuple(Scalar(each, line) for each in value), line)
