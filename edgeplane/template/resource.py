"""What a template's resources become: checked properties that know their id, their path and their lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from edgeplane.config.validation import written
from edgeplane.errors import Fault
from edgeplane.template import tree

Properties = TypeVar("Properties", bound=BaseModel, covariant=True)


@dataclass(frozen=True)
class ResourceType:
    """A type that templates may hold.

    identify: logical name → id, the same in every file. attributes: what `Fn::GetAtt` knows, from the id.
    ref: the property that `Ref` returns; None where it returns the id.
    """

    name: str
    model: type[BaseModel]
    identify: Callable[[str], str]
    attributes: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    ref: str | None = None


@dataclass(frozen=True)
class Resource(Generic[Properties]):
    """One resource. file: as faults call it; written: its properties with their lines."""

    file: str
    logical_name: str
    id: str
    type: str
    properties: Properties
    written: tree.Node = field(repr=False, compare=False)

    @property
    def path(self) -> str:
        """`site.yaml: Resources.Www`."""
        return f"{self.file}: Resources.{self.logical_name}"

    def fault(self, path: tuple[str | int, ...], message: str) -> Fault:
        """A fault at a property."""
        where = written(("Properties", *path)) if path else ""
        return Fault(f"{self.path}.{where}".removesuffix("."), tree.line_at(self.written, path), message)
