"""A configuration file → Settings, or every fault in it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edgeplane.config import environment, validation
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
    for section in filter(None, SECTIONS):
        _section(written, section.split("."))
    try:
        return Settings.model_validate(written, context={"base": path.absolute().parent})
    except ValidationError as error:
        raise ConfigError(_faults(error, path, key_lines(text), overridden)) from None


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
        advice = f"{VARIABLE} names it" if os.environ.get(VARIABLE) == str(path) else "name a configuration file"
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


def _section(written: dict[str, Any], parts: list[str]) -> None:
    """Makes an empty section where none is written, so that its defaults are read like the rest."""
    for part in parts:
        inner = written.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        written = inner


def _faults(
    error: ValidationError, path: Path, lines: Mapping[tuple[str, ...], int], overridden: Mapping[tuple[str, ...], str]
) -> list[Fault]:
    faults = []
    for problem in validation.problems(error, Settings):
        keys = tuple(part for part in problem.path if isinstance(part, str))
        variable = overridden.get(keys)
        message = _in_range(keys, problem) or problem.message
        place, line = (variable, 0) if variable else (str(path), line_of(lines, keys))
        faults.append(Fault(place, line, f"{validation.written(problem.path)} {message}"))
    return sorted(faults)


def _in_range(keys: tuple[str, ...], problem: validation.Problem) -> str | None:
    """The range as the table says it, unit and all."""
    setting = by_path().get(keys)
    if setting is None or problem.kind not in ("greater_than_equal", "less_than_equal", "string_too_long"):
        return None
    return f"is {problem.input!r}, but must be {setting.range} {setting.unit}".rstrip()
