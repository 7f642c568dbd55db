"""Where a key stands in a TOML file, as far as a scan by lines can tell; tomllib keeps no positions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

Path = tuple[str | int, ...]

_KEY = r"""[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*'"""
_DOTTED = rf"(?:{_KEY})(?:[ \t]*\.[ \t]*(?:{_KEY}))*"
_LINE = re.compile(rf"^[ \t]*(?:(\[\[?)[ \t]*({_DOTTED})[ \t]*\]|({_DOTTED})[ \t]*=)")
_MULTILINE = re.compile(r'"""|\'\'\'')


def key_lines(text: str) -> dict[Path, int]:
    """Path of each section and key → its line, from 1. The second `[[a.b]]` is ("a", "b", 1)."""
    found: dict[Path, int] = {}
    tables: Counter[Path] = Counter()
    section: Path = ()
    inside_text = False
    for number, line in enumerate(text.splitlines(), start=1):
        match = None if inside_text else _LINE.match(line)
        if match and match[1]:
            section = _parts(match[2])
            found.setdefault(section, number)
            if match[1] == "[[":
                tables[section] += 1
                section = (*section, tables[section] - 1)
                found[section] = number
        elif match:
            found.setdefault(section + _parts(match[3]), number)
        inside_text ^= len(_MULTILINE.findall(line)) % 2 == 1
    return found


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """The line of a key, else of the nearest section around it, else 0."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 0


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted))
