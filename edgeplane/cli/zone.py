"""`edgeplane zone check` and `edgeplane zone export`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from edgeplane.cli import core
from edgeplane.cli.check import COLUMNS
from edgeplane.cli.lazy import NearestGroup
from edgeplane.cli.node import node_options, state_dir_of
from edgeplane.cli.output import format_option, print_faults, print_json, print_table
from edgeplane.dns.name import canonical
from edgeplane.errors import EdgeplaneError, Fault

_DECIMAL = re.compile(r"\\(?:([0-9]{3})|[^0-9])")


def domain_name(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A callback of click: the canonical form of a name of a master file; a usage error where it is none."""
    try:
        return None if value is None else canonical(_DECIMAL.sub(_octal, value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _octal(escape: re.Match[str]) -> str:
    r"""`\046` as master files write an octet (RFC 1035 section 5.1) → as Route 53 does."""
    if not escape[1]:
        return escape[0]
    if int(escape[1]) > 255:
        raise ValueError(f"{escape[0]} is no octet")
    return f"\\{int(escape[1]):03o}"


@click.group(cls=NearestGroup)
def zone() -> None:
    """Check zone files, export zones."""


@zone.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--origin",
    callback=domain_name,
    metavar="NAME",
    help="The zone's name where the file has no $ORIGIN and another name.",
)
@format_option
def check(file: Path, origin: str | None, output: str) -> None:
    """Check one zone file by itself; needs no configuration.

    \b
    Examples:
      edgeplane zone check config/examples/site/zones/example.org.zone
      edgeplane zone check db.example --origin example.org
    Exit codes: 0 it can be served; 1 it cannot.
    """
    report = core.compile_zone_file(file, origin)
    if output == "json":
        print_json({"zones": report.get("zones", []), "warnings": report.get("warnings", [])})
        return
    print_faults(map(Fault.from_document, report.get("warnings", [])), "warning: ")
    rows = ([zone.get(name, "") for name in COLUMNS] for zone in report.get("zones", []))
    print_table([name.upper() for name in COLUMNS], rows)


@zone.command("export")
@click.argument("name", callback=domain_name)
@node_options
def export(name: str, config: str | None, state_dir: str | None) -> None:
    """Print a zone that is served as a master file (RFC 1035); comments tell the routing policies.

    \b
    Example:
      edgeplane zone export example.net -c config/examples/site/edgeplane.toml > example.net.zone
    """
    plan = state_dir_of(config, state_dir) / "plans" / "current.plan"
    if not plan.exists():
        raise EdgeplaneError(f"{plan} is not there: nothing was served yet; run edgeplane serve first")
    click.echo(core.export_zone(plan, name), nl=False)
