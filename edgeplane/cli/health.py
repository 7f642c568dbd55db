"""`edgeplane health`."""

from __future__ import annotations

from typing import Any

import click

from edgeplane.cli.node import node_options, state_dir_of
from edgeplane.cli.output import dated, format_option, instant, print_json, print_table
from edgeplane.errors import EdgeplaneError
from edgeplane.node.client import call


@click.command()
@click.argument("check", required=False)
@node_options
@format_option
def health(check: str | None, config: str | None, state_dir: str | None, output: str) -> None:
    """Print the health checks: state, since when, and the last reason. With an id, its latest transitions as well.

    \b
    Example:
      edgeplane health -c config/examples/site/edgeplane.toml
    """
    found = call(state_dir_of(config, state_dir), "health", transitions=100 if check else 0, timeout=30.0)
    if check is not None:
        found = [each for each in found if each["id"] == check]
        if not found:
            raise EdgeplaneError(f"{check}: the running plan has no such health check; `edgeplane health` lists them")
    if output == "json":
        print_json(dated(found))
        return
    print_table(["ID", "TYPE", "STATE", "SINCE", "REASON", "RESOURCE"], map(_row, found))
    for each in found if check else []:
        click.echo()
        print_table(["AT", "FROM", "TO", "REASON"], map(_transition, each["transitions"]))


def _row(check: dict[str, Any]) -> list[object]:
    since, reason = instant(check["since"]), check["last_reason"] or ""
    return [check["id"], check["type"], check["state"], since, reason, check["path"]]


def _transition(transition: dict[str, Any]) -> list[object]:
    return [instant(transition["at"]), transition["from"], transition["to"], transition["reason"]]
