"""Names of one template: parameters and resources, and what depends on what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgeplane.errors import nearest
from edgeplane.template import tree
from edgeplane.template.intrinsics import resolve
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
    """Resolves names. A `Ref` to a record set resolves its Name, so there must be no ring: see `ring`."""

    parameters: Mapping[str, Node]
    resources: Mapping[str, Named]

    def ref(self, name: str, line: int) -> Node:
        """The value of a parameter, or what the resource's type returns."""
        if name in self.parameters:
            return self.parameters[name]
        resource = self._resource(name)
        if resource.type.ref is None:
            return Scalar(resource.id, line)
        named = resource.properties
        value = named.entries.get(resource.type.ref) if isinstance(named, tree.Mapping) else None
        return resolve(value, self) if value else Scalar(name, line)

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
        raise LookupError(f"{name} is no parameter or resource{nearest(name, [*self.parameters, *self.resources])}")


@dataclass
class Noting:
    """A scope that resolves nothing and notes which names are asked for."""

    names: set[str] = field(default_factory=set)

    def ref(self, name: str, line: int) -> Node:
        """Notes the name."""
        self.names.add(name)
        return Scalar(name, line)

    def attribute(self, name: str, attribute: str, line: int) -> Node:
        """Notes the name."""
        return self.ref(name, line)


def ring(depends: Mapping[str, Iterable[str]]) -> list[str] | None:
    """A path that comes back to its start, such as [A, B, A]; None where there is none. No recursion."""
    done: set[str] = set()
    for start in depends:
        path: dict[str, Any] = {}
        todo = [] if start in done else [(start, iter(depends[start]))]
        while todo:
            name, rest = todo[-1]
            path[name] = None
            following = next((each for each in rest if each in depends and each not in done), None)
            if following is None:
                done.add(name)
                path.pop(todo.pop()[0])
            elif following in path:
                names = list(path)
                return [*names[names.index(following) :], following]
            else:
                todo.append((following, iter(depends[following])))
    return None


def _node(value: Any, line: int) -> Node:
    if isinstance(value, str):
        return Scalar(value, line)
    return Sequence(tuple(Scalar(each, line) for each in value), line)
