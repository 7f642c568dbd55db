"""`edgeplane reload`."""

from __future__ import annotations

import click

from edgeplane.cli.node import node_options, state_dir_of
from edgeplane.cli.output import format_option, print_faults, print_json, refusals
from edgeplane.errors import Fault
from edgeplane.node.client import call
from edgeplane.observe.words import counted


@click.command()
@node_options
@format_option
def reload(config: str | None, state_dir: str | None, output: str) -> None:
    """Have the running node read its configuration again; waits, and prints the new generation or every fault.

    \b
    Example:
      edgeplane reload -c config/examples/site/edgeplane.toml
    Exit codes: 0 the new generation is served; 1 nothing has changed, the faults are on stderr, or in the JSON.
    """
    with refusals(output):
        report = call(state_dir_of(config, state_dir), "reload")
    if output == "json":
        print_json({"faults": [], **report})
        return
    print_faults(map(Fault.from_document, report.get("warnings", [])), "warning: ")
    click.echo(f"generation {report['generation']}: {counted(len(report['zones']), 'zone')}")
