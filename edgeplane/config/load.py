"""A configuration file → Settings, or every fault in it."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edgeplane.config import environment, validation
from edgeplane.config.addresses import claimed_twice
from edgeplane.config.lines import key_lines, line_of
from edgeplane.config.model import Settings
from edgeplane.config.table import SECTIONS, by_path
from edgeplane.errors import ConfigError, Fault

VARIABLE = "EDGEPLANE_CONFIG"
"""Names the configuration where no argument does."""
DEFAULT_PATHS = (Path("edgeplane.toml"), Path("/etc/edgeplane/edgeplane.toml"))
FILE_OCTETS = 1 << 20
"""Largest configuration read: a person wrote it."""


def load(path: Path | str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings as meant; `environ` (default: the process's) may override. Raises ConfigError with every fault."""
    path = Path(path)
    text = _read(path)
    written = _parse(path, text)
    overridden = environment.override(written, os.environ if environ is None else environ)
    places = _Places(path, key_lines(text), overridden)
    settings = _settings(path, written, places)
    if taken := [places.fault(at, f"{address} is {validation.written(first)} already")
                 for at, first, address in claimed_twice(settings)]:  # fmt: skip
        raise ConfigError(taken)
    return settings


def state_directory(path: Path | str, environ: Mapping[str, str] | None = None) -> Path:
    """Where the node of a configuration keeps its state, whatever else in it is wrong: so that a running node can be
    asked about it. Raises ConfigError.
    """
    path = Path(path)
    written = _parse(path, _read(path))
    environment.override(written, os.environ if environ is None else environ)
    node = written.get("node", {})
    alone = {key: value for key, value in node.items() if key == "state_dir"} if isinstance(node, dict) else node
    return _settings(path, {"node": alone}, _Places(path, {}, {})).node.state_dir


def default_path(given: str | None = None) -> Path:
    """The path given, else the first default that exists, else the first default."""
    if given is not None:
        return Path(given)
    return next((path for path in DEFAULT_PATHS if path.exists()), DEFAULT_PATHS[0])


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            octets = file.read(FILE_OCTETS + 1)
    except OSError as error:
        advice = f"{VARIABLE} names it" if os.environ.get(VARIABLE) == str(path) else "name a configuration: -c FILE"
        raise ConfigError.one(str(path), f"cannot be read ({error.strerror}); {advice}") from None
    if len(octets) > FILE_OCTETS:
        raise ConfigError.one(str(path), f"is longer than {FILE_OCTETS} octets; this is no configuration file")
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        line = octets[: error.start].count(b"\n") + 1
        raise ConfigError.one(str(path), "is not UTF-8 text", line) from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"\s*\(at line (\d+), column \d+\)$", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        message = str(error)[: found.start()] if found else str(error).removesuffix(" (at end of document)")
        raise ConfigError.one(str(path), f"is not TOML: {message}", line) from None


def _settings(path: Path, written: dict[str, Any], places: _Places) -> Settings:
    """A document with its defaults. Raises ConfigError with every fault."""
    for section in filter(None, SECTIONS):
        _section(written, section.split("."))
    try:
        return Settings.model_validate(written, context={"base": path.absolute().parent})
    except ValidationError as error:
        raise ConfigError(_faults(error, places)) from None


def _section(written: dict[str, Any], parts: list[str]) -> None:
    """Makes an empty section where none is written, so that its defaults are read like the rest."""
    for part in parts:
        inner = written.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        written = inner


@dataclass(frozen=True)
class _Places:
    """Where settings were written: lines of the file, or variables of the environment."""

    path: Path
    lines: Mapping[validation.Path, int]
    overridden: Mapping[validation.Path, str]

    def fault(self, at: validation.Path, message: str) -> Fault:
        """A fault at a setting, or at a part of one."""
        said = f"{validation.written(at)} {message}"
        upwards = (at[:end] for end in range(len(at), 0, -1))
        variable = next((self.overridden[key] for key in upwards if key in self.overridden), "")
        return Fault(variable, 0, said) if variable else Fault(str(self.path), line_of(self.lines, at), said)


def _faults(error: ValidationError, places: _Places) -> list[Fault]:
    found = validation.problems(error, Settings)
    return sorted(places.fault(problem.path, _worded(problem) or problem.message) for problem in found)


def _worded(problem: validation.Problem) -> str | None:
    """The range as the table says it, unit and all; the list that a text alone was meant to be."""
    setting = by_path().get(tuple(part for part in problem.path if isinstance(part, str)))
    if setting is None:
        return None
    if problem.kind == "tuple_type" and isinstance(problem.input, str) and setting.kind != "certificates":
        return f"{problem.message}, such as {json.dumps([problem.input], ensure_ascii=False)}"
    if problem.kind not in ("greater_than_equal", "less_than_equal", "string_too_long"):
        return None
    return f"is {problem.input!r}, but must be {setting.range} {setting.unit}".rstrip()
