"""What a template's resources become: checked properties that know their id, their path and their lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from edgeplane.config.validation import written
from edgeplane.errors import Fault
from edgeplane.template import tree
from edgeplane.template.noun import Metadata

Properties = TypeVar("Properties", bound=BaseModel, covariant=True)


@dataclass(frozen=True)
class ResourceType:
    """A type that templates may hold.

    identify: logical name → id, the same in every file. attributes: what `Fn::GetAtt` knows, from the id.
    ref: the property that `Ref` returns; None where it returns the id. metadata: what `Metadata: {edgeplane: {…}}` may
    say.
    """

    name: str
    model: type[BaseModel]
    identify: Callable[[str], str]
    attributes: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    ref: str | None = None
    metadata: type[Metadata] = Metadata


@dataclass(frozen=True)
class Written:
    """What stands in the file, without functions."""

    properties: tree.Node
    metadata: tree.Node


@dataclass(frozen=True)
class Resource(Generic[Properties]):
    """One resource. file: as faults call it; metadata: edgeplane's own; written: both, with their lines."""

    file: str
    logical_name: str
    id: str
    type: str
    properties: Properties
    metadata: Any
    written: Written = field(repr=False, compare=False)

    @property
    def path(self) -> str:
        """`site.yaml: Resources.Www`."""
        return f"{self.file}: Resources.{self.logical_name}"

    def fault(self, path: tuple[str | int, ...], message: str) -> Fault:
        """A fault at a property."""
        where = written(("Properties", *path)) if path else ""
        return Fault(f"{self.path}.{where}".removesuffix("."), self.line(path), message)

    def metadata_fault(self, path: tuple[str | int, ...], message: str) -> Fault:
        """A fault at what `Metadata: {edgeplane: {…}}` says."""
        where = written(("Metadata", "edgeplane", *path))
        return Fault(f"{self.path}.{where}", tree.line_at(self.written.metadata, path), message)

    def line(self, path: tuple[str | int, ...]) -> int:
        """Where a property stands."""
        return tree.line_at(self.written.properties, path)

    def beside(self, base: Path, path: str) -> Path:
        """A path that a property names: relative to the folder of the resource's file. base: of the configuration."""
        return (base / self.file).parent / path


def digest(kind: str, logical_name: str, octets: int) -> bytes:
    """BLAKE2b over `type:logical name`, from which ids are made."""
    return blake2b(f"{kind}:{logical_name}".encode(), digest_size=octets).digest()
