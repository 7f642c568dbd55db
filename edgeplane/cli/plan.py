"""`edgeplane plan build`, `apply` and `diff`: the same plan on a second node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from edgeplane.cli import core
from edgeplane.cli.lazy import NearestGroup
from edgeplane.cli.node import config_option, node_options, state_dir_of
from edgeplane.cli.output import format_option, print_faults, print_json, print_line, refusals
from edgeplane.config import default_path
from edgeplane.errors import ContentError, EdgeplaneError, Fault, FaultsError
from edgeplane.node import limits
from edgeplane.node.client import call
from edgeplane.node.plans import difference, kept_plan, read_envelope
from edgeplane.node.source import read_source
from edgeplane.observe.words import counted

SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@click.group(cls=NearestGroup)
def plan() -> None:
    """Build plan files, and have a running node serve them."""


@plan.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@config_option("What to build.")
@click.option(
    "-g",
    "--generation",
    type=click.IntRange(1, limits.LAST_GENERATION),
    help="Its number. [default: one above the plan that is served here]",
)
@format_option
def build(file: Path, config: str | None, generation: int | None, output: str) -> None:
    """Compile the configuration into FILE, to be carried to other nodes.

    A node takes a plan only if its generation is above its own.

    \b
    Example:
      edgeplane plan build site.plan -c config/examples/site/edgeplane.toml
    """
    with refusals(output):
        report = _build(file, default_path(config), generation)
    if output == "json":
        print_json({"path": str(file), "faults": [], **report})
        return
    print_faults(map(Fault.from_document, report.get("warnings", [])), "warning: ")
    zones = counted(len(report.get("zones", [])), "zone")
    print_line(f"{file}: generation {report['generation']}, {zones}, {file.stat().st_size} octets")


def _build(file: Path, config: Path, generation: int | None) -> dict[str, Any]:
    folder = file.absolute().parent
    if not folder.is_dir():
        raise EdgeplaneError(f"{folder} is no directory; make it, or name another file")
    source = read_source(config)
    served = kept_plan(source.settings.node.state_dir)
    number = generation or 1 + (read_envelope(served)["generation"] if served else 0)
    return {"generation": number, **core.compile_plan(source, number, file.absolute(), served)}


@plan.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
@click.option("--force", is_flag=True, help="Even where the node's own content comes back at its next reload or start.")
@node_options
@format_option
def apply(file: Path, diff: bool, force: bool, config: str | None, state_dir: str | None, output: str) -> None:
    """Have the running node serve the plan in FILE, after checking it whole.

    It is for nodes whose configuration names no templates and no zone files: those serve it over reloads and restarts.

    \b
    Examples:
      edgeplane plan apply site.plan --diff
      edgeplane plan apply site.plan
    """
    with refusals(output):
        directory = state_dir_of(config, state_dir)
        if diff:
            _print_difference(_difference(_served(directory), file), output)
            return
        _refuse_other_files(file)
        with _as_named(directory.absolute() / "plans" / "next.plan", file):
            reply = call(directory, "apply", path=str(file.absolute()), force=force)
    if output == "json":
        print_json({"faults": [], **reply})
    else:
        print_line(f"generation {reply.get('generation')} is served")


@plan.command("diff")
@node_options
@format_option
def diff_(config: str | None, state_dir: str | None, output: str) -> None:
    """Print what a reload of the running node would change.

    \b
    Example:
      edgeplane plan diff -c config/examples/site/edgeplane.toml
    """
    with refusals(output):
        _print_difference(call(state_dir_of(config, state_dir), "diff"), output)


@contextmanager
def _as_named(copy: Path, file: Path) -> Iterator[None]:
    """Faults that the node found in its own copy of a file are the file's."""
    try:
        yield
    except FaultsError as error:
        old, new = str(copy), str(file)
        raise ContentError(
            Fault(fault.place.replace(old, new), fault.line, fault.message.replace(old, new)) for fault in error.faults
        ) from None


def _refuse_other_files(file: Path) -> None:
    """Before a node copies it: what is no regular file, or has not the head and the length of a plan."""
    if not file.is_file():
        raise EdgeplaneError(f"{file} is no regular file")
    read_envelope(file)


def _served(directory: Path) -> Path:
    """The plan that is served, or that would be at the next start."""
    if current := kept_plan(directory):
        return current
    raise EdgeplaneError(f"{directory / 'plans'} has no plan: nothing was served yet, so everything would change")


def _difference(served: Path, file: Path) -> dict[str, Any]:
    """What applying a plan file would change. Raises ContentError where the file is not whole."""
    changes = core.plan_changes(served, file)
    return {**difference(read_envelope(served), read_envelope(file)), "changes": changes}


def _print_difference(found: dict[str, Any], output: str) -> None:
    if output == "json":
        print_json(found)
        return
    lines = [
        f"{SIGNS[how]} {kind} {name}"
        for kind, plural in (("zone", "zones"), ("health check", "checks"), ("resource", "edge"))
        for how in SIGNS
        for name in found.get(plural, {}).get(how, [])
    ]
    lines += [f"~ setting {key}" for key in found["settings"]]
    lines += [f"~ setting {key}, which takes a restart" for key in found.get("restart", [])]
    lines += [line for zone in found.get("changes", []) for line in _record_sets(zone)]
    for line in lines or ["nothing would change"]:
        print_line(line)


def _record_sets(zone: dict[str, Any]) -> Iterator[str]:
    """What changes inside one zone, and how many more changes were not listed."""
    yield from (f"{sign} record set {name}" for how, sign in SIGNS.items() for name in zone[how])
    if zone["more"]:
        yield f"… {zone['more']} more in {zone['zone']}"
