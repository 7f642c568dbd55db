"""The files that the settings name: patterns expanded, every one readable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from edgeplane.config.edge_files import edge_file_problems
from edgeplane.config.model import Settings
from edgeplane.config.validation import written
from edgeplane.errors import ContentError, Fault


@dataclass(frozen=True)
class Content:
    """What is to be served. Absolute paths; zone files sorted, each once."""

    templates: tuple[Path, ...]
    zone_files: tuple[Path, ...]


def has_content(settings: Settings) -> bool:
    """Whether a node with these settings has something of its own to serve."""
    return bool(settings.templates or settings.dns.zone_files)


def find_content(settings: Settings, source: Path | str) -> Content:
    """The files of a configuration; `source` is where its faults stand. Raises ContentError with every fault."""
    content, faults = readable_content(settings, source)
    if faults:
        raise ContentError(faults)
    return content


def readable_content(settings: Settings, source: Path | str) -> tuple[Content, list[Fault]]:
    """The files that can be read, and a fault for every other one."""
    zone_files: set[Path] = set()
    faults: list[Fault] = []
    for pattern in settings.dns.zone_files:
        matched = _expand(pattern)
        zone_files.update(matched)
        if not matched:
            faults.append(Fault(str(source), 0, f"dns.zone_files: no file matches {pattern}"))
    faults += [Fault(str(source), 0, message) for message in _unreadable(settings)]
    faults += [Fault(str(path), 0, reason) for path in sorted(zone_files) if (reason := _refusal(path))]
    templates = tuple(path for path in settings.templates if not _refusal(path))
    return Content(templates, tuple(path for path in sorted(zone_files) if not _refusal(path))), faults


def _expand(pattern: Path) -> list[Path]:
    text = str(pattern)
    if not has_magic(text):
        return [pattern] if pattern.exists() else []
    return [Path(found) for found in glob(text, recursive=True) if not os.path.isdir(found)]


def _unreadable(settings: Settings) -> Iterator[str]:
    named = [("templates", path) for path in settings.templates]
    for key in ("geo_database", "latency_table", "regions"):
        named += [(f"dns.{key}", path)] if (path := getattr(settings.dns, key)) else []
    for key, path in named:
        if reason := _refusal(path):
            yield f"{key}: {path} {reason}"
    yield from (f"{written(at)}: {said}" for at, said in edge_file_problems(settings.edge))


def _refusal(path: Path) -> str | None:
    if path.is_dir():
        return "is a folder; name a file"
    if not path.exists():
        return "does not exist"
    return None if os.access(path, os.R_OK) else "may not be read by this user"
