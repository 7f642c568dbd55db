"""`edgeplane status`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import click

from edgeplane.cli.node import node_options, state_dir_of
from edgeplane.cli.output import dated, format_option, instant, print_document, print_faults, print_json, print_table
from edgeplane.errors import Fault
from edgeplane.node.client import call
from edgeplane.observe.words import counted

SERVED = (("zone", "zone"), ("record", "record"), ("check", "health check"))
"""What is counted, and its word."""


@click.command()
@node_options
@format_option
def status(config: str | None, state_dir: str | None, output: str) -> None:
    """Print what the running node serves, since when, and how its processes fare.

    \b
    Example:
      edgeplane status -c config/examples/site/edgeplane.toml
    """
    found = call(state_dir_of(config, state_dir), "status", timeout=30.0)
    if output == "json":
        print_json(dated(found))
        return
    print_document(_summary(found), output)
    print_faults((Fault.from_document(fault) for fault in found["why"]), "degraded: ")
    click.echo()
    print_table(
        ["PROCESS", "PID", "RESTARTS", "MEMORY"],
        [[p["name"], p["pid"], p["restarts"], f"{p['rss'] / 2**20:.1f} MiB"] for p in found["processes"]],
    )


def _summary(found: dict[str, Any]) -> dict[str, object]:
    reloads = found["reloads"]
    return {
        "state": found["state"],
        "generation": f"{found['generation']}, since {instant(found['applied'])}",
        "source": found["source"],
        "serves": ", ".join(_served(found)),
        "listens": " ".join(found["listen"]),
        **{scheme: " ".join(found[scheme]) for scheme in ("http", "https") if scheme in found},
        "observe": f"http://{found['observe']}/metrics",
        "reloads": f"{reloads['succeeded']} succeeded, {reloads['failed']} failed",
        "up": str(timedelta(seconds=int(found["uptime"]))),
        "version": found["version"],
    }


def _served(found: dict[str, Any]) -> Iterator[str]:
    yield from (counted(found[f"{noun}s"], word) for noun, word in SERVED)
    if found["distributions"]:
        yield counted(found["distributions"], "distribution")
