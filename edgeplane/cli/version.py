"""`edgeplane version`."""

from __future__ import annotations

import platform
from importlib import import_module

import click

from edgeplane import __version__
from edgeplane.cli.output import format_option, print_document


@click.command()
@format_option
def version(output: str) -> None:
    """Print the version of edgeplane, its core and the Python that runs it.

    \b
    Example:
      edgeplane version -o json
    """
    found = {"edgeplane": __version__, "core": _core_version(), "python": platform.python_version()}
    print_document(found, output)


def _core_version() -> str:
    try:
        core = import_module("edgeplane._core")
    except ImportError:
        return "not built"
    return str(getattr(core, "__version__", __version__))
