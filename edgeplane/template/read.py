"""A template's file → tree."""

from __future__ import annotations

from pathlib import Path

from edgeplane.errors import ContentError
from edgeplane.template import limits
from edgeplane.template.from_json import read_json
from edgeplane.template.from_yaml import SyntaxFault, read_yaml
from edgeplane.template.tree import Node


def read_tree(path: Path, name: str) -> Node:
    """The tree of a file; JSON where the text begins with a brace. Raises ContentError.

    name: how faults call the file.
    """
    try:
        text = _octets(path).decode("utf-8-sig")
        return read_json(text) if text.lstrip().startswith("{") else read_yaml(text)
    except OSError as error:
        raise ContentError.one(name, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ContentError.one(name, f"is not UTF-8 text, from octet {error.start}") from None
    except SyntaxFault as error:
        raise ContentError.one(name, str(error), error.line) from None


def _octets(path: Path) -> bytes:
    with path.open("rb") as file:
        octets = file.read(limits.FILE_OCTETS + 1)
    if len(octets) > limits.FILE_OCTETS:
        raise SyntaxFault(0, f"is longer than {limits.FILE_OCTETS} octets; split it")
    return octets
