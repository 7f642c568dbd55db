"""`edgeplane distribution list` and `edgeplane distribution show`."""

from __future__ import annotations

from typing import Any

import click

from edgeplane.cli.explain import lines
from edgeplane.cli.lazy import NearestGroup
from edgeplane.cli.node import node_options, state_dir_of
from edgeplane.cli.output import format_option, print_json, print_line, print_table
from edgeplane.node.client import call

SECONDS = 30.0


@click.group(cls=NearestGroup)
def distribution() -> None:
    """The distributions that the running node serves."""


@distribution.command("list")
@node_options
@format_option
def list_(config: str | None, state_dir: str | None, output: str) -> None:
    """Print the distributions: id, host names, requests, and how many of them were answered from the cache.

    \b
    Example:
      edgeplane distribution list -c config/examples/site/edgeplane.toml
    """
    found = call(state_dir_of(config, state_dir), "distributions", timeout=SECONDS)["distributions"]
    if output == "json":
        print_json(found)
        return
    columns = ["ID", "HOST NAME", "ALIASES", "ENABLED", "SEMANTICS", "REQUESTS", "HITS"]
    print_table(columns, map(_row, found))


@distribution.command()
@click.argument("name", metavar="DISTRIBUTION")
@node_options
@format_option
def show(name: str, config: str | None, state_dir: str | None, output: str) -> None:
    """Print one distribution: origins, whether they answer, their health and weights, behaviours in their order,
    counters.

    DISTRIBUTION is its id, its host name or an alias.

    \b
    Examples:
      edgeplane distribution show EFBA7GBYGU2VI6
      edgeplane distribution show www.example.net -o json
    """
    found = call(state_dir_of(config, state_dir), "distribution", distribution=name, timeout=SECONDS)
    if output == "json":
        print_json(found)
        return
    for line in lines(found):
        print_line(line)


def _row(found: dict[str, Any]) -> list[object]:
    aliases, enabled = " ".join(found.get("aliases", [])), "yes" if found.get("enabled") else "no"
    counts = [found.get("requests", 0), share(found.get("hits", 0), found.get("requests", 0))]
    return [found["id"], found["domain_name"], aliases or "-", enabled, found.get("semantics", ""), *counts]


def share(part: int, whole: int) -> str:
    """`97.3 %`; `-` of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "-"
