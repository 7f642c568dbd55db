"""`edgeplane resource`."""

from __future__ import annotations

from typing import Any

import click

from edgeplane.cli.lazy import NearestGroup
from edgeplane.cli.node import node_options, state_dir_of
from edgeplane.cli.output import format_option, print_json, print_table
from edgeplane.node.client import call


@click.group(cls=NearestGroup)
def resource() -> None:
    """What the running node serves, as resources."""


@resource.command("list")
@node_options
@format_option
def list_(config: str | None, state_dir: str | None, output: str) -> None:
    """Print hosted zones, health checks, distributions, policies and keys with their ids.

    \b
    Example:
      edgeplane resource list -c config/examples/site/edgeplane.toml
    """
    found = call(state_dir_of(config, state_dir), "resources", timeout=30.0)
    if output == "json":
        print_json(found)
        return
    rows = [[each["type"], each["id"], each["name"], _state(each)] for each in found]
    print_table(["TYPE", "ID", "NAME", "RECORDS OR STATE"], rows)


def _state(resource: dict[str, Any]) -> object:
    if "enabled" in resource:
        return "enabled" if resource["enabled"] else "disabled"
    return resource.get("records", resource.get("state", ""))
