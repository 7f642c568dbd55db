"""Where a key stands in a TOML file, as far as a scan by lines can tell; tomllib keeps no positions."""

from __future__ import annotations

import re
from collections.abc import Mapping

_KEY = r"""[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*'"""
_DOTTED = rf"(?:{_KEY})(?:[ \t]*\.[ \t]*(?:{_KEY}))*"
_LINE = re.compile(rf"^[ \t]*(?:\[\[?[ \t]*({_DOTTED})[ \t]*\]|({_DOTTED})[ \t]*=)")
_MULTILINE = re.compile(r'"""|\'\'\'')


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Path of each section and key → its line, from 1."""
    found: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    inside_text = False
    for number, line in enumerate(text.splitlines(), start=1):
        match = None if inside_text else _LINE.match(line)
        if match and match[1]:
            section = _parts(match[1])
            found.setdefault(section, number)
        elif match:
            found.setdefault(section + _parts(match[2]), number)
        inside_text ^= len(_MULTILINE.findall(line)) % 2 == 1
    return found


def line_of(lines: Mapping[tuple[str, ...], int], path: tuple[str, ...]) -> int:
    """The line of a key, else of the nearest section around it, else 0."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 0


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted))
