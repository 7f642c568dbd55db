"""Writes what is generated from the table of settings: `python -m edgeplane.config.generate`, from a checkout."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from edgeplane.config.setting import KINDS, Setting, Value
from edgeplane.config.table import SECTIONS, TABLE

ROOT = Path(__file__).parent.parent.parent
TYPES = {
    "flag": "StrictBool",
    "integer": "StrictInt",
    "number": "StrictFloat",
    "text": "StrictStr",
    "path": "FilePath",
    "paths": "tuple[FilePath, ...]",
    "patterns": "tuple[FilePath, ...]",
    "listen": "ListenAt",
    "listens": "ListenAll",
    "networks": "tuple[Network, ...]",
    "any_listens": "ListenAny",
    "addresses": "tuple[Address, ...]",
    "name_servers": "NameServers",
    "domain": "HostDomain",
    "header": "HeaderName",
    "location": "LocationName",
    "size": "Size",
    "certificates": "tuple[Certificate, ...]",
    "directories": "Directories",
    "buckets": "Buckets",
}


def main() -> None:
    """Writes every generated file."""
    for name, text in generated().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(path.relative_to(ROOT))


def generated() -> dict[str, str]:
    """Path under the root → contents."""
    writers: dict[str, Callable[[], str]] = {
        "edgeplane/config/model.py": model,
        "config/edgeplane.toml": sample,
        "docs/reference/settings.md": reference,
    }
    return {name: write() for name, write in writers.items()}


def model() -> str:
    """The pydantic models, innermost section first."""
    classes = [_class(section) for section in sorted(SECTIONS, key=lambda name: -len(_parts(name)))]
    return "\n\n\n".join([MODEL_HEAD, *classes]) + "\n"


def sample() -> str:
    """config/edgeplane.toml: every setting, commented, with its default."""
    return SAMPLE_HEAD + "\n".join(_sample_section(section) for section in SECTIONS)


def reference() -> str:
    """docs/reference/settings.md."""
    return REFERENCE_HEAD + "\n".join(_reference_section(section) for section in SECTIONS)


def _parts(section: str) -> list[str]:
    return section.split(".") if section else []


def _settings(section: str) -> list[Setting]:
    return [setting for setting in TABLE if setting.section == section]


def _class_name(section: str) -> str:
    return "".join(part.title().replace("_", "") for part in _parts(section)) or "Settings"


def _subsections(section: str) -> list[str]:
    return [name for name in SECTIONS if name and _parts(name)[:-1] == _parts(section)]


def _class(section: str) -> str:
    lines = [f"class {_class_name(section)}(Section):", f'    """{SECTIONS[section]}"""', ""]
    lines += [_field(setting) for setting in _settings(section)]
    for name in _subsections(section):
        lines.append(f"    {_parts(name)[-1]}: {_class_name(name)}")
    return "\n".join(lines)


def _field(setting: Setting) -> str:
    if setting.default is None:
        return f"    {setting.key}: {_annotation(setting)} | None = None"
    options = [_default(setting.default)]
    if setting.low is not None and setting.kind in ("integer", "number", "size"):
        options += [f"ge={setting.low}", f"le={setting.high}"]
    if setting.kind == "text" and setting.high is not None:
        options.append(f"max_length={setting.high}")
    if setting.kind not in ("flag", "integer", "number", "text", "choice"):
        options.append("validate_default=True")
    return f"    {setting.key}: {_annotation(setting)} = Field({', '.join(options)})"


def _annotation(setting: Setting) -> str:
    if setting.kind == "choice":
        return f"Literal[{', '.join(map(json.dumps, setting.choices))}]"
    return TYPES[setting.kind]


def _default(value: Value) -> str:
    if isinstance(value, list):
        return f"({', '.join(map(json.dumps, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return "default_factory=dict"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def toml(value: Value) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {toml(each)}' for key, each in value.items())}}}"
    return json.dumps(value)


def _shown(setting: Setting) -> Value:
    nothing = setting.default in (None, "", [], {})
    return setting.example if nothing and setting.example is not None else setting.default


def _sample_section(section: str) -> str:
    heading = f"[{section}]\n" if section else ""
    return f"# {SECTIONS[section]}\n{heading}" + "".join(map(_sample_setting, _settings(section)))


def _sample_setting(setting: Setting) -> str:
    facts = [KINDS[setting.kind] + (f", {_bounds(setting)}" if _bounds(setting) else "")]
    if _shown(setting) != setting.default:
        facts.append("default: none")
    return f"# {setting.meaning} ({'; '.join(facts)})\n# {setting.key} = {toml(_shown(setting))}\n"


def _bounds(setting: Setting) -> str:
    return f"{setting.range} {setting.unit}".strip()


def _reference_section(section: str) -> str:
    title = f"[{section}]" if section else "Top level"
    rows = "".join(map(_reference_row, _settings(section)))
    return f"## {title}\n{SECTIONS[section]}\n\n| setting | type | default | range | |\n|---|---|---|---|---|\n{rows}"


def _reference_row(setting: Setting) -> str:
    default = "none" if setting.default is None else f"`{toml(setting.default)}`"
    return f"| `{setting.key}` | {KINDS[setting.kind]} | {default} | {_bounds(setting)} | {setting.meaning} |\n"


MODEL_HEAD = '''"""The settings as meant: frozen, checked, paths absolute.

Generated by `python -m edgeplane.config.generate`; edit table.py instead.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from edgeplane.config.kinds import (
    Address,
    FilePath,
    HeaderName,
    HostDomain,
    ListenAll,
    ListenAny,
    ListenAt,
    LocationName,
    NameServers,
    Network,
    Size,
)
from edgeplane.config.section import Buckets, Certificate, Directories, Section'''

SAMPLE_HEAD = """# Every setting of edgeplane with its default; copy what you change.
# Generated by `python -m edgeplane.config.generate`.
# Paths are relative to this file. EDGEPLANE__SECTION__KEY in the environment overrides: EDGEPLANE__DNS__RRL__SLIP=3.

"""

REFERENCE_HEAD = """# Settings
Settings of a host are TOML; what is served stands in templates and zone files. Unknown keys are errors, values out of
range are refused, never bent. A reload follows every setting but those that take a restart. Paths are relative to the
file that names them. An environment variable
`EDGEPLANE__SECTION__KEY` overrides a setting: `EDGEPLANE__DNS__RRL__SLIP=3`,
`EDGEPLANE__DNS__LISTEN='["192.0.2.1:53"]'`, `EDGEPLANE__EDGE__DIRECTORIES='{files = "files"}'`; its paths
are relative to the working directory. A table may be a section too: `[edge.buckets.media]`, `[[edge.certificates]]`.
Generated by `python -m edgeplane.config.generate`.

"""

if __name__ == "__main__":
    main()
