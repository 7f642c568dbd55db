"""`edgeplane cache stats` and `edgeplane cache inspect`."""

from __future__ import annotations

from collections.abc import Mapping

import click

from edgeplane.cli.explain import UNITS, lines
from edgeplane.cli.lazy import NearestGroup
from edgeplane.cli.node import node_options, state_dir_of
from edgeplane.cli.output import format_option, print_json, print_line
from edgeplane.cli.url import url_argument
from edgeplane.node.client import call

SECONDS = 30.0
SIZES = dict.fromkeys(("capacity", "pending", "weight"), "octets")
"""Numbers of `cache stats` that are not counts of objects or events."""


@click.group(cls=NearestGroup)
def cache() -> None:
    """What the running node keeps, in memory and on disk."""


@cache.command()
@node_options
@format_option
def stats(config: str | None, state_dir: str | None, output: str) -> None:
    """Print how full memory and disk are, and how often looks into each found something (hits) or nothing (misses).

    A request may look into a tier several times, or not at all, so that these give no hit ratio of requests: `edgeplane
    distribution list` has it, and /metrics counts answers by source in edgeplane_edge_results_total.

    \b
    Example:
      edgeplane cache stats -c config/examples/site/edgeplane.toml
    """
    _print(call(state_dir_of(config, state_dir), "cache_stats", timeout=SECONDS), output, SIZES)


@cache.command()
@url_argument
@node_options
@format_option
def inspect(url: str, config: str | None, state_dir: str | None, output: str) -> None:
    """Print what is kept of URL, each variant: key, status, age, freshness, place, tags. Fetches nothing.

    \b
    Example:
      edgeplane cache inspect http://www.example.net/logo.svg
    """
    found = call(state_dir_of(config, state_dir), "cache_inspect", url=url, timeout=SECONDS)
    _print(found, output)
    if not found["objects"] and output != "json":
        print_line("nothing is kept of it, in memory or on disk")


def _print(found: dict[str, object], output: str, units: Mapping[str, str] = UNITS) -> None:
    if output == "json":
        print_json(found)
        return
    for line in lines(found, units=units):
        print_line(line)
