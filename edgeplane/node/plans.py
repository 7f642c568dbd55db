"""The plans that a node keeps: the one it serves, the one before, and the highest generation ever used.

next.plan ─ the front took it ─► current.plan ─► previous.plan
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack

from edgeplane.errors import EdgeplaneError
from edgeplane.node import limits

CURRENT = "current.plan"
"""Name of the plan that is served, and that the next start serves first."""

PREVIOUS = "previous.plan"
"""Name of the plan that was served before `current.plan`, beside it."""

MAGIC = b"EDGEPLAN"
"""First octets of a plan file."""

_HEAD = struct.Struct("<8sIIQ32s")


class PlanFileError(EdgeplaneError):
    """The file is not a plan; the text names it."""


def read_envelope(path: Path) -> dict[str, Any]:
    """The envelope of a plan file (docs/ARCHITECTURE.md, "Plan file"). The front verifies the checksum, not this."""
    try:
        with path.open("rb") as file:
            magic, _, length, size, _ = _HEAD.unpack(file.read(_HEAD.size))
            if magic != MAGIC or size != os.fstat(file.fileno()).st_size or length > size:
                raise PlanFileError(f"{path} is not a whole plan file")
            envelope = msgpack.unpackb(file.read(length))
    except OSError as error:
        raise PlanFileError(f"{path}: {error.strerror}") from error
    except (struct.error, ValueError, msgpack.UnpackException) as error:
        raise PlanFileError(f"{path} is not a plan file") from error
    if not isinstance(envelope, dict) or not _is_generation(envelope.get("generation")):
        raise PlanFileError(f"{path} is not a plan file")
    if not _are_checks(envelope):
        raise PlanFileError(f"{path}: its health checks are not a list of {{slot, id, path, config}}")
    return envelope


def _is_generation(number: Any) -> bool:
    return type(number) is int and 0 <= number <= limits.LAST_GENERATION


def _are_checks(envelope: dict[str, Any]) -> bool:
    """Whether `health_documents` can be had, and every reader finds in them what it expects."""
    try:
        return all(map(_is_check, health_documents(envelope)))
    except (TypeError, ValueError, msgpack.UnpackException):
        return False


def _is_check(document: Any) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("config"), dict):
        return False
    slot = document.get("slot")
    texts = isinstance(document.get("id"), str) and isinstance(document.get("path"), str)
    return texts and type(slot) is int and 0 <= slot < limits.HEALTH_SLOTS


def health_documents(envelope: dict[str, Any]) -> list[dict[str, Any]]:
    """The documents of a plan's health checks: {"slot", "id", "path", "config"}, free slots left out."""
    packed = envelope.get("health") or b"\x90"
    documents = msgpack.unpackb(packed)
    if not isinstance(documents, list):
        raise TypeError("not a list")
    return [document for document in documents if document is not None]


def zone_entries(envelope: dict[str, Any]) -> list[dict[str, Any]]:
    """The zones of a plan: {"name", "id", "section", …}."""
    dns = envelope.get("dns")
    zones = dns.get("zones") if isinstance(dns, dict) else None
    return zones if isinstance(zones, list) else []


def edge_document(envelope: dict[str, Any]) -> dict[str, Any]:
    """The edge's part of a plan (docs/ARCHITECTURE.md, "Plan source"); empty where it has none."""
    packed = envelope.get("edge")
    try:
        document = msgpack.unpackb(packed) if packed else {}
    except (TypeError, ValueError, msgpack.UnpackException):
        return {}
    return document if isinstance(document, dict) else {}


def edge_resources(envelope: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of the edge's part: {"kind", "id", "path", "config"?, …}, distributions first."""
    lists = [(kind, listed) for kind, listed in edge_document(envelope).items() if isinstance(listed, list)]
    return [{**each, "kind": kind} for kind, listed in lists for each in listed if _is_resource(each)]


def _is_resource(document: Any) -> bool:
    """Whether it has what readers expect; whether it is right, the front says, which takes or refuses the plan."""
    if not isinstance(document, dict) or not isinstance(document.get("config", {}), dict):
        return False
    return isinstance(document.get("id"), str) and isinstance(document.get("path"), str)


def edge_settings(envelope: dict[str, Any]) -> dict[str, Any]:
    """The settings of the edge's part."""
    settings = edge_document(envelope).get("settings")
    return settings if isinstance(settings, dict) else {}


def serves_something(envelope: dict[str, Any]) -> bool:
    """Whether a plan has a zone or a distribution."""
    return bool(zone_entries(envelope)) or any(each["kind"] == "distributions" for each in edge_resources(envelope))


def slots_of(current: Path) -> dict[str, int]:
    """Check id → slot in a kept plan and in the one before it: a node may fall back, and the table serves both."""
    slots = _slots_in(current)
    held = set(slots.values())
    before = _slots_in(current.with_name(PREVIOUS))
    return {**{id_: slot for id_, slot in before.items() if slot not in held}, **slots}


def _slots_in(path: Path) -> dict[str, int]:
    try:
        return {check["id"]: check["slot"] for check in health_documents(read_envelope(path))}
    except PlanFileError:
        return {}


def difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Two envelopes → {"zones": {"added", "removed", "changed"}, "checks" and "edge" (resources by path): the same,
    "settings": changed keys}.
    """
    before, after = _settings(old), _settings(new)
    return {
        "zones": _changes(_zone_hashes(old), _zone_hashes(new)),
        "checks": _changes(_checks_by_id(old), _checks_by_id(new)),
        "edge": _changes(_edge_by_path(old), _edge_by_path(new)),
        "settings": sorted(key for key in before | after if before.get(key) != after.get(key)),
    }


def _settings(envelope: dict[str, Any]) -> dict[str, Any]:
    edge = {f"edge.{key}": value for key, value in edge_settings(envelope).items()}
    return {**envelope.get("dns", {}).get("settings", {}), **edge}


def _edge_by_path(envelope: dict[str, Any]) -> dict[str, Any]:
    return {resource["path"]: resource for resource in edge_resources(envelope)}


def _changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, list[str]]:
    return {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": sorted(key for key in old.keys() & new.keys() if old[key] != new[key]),
    }


def _zone_hashes(envelope: dict[str, Any]) -> dict[str, Any]:
    sections = envelope.get("sections", [])
    return {zone["name"]: sections[zone["section"]]["hash"] for zone in envelope.get("dns", {}).get("zones", [])}


def _checks_by_id(envelope: dict[str, Any]) -> dict[str, Any]:
    return {check["id"]: check["config"] for check in health_documents(envelope)}


def kept_plan(state_dir: Path) -> Path | None:
    """`current.plan` of a node, where there is one. PlanFileError where this user may not know: plans hold secrets."""
    current = state_dir / "plans" / CURRENT
    try:
        current.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise PlanFileError(f"{current}: {error.strerror}") from error
    return current


class PlanStore:
    """state_dir/plans, for the node's own user alone: plans hold the cookie secret."""

    def __init__(self, state_dir: Path) -> None:
        self.directory = state_dir / "plans"
        self._make_directory()
        self.current = self.directory / CURRENT
        self.previous = self.directory / PREVIOUS
        self.next = self.directory / "next.plan"
        self._counter = self.directory / "generation"
        self._remove_leftovers()
        for path in (self.directory, *self.kept()):
            _close_to_others(path)

    def _make_directory(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _remove_leftovers(self) -> None:
        """What builders and nodes that were killed left half-way; the lock of the directory is held by now."""
        for path in (self.next, *self.directory.glob("*.new")):
            path.unlink(missing_ok=True)

    def kept(self) -> Iterator[Path]:
        """Plans to start from, best first."""
        return (path for path in (self.current, self.previous) if path.exists())

    def next_generation(self) -> int:
        """One above every generation that was ever used here, and taken from now on."""
        generation = 1 + max(self._counted(), *map(_generation_of, (self.current, self.previous)))
        self.reserve(generation)
        return generation

    def reserve(self, generation: int) -> None:
        """Notes that a generation is used, whatever comes of it."""
        self._make_directory()
        temporary = self._counter.with_suffix(".new")
        try:
            temporary.write_text(f"{max(generation, self._counted())}\n")
            _flush(temporary)
            temporary.replace(self._counter)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def commit(self, candidate: Path, generation: int) -> None:
        """Makes a plan that the front serves the one to start from, and keeps the one before; durable on return."""
        self.reserve(generation)
        _flush(candidate)
        if self.current.exists():
            self._keep_as_previous()
        candidate.replace(self.current)
        _flush(self.directory)

    def _keep_as_previous(self) -> None:
        # By a second link, so that there is a current plan at every moment.
        link = self.directory / "previous.new"
        link.unlink(missing_ok=True)
        os.link(self.current, link)
        link.replace(self.previous)

    def _counted(self) -> int:
        try:
            counted = int(self._counter.read_text())
        except (OSError, ValueError):
            return 0
        return counted if _is_generation(counted) else 0


def _close_to_others(path: Path) -> None:
    """What an older release, or the hand of an operator, left open."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        path.chmod(mode & stat.S_IRWXU)


def _generation_of(path: Path) -> int:
    try:
        return int(read_envelope(path)["generation"])
    except PlanFileError:
        return 0


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
