"""`EDGEPLANE__SECTION__KEY` in the environment overrides a setting of the file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgeplane.config.setting import Setting
from edgeplane.config.table import TABLE
from edgeplane.errors import ConfigError, Fault, nearest

PREFIX = "EDGEPLANE__"
_PLAIN = ("text", "choice", "path", "listen", "domain", "header", "location", "size")
_PATHS = ("path", "paths", "patterns", "directories")
"""Kinds in which every text is a path."""
_PATH_KEYS = ("cert", "key", "credentials_file")
"""Keys of inner tables whose value is one."""


def override(written: dict[str, Any], environ: Mapping[str, str]) -> dict[tuple[str | int, ...], str]:
    """Puts overrides into a document as written; returns path of the setting → variable. Raises ConfigError."""
    known = {setting.variable: setting for setting in TABLE}
    faults: list[Fault] = []
    overridden: dict[tuple[str | int, ...], str] = {}
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        setting = known.get(variable)
        if setting is None:
            faults.append(Fault(variable, 0, f"is no setting{nearest(variable, known)}"))
            continue
        try:
            _put(written, setting.path, _value(setting, environ[variable]))
        except ValueError as error:
            faults.append(Fault(variable, 0, str(error)))
        overridden[setting.path] = variable
    if faults:
        raise ConfigError(faults)
    return overridden


def _value(setting: Setting, text: str) -> Any:
    if setting.kind in _PLAIN:
        return _here(setting, text)
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        raise ValueError(f'{text!r} is no TOML value; a list is written \'["a", "b"]\'') from None
    return _here(setting, value)


def _here(setting: Setting, value: Any, key: str = "") -> Any:
    """A path in the environment is relative to the working directory, since no file names it."""
    if isinstance(value, list):
        return [_here(setting, each) for each in value]
    if isinstance(value, dict):
        return {inner: _here(setting, each, inner) for inner, each in value.items()}
    is_path = setting.kind in _PATHS or key in _PATH_KEYS
    return str(Path(value).absolute()) if is_path and isinstance(value, str) and value else value


def _put(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *sections, key = path
    for section in sections:
        document = document.setdefault(section, {})
        if not isinstance(document, dict):
            raise ValueError(f"the file says `{section}` is no section")
    document[key] = value
