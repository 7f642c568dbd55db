"""A template's sections → its resources, or every fault in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from edgeplane.config import validation
from edgeplane.errors import ContentError, Fault, nearest
from edgeplane.template import tree
from edgeplane.template.intrinsics import IntrinsicFault, references, resolve
from edgeplane.template.parameters import read_parameters
from edgeplane.template.read import read_tree
from edgeplane.template.resource import Resource, ResourceType, Written
from edgeplane.template.scope import Named, RingError, Scope, ordered

SECTIONS = ("AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Resources", "Outputs")
ATTRIBUTES = ("Type", "Properties", "Metadata", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy")
UNSUPPORTED = ("Conditions", "Mappings", "Rules", "Transform", "Hooks", "Condition", "CreationPolicy", "UpdatePolicy")
VERSION = "2010-09-09"
_LOGICAL_NAME = re.compile(r"[A-Za-z0-9]{1,255}")
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_ID_SAID = "must be 1 to 64 letters, digits and dashes"
_EDGEPLANE = "Metadata.edgeplane"


def read_templates(paths: Iterable[Path], base: Path, types: Iterable[ResourceType]) -> list[Resource[Any]]:
    """The resources of all files in order. Faults call a file by its path from `base`. Raises ContentError with all."""
    known = {each.name: each for each in types}
    found: list[Resource[Any]] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            found += _Template(_name(path, base), known).read(path)
        except ContentError as error:
            faults += error.faults
    faults += _twice(found)
    if faults:
        raise ContentError(faults)
    return found


def _name(path: Path, base: Path) -> str:
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


def _twice(found: list[Resource[Any]]) -> list[Fault]:
    first: dict[tuple[str, str], Resource[Any]] = {}
    faults = []
    for resource in found:
        other = first.setdefault((resource.type, resource.id), resource)
        if other is not resource:
            faults.append(resource.fault((), f"has the id {resource.id} of {other.path}; give one another in Metadata: "
                                             "{edgeplane: {Id: …}}"))  # fmt: skip
    return faults


class _Template:
    """One file on its way. Faults gather; what can be read on is read on."""

    def __init__(self, file: str, types: Mapping[str, ResourceType]) -> None:
        self.file, self.types = file, types
        self.faults: list[Fault] = []

    def read(self, path: Path) -> list[Resource[Any]]:
        root = self._map(read_tree(path, self.file), "")
        self._known(root, "", SECTIONS)
        if (version := root.entries.get("AWSTemplateFormatVersion")) and tree.plain(version) != VERSION:
            self._fault("AWSTemplateFormatVersion", version.line, f"must be {VERSION}")
        parameters = read_parameters(self.file, root.entries.get("Parameters"), self.faults)
        if "Resources" not in root.entries:
            self._fault("Resources", 0, "is required")
        written = self._map(root.entries.get("Resources", tree.Mapping({}, {}, root.line)), "Resources")
        named = {name: one for name, node in written.entries.items() if (one := self._named(name, node, written))}
        resources = self._checked(named, parameters, written)
        if self.faults:
            raise ContentError(sorted(self.faults, key=lambda fault: fault.line))
        return resources

    def _named(self, name: str, node: tree.Node, section: tree.Mapping) -> Named | None:
        """A resource's type, id and properties, without a look into these."""
        where, line, before = f"Resources.{name}", section.lines[name], len(self.faults)
        if not _LOGICAL_NAME.fullmatch(name):
            self._fault(where, line, "a logical name has letters and digits only")
        entries = self._map(node, where)
        self._known(entries, where, ATTRIBUTES)
        kind = tree.plain(entries.entries["Type"]) if "Type" in entries.entries else None
        if not isinstance(kind, str) or kind not in self.types:
            self._fault(f"{where}.Type", tree.line_at(node, ("Type",)) or line, _no_type(kind, self.types))
            return None
        properties = entries.entries.get("Properties", tree.Mapping({}, {}, line))
        metadata = self._metadata(entries, where)
        id_ = self._id(metadata, where)
        if len(self.faults) > before:
            return None
        return Named(self.types[kind], id_ or self.types[kind].identify(name), properties, metadata)

    def _metadata(self, entries: tree.Mapping, where: str) -> tree.Mapping:
        """`Metadata: {edgeplane: {…}}`, as it is written; empty where there is none."""
        metadata = entries.entries.get("Metadata")
        ours = metadata.entries.get("edgeplane") if isinstance(metadata, tree.Mapping) else None
        if ours is None:
            return tree.Mapping({}, {}, entries.line)
        known = self._map(ours, f"{where}.{_EDGEPLANE}")
        if not known.entries:
            self._fault(f"{where}.{_EDGEPLANE}.Id", known.line, _ID_SAID)
        return known

    def _id(self, metadata: tree.Mapping, where: str) -> str | None:
        """Known before functions are resolved: they may lead to it."""
        if "Id" not in metadata.entries:
            return None
        said = tree.plain(metadata.entries["Id"])
        if isinstance(said, str) and _ID.fullmatch(said):
            return said
        self._fault(f"{where}.{_EDGEPLANE}.Id", metadata.entries["Id"].line, _ID_SAID)
        return None

    def _checked(
        self, named: Mapping[str, Named], parameters: Mapping[str, tree.Node], section: tree.Mapping
    ) -> list[Resource[Any]]:
        try:
            order = ordered({name: self._depends(name, one, section) for name, one in named.items()})
        except RingError as error:
            first = error.path[0]
            self._fault(f"Resources.{first}", section.lines[first], f"depends on itself: {error}")
            return []
        scope = Scope(parameters, named)
        scope.settle(order)
        found = (self._resource(name, one, scope) for name, one in named.items())
        return [resource for resource in found if resource]

    def _depends(self, name: str, one: Named, section: tree.Mapping) -> list[str]:
        return sorted(references(one.properties).union(self._after(name, section)))

    def _after(self, name: str, section: tree.Mapping) -> list[str]:
        """`DependsOn`: one logical name, or a list. It orders nothing here, but a ring is as wrong as anywhere."""
        node = section.entries[name]
        written = node.entries.get("DependsOn") if isinstance(node, tree.Mapping) else None
        items = written.items if isinstance(written, tree.Sequence) else [written] if written else []
        for item in items:
            if not isinstance(item, tree.Scalar) or item.text not in section.entries:
                self._fault(f"Resources.{name}.DependsOn", item.line, "must name resources of this file")
        return [item.text for item in items if isinstance(item, tree.Scalar) and item.text]

    def _resource(self, name: str, one: Named, scope: Scope) -> Resource[Any] | None:
        properties = self._made(one.type.model, one.properties, scope, f"Resources.{name}.Properties")
        metadata = self._made(one.type.metadata, one.metadata, scope, f"Resources.{name}.{_EDGEPLANE}")
        if properties is None or metadata is None:
            return None
        written = Written(properties[1], metadata[1])
        return Resource(self.file, name, one.id, one.type.name, properties[0], metadata[0], written)

    def _made(
        self, model: type[BaseModel], node: tree.Node, scope: Scope, where: str
    ) -> tuple[BaseModel, tree.Node] | None:
        """What the node says, checked, and the node without functions; None where it is at fault."""
        try:
            resolved = resolve(node, scope)
        except IntrinsicFault as error:
            self._fault(validation.written((where, *error.path)), error.line, str(error))
            return None
        try:
            return model.model_validate(tree.plain(resolved)), resolved
        except ValidationError as error:
            for problem in validation.problems(error, model):
                line = tree.line_at(resolved, problem.path)
                self._fault(validation.written((where, *problem.path)), line, problem.message)
            return None

    def _map(self, node: tree.Node, where: str) -> tree.Mapping:
        """The node when it is a map, else a fault and an empty map."""
        if isinstance(node, tree.Mapping):
            return node
        self._fault(where, node.line, "must be a map" if where else "must be a map with Resources")
        return tree.Mapping({}, {}, node.line)

    def _known(self, node: tree.Mapping, where: str, known: tuple[str, ...]) -> None:
        for key in node.entries:
            if key not in known:
                said = "is not supported" if key in UNSUPPORTED else f"is not known{nearest(key, known)}"
                self._fault(f"{where}.{key}".removeprefix("."), node.lines[key], said)

    def _fault(self, path: str, line: int, message: str) -> None:
        self.faults.append(Fault(f"{self.file}: {path}" if path else self.file, line, message))


def _no_type(kind: object, types: Mapping[str, ResourceType]) -> str:
    said = "is required" if kind is None else f"{kind} is not supported"
    return f"{said}; supported are {', '.join(types)}"
