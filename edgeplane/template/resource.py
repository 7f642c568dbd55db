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

Properties = TypeVar("Properties", bound=BaseModel, covariant=True)


@dataclass(frozen=True)
class ResourceType:
    """A type that templates may hold.

    identify: logical name → id, the same in every file. attributes: what `Fn::GetAtt` knows, from the id.
    ref: the property that `Ref` returns; None where it returns the id. metadata: keys of `Metadata: {edgeplane: {…}}`
    beside Id, and what each may say.
    """

    name: str
    model: type[BaseModel]
    identify: Callable[[str], str]
    attributes: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    ref: str | None = None
    metadata: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Resource(Generic[Properties]):
    """One resource. file: as faults call it; written: its properties with their lines; metadata: edgeplane's own."""

    file: str
    logical_name: str
    id: str
    type: str
    properties: Properties
    written: tree.Node = field(repr=False, compare=False)
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """`site.yaml: Resources.Www`."""
        return f"{self.file}: Resources.{self.logical_name}"

    def fault(self, path: tuple[str | int, ...], message: str) -> Fault:
        """A fault at a property."""
        where = written(("Properties", *path)) if path else ""
        return Fault(f"{self.path}.{where}".removesuffix("."), tree.line_at(self.written, path), message)

    def beside(self, base: Path, path: str) -> Path:
        """A path that a property names: relative to the folder of the resource's file. base: of the configuration."""
        return (base / self.file).parent / path


def digest(kind: str, logical_name: str, octets: int) -> bytes:
    """BLAKE2b over `type:logical name`, from which ids are made."""
    return blake2b(f"{kind}:{logical_name}".encode(), digest_size=octets).digest()
