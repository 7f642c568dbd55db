"""`edgeplane explain dns` and `explain url`: why this answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from edgeplane.cli import core
from edgeplane.cli.lazy import NearestGroup
from edgeplane.cli.node import node_options, state_dir_of
from edgeplane.cli.output import format_option, print_json, print_line
from edgeplane.cli.url import header, url_argument
from edgeplane.cli.zone import domain_name
from edgeplane.config import default_path
from edgeplane.node.client import NoNode, call
from edgeplane.node.source import read_source

SECONDS = 30.0
UNITS = {"age": "s", "failed_ago": "s", "fresh_for": "s", "remembered_for": "s", "separate_for": "s"}
"""Of numbers whose names in a reply leave it open."""
NO_ZONE = "no zone"
"""What the core found for a name that lies in none of its zones; that step has no serial."""


def _address(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else str(ip_address(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _subnet(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else str(ip_network(value, strict=False))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


class _Explain(NearestGroup):
    def unknown(self, ctx: click.Context, args: list[str]) -> str:
        """A name where `dns` was left out, or a URL where `url` was."""
        kind = "url" if "://" in args[0] else "dns"
        return f"; did you mean: {ctx.command_path} {kind} {' '.join(args)}"


@click.group(cls=_Explain)
def explain() -> None:
    """Say why the node answers as it does."""


@explain.command()
@click.argument("name", callback=domain_name)
@click.argument("rtype", metavar="TYPE", default="A")
@click.option("--client", callback=_address, metavar="IP", help="Source address of the query.")
@click.option("--subnet", callback=_subnet, metavar="CIDR", help="Client subnet of the query (RFC 7871).")
@node_options
@format_option
def dns(
    name: str,
    rtype: str,
    client: str | None,
    subnet: str | None,
    config: str | None,
    state_dir: str | None,
    output: str,
) -> None:
    """Say why NAME and TYPE get their answer: zone, record set, policy, candidates, health, the rule that chose.

    The running node's own selector is asked. Without a node, the configuration is compiled and every health check
    counts as healthy.

    \b
    Examples:
      edgeplane explain dns www.example.net
      edgeplane explain dns geo.example.net TXT --client 198.51.100.7
      edgeplane explain dns ip.example.net TXT --subnet 192.0.2.0/24 -o json
    """
    request = {"name": name, "type": rtype.upper(), "client": client, "subnet": subnet}
    try:
        found = call(state_dir_of(config, state_dir), "explain", timeout=SECONDS, **request)
    except NoNode as error:
        print_line(f"{error}; compiling the configuration instead, every check counts as healthy", err=True)
        found = _offline(default_path(config), request)
    if output == "json":
        print_json(found)
    else:
        for line in lines(found):
            print_line(line)


@explain.command("url")
@url_argument
@click.option("--method", default="GET", show_default=True, metavar="METHOD", help="Of the request.")
@click.option("--header", "headers", multiple=True, callback=header, metavar="'NAME: VALUE'", help="May be repeated.")
@click.option("--client", callback=_address, metavar="IP", help="Address of the client.")
@node_options
@format_option
def url_(
    url: str,
    method: str,
    headers: list[tuple[str, str]],
    client: str | None,
    config: str | None,
    state_dir: str | None,
    output: str,
) -> None:
    """Say what the running node would do with a request for URL: distribution, behaviour, access, key, what is kept
    under it and where, how fresh that is, what would be asked of the origin. Nothing is fetched.

    \b
    Examples:
      edgeplane explain url http://www.example.net/logo.svg
      edgeplane explain url https://www.example.net/api --method POST --header 'Accept: text/html' --client 192.0.2.7
    """
    request = {"url": url, "method": method.upper(), "headers": headers, "client": client}
    found = call(state_dir_of(config, state_dir), "explain_url", timeout=SECONDS, **request)
    if output == "json":
        print_json(found)
    else:
        for line in lines(found):
            print_line(line)


def lines(found: dict[str, Any], indent: str = "", units: Mapping[str, str] = UNITS) -> Iterator[str]:
    """An explanation as text: plain facts first, then each list or map under its name, one level deeper."""
    nested = {key: value for key, value in found.items() if _is_nested(value)}
    unsaid = {*nested, "serial"} if found.get("found") == NO_ZONE else nested
    plain = {key: value for key, value in found.items() if key not in unsaid and value not in (None, "", [])}
    width = max(map(len, plain), default=0)
    yield from (f"{indent}{key:<{width}}  {_text(value)} {units.get(key, '')}".rstrip() for key, value in plain.items())
    for key, value in nested.items():
        for number, each in enumerate(value if isinstance(value, list) else [value], start=1):
            count = f" {number}" if isinstance(value, list) else ""
            yield f"{indent}{key}{count}{'  ← chosen' if each.get('chosen') else ''}"
            yield from lines({part: inner for part, inner in each.items() if part != "chosen"}, indent + "  ", units)


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict) for each in value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _offline(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    source = read_source(path)
    with TemporaryDirectory(prefix="edgeplane-") as folder:
        plan = Path(folder, "explain.plan")
        core.compile_plan(source, 1, plan)
        return core.explain(plan, request)
