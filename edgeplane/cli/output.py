"""How commands print: `-o table` for people, `-o json` for programs. Faults go to stderr, one a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edgeplane.errors import EdgeplaneError, Fault, FaultsError, visible

UNBOUNDED = 10_000
"""Columns of a table that no terminal shows: nothing is cut."""

MOMENTS = ("applied", "since", "at", "last_probe")
"""Keys of status and health documents whose values are Unix seconds."""

Command = TypeVar("Command", bound=Callable[..., Any])


def format_option(command: Command) -> Command:
    """Adds `-o table|json`, passed as `output`."""
    option = click.option(
        "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print."
    )
    return option(command)


def print_json(document: object) -> None:
    """One JSON document on stdout."""
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    click.echo("\n".join(map(_escaped, text.split("\n"))))


def print_document(document: Mapping[str, object], output: str) -> None:
    """A flat document as `key  value` lines, or as JSON."""
    if output == "json":
        print_json(document)
        return
    width = max(map(len, document), default=0)
    for key, value in document.items():
        print_line(f"{key:<{width}}  {value}")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table without frames, so that it can be cut and sorted by other tools."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(visible(str(cell))) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else UNBOUNDED).print(table)


@contextmanager
def refusals(output: str) -> Iterator[None]:
    """With `-o json`, why a command is refused goes to stdout as `check -o json` prints it; the exit code stays."""
    try:
        yield
    except EdgeplaneError as error:
        if output != "json":
            raise
        faults = error.faults if isinstance(error, FaultsError) else (Fault("edgeplane", 0, str(error)),)
        print_json({"faults": [fault.document() for fault in faults], "warnings": [], "zones": []})
        sys.exit(error.exit_code)


def print_faults(faults: Iterable[object], kind: str = "") -> None:
    """Faults or warnings on stderr, as compilers print them."""
    for fault in faults:
        print_line(f"{kind}{fault}", err=True)


def print_error(error: EdgeplaneError) -> None:
    """A refusal on stderr: its faults, one a line, or its sentence."""
    print_faults(error.faults if isinstance(error, FaultsError) else [error])


def instant(seconds: float | None) -> str:
    """Unix seconds as `2026-01-31T12:00:00Z` (RFC 3339); `-` where it has not happened."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else "-"


def dated(document: Any) -> Any:
    """A document of a node with its moments as `instant` writes them."""
    if isinstance(document, list):
        return [dated(each) for each in document]
    if isinstance(document, dict):
        return {key: instant(value) if key in MOMENTS and value else dated(value) for key, value in document.items()}
    return document


def print_line(text: object, err: bool = False) -> None:
    """One line, whatever the text holds: names and messages come from files and from the network."""
    click.echo(visible(str(text)), err=err)


def _escaped(line: str) -> str:
    """A line of JSON, in which what a terminal would obey is written as JSON escapes it."""
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in line)
