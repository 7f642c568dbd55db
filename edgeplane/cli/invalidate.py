"""`edgeplane invalidate`."""

from __future__ import annotations

import re
import time
from typing import Any

import click

from edgeplane.cli.node import node_options, state_dir_of
from edgeplane.cli.output import format_option, print_json, print_line, refusals
from edgeplane.node.client import call
from edgeplane.observe.words import counted

SECONDS = 90.0
PATH_LENGTH, TAG_LENGTH = 4000, 256
"""Longest path and tag (CloudFront API, CreateInvalidation)."""

_ORIGIN = re.compile("https?://[^/?]*", re.IGNORECASE)
"""What a URL has before its path."""


def _paths(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> list[str]:
    """Paths with their leading slash, which may be left out; a `*` stands at the end alone."""
    for value in values:
        if not value or len(value) > PATH_LENGTH:
            raise click.BadParameter(f"a path has 1 to {PATH_LENGTH} characters")
        if url := _ORIGIN.match(value):
            raise click.BadParameter(f"{value}: is a URL; write its path, {value[url.end() :] or '/'}")
        if "*" in value[:-1]:
            raise click.BadParameter(
                f"{value}: a * stands at the end alone; quote it, or the shell puts file names there"
            )
    return [value if value.startswith("/") else f"/{value}" for value in values]


def _tags(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> list[str]:
    tags = [value.removeprefix("#") for value in values]
    if any(not 1 <= len(tag) <= TAG_LENGTH or "," in tag for tag in tags):
        raise click.BadParameter(f"a tag has 1 to {TAG_LENGTH} characters, and no comma")
    return tags


@click.command()
@click.argument("distribution")
@click.argument("paths", nargs=-1, callback=_paths, metavar="[PATH]…")
@click.option(
    "--tag", "tags", multiple=True, callback=_tags, metavar="TAG", help="All that has this tag; may be repeated."
)
@click.option("--all", "everything", is_flag=True, help="Everything that the distribution has.")
@node_options
@format_option
def invalidate(
    distribution: str,
    paths: list[str],
    tags: list[str],
    everything: bool,
    config: str | None,
    state_dir: str | None,
    output: str,
) -> None:
    """Make DISTRIBUTION (id, host name or alias) fetch what is at PATH anew, in all variants. Waits until every worker
    has it, and says how long that took.

    A path may end with *; quote it then, or the shell puts file names there. One with a query is that query's alone;
    the query is part of what a * covers.

    \b
    Examples:
      edgeplane invalidate EFBA7GBYGU2VI6 /index.html '/images/*'
      edgeplane invalidate www.example.net --tag product-17
      edgeplane invalidate www.example.net --all
    Exit codes: 0 no worker answers with it any more; 1 the node said no.
    """
    if not (paths or tags or everything):
        raise click.UsageError("name a path or a --tag, or say --all")
    if everything and (paths or tags):
        raise click.UsageError("--all is everything that the distribution has: leave out paths and --tag, or --all")
    request = {"distribution": distribution, "paths": paths, "tags": tags, "all": everything}
    with refusals(output):
        started = time.monotonic()
        reply = call(state_dir_of(config, state_dir), "invalidate", timeout=SECONDS, **request)
        taken = 1000 * (time.monotonic() - started)
    if output == "json":
        print_json({"faults": [], **reply, "milliseconds": round(taken, 1)})
    else:
        print_line(f"{_said(paths, tags, everything)} of {reply['distribution']}: {_workers(reply)}, {taken:.1f} ms")


def _said(paths: list[str], tags: list[str], everything: bool) -> str:
    if everything:
        return "everything"
    parts = [(len(paths), "path"), (len(tags), "tag")]
    return ", ".join(counted(number, noun) for number, noun in parts if number)


def _workers(reply: dict[str, Any]) -> str:
    return f"fetched anew by all of {counted(reply.get('workers', 0), 'worker')}"
