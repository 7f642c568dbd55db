"""`edgeplane plan build`, `apply` and `diff`: the same plan on a second node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from edgeplane.cli import core
from edgeplane.cli.node import node_options, state_dir_of
from edgeplane.cli.output import format_option, print_faults, print_json
from edgeplane.config import default_path
from edgeplane.dns.source import read_source
from edgeplane.errors import EdgeplaneError, Fault
from edgeplane.node.client import call
from edgeplane.node.plans import difference, read_envelope

SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@click.group()
def plan() -> None:
    """Build plan files, and have a running node serve them."""


@plan.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("-c", "--config", envvar="EDGEPLANE_CONFIG", type=click.Path(dir_okay=False), help="What to build.")
@click.option(
    "-g", "--generation", type=click.IntRange(1), help="Its number. [default: one above the plan that is served here]"
)
@format_option
def build(file: Path, config: str | None, generation: int | None, output: str) -> None:
    """Compile the configuration into FILE, to be carried to other nodes.

    A node takes a plan only if its generation is above its own.

    \b
    Example:
      edgeplane plan build site.plan -c config/examples/site/edgeplane.toml
    """
    source = read_source(default_path(config))
    current = source.settings.node.state_dir / "plans" / "current.plan"
    served = current if current.exists() else None
    number = generation or 1 + (read_envelope(served)["generation"] if served else 0)
    report = core.compile_plan(source, number, file.absolute(), served)
    print_faults(map(Fault.from_document, report.get("warnings", [])), "warning: ")
    if output == "json":
        print_json({"path": str(file), "generation": number, **report})
    else:
        click.echo(f"{file}: generation {number}, {len(report.get('zones', []))} zones, {file.stat().st_size} octets")


@plan.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
@node_options
@format_option
def apply(file: Path, diff: bool, config: str | None, state_dir: str | None, output: str) -> None:
    """Have the running node serve the plan in FILE, after checking it whole.

    \b
    Examples:
      edgeplane plan apply site.plan --diff
      edgeplane plan apply site.plan
    """
    directory = state_dir_of(config, state_dir)
    if diff:
        _print_difference(difference(_served(directory), read_envelope(file)), output)
        return
    reply = call(directory, "apply", path=str(file.absolute()))
    if output == "json":
        print_json(reply)
    else:
        click.echo(f"generation {reply.get('generation')} is served")


@plan.command("diff")
@node_options
@format_option
def diff_(config: str | None, state_dir: str | None, output: str) -> None:
    """Print what a reload of the running node would change.

    \b
    Example:
      edgeplane plan diff -c config/examples/site/edgeplane.toml
    """
    _print_difference(call(state_dir_of(config, state_dir), "diff"), output)


def _served(directory: Path) -> dict[str, Any]:
    """The envelope that is served, or that would be at the next start."""
    current = directory / "plans" / "current.plan"
    if not current.exists():
        raise EdgeplaneError(f"{current} is not there: nothing was served yet, so everything would change")
    return read_envelope(current)


def _print_difference(found: dict[str, Any], output: str) -> None:
    if output == "json":
        print_json(found)
        return
    lines = [
        f"{SIGNS[how]} {kind} {name}"
        for kind, plural in (("zone", "zones"), ("health check", "checks"))
        for how in SIGNS
        for name in found[plural][how]
    ]
    lines += [f"~ setting {key}" for key in found["settings"]]
    lines += [line for zone in found.get("changes", []) for line in _record_sets(zone)]
    click.echo("\n".join(lines) or "nothing would change")


def _record_sets(zone: dict[str, Any]) -> Iterator[str]:
    """What changes inside one zone, and how many more changes were not listed."""
    yield from (f"{sign} record set {name}" for how, sign in SIGNS.items() for name in zone[how])
    if zone["more"]:
        yield f"… {zone['more']} more in {zone['zone']}"
