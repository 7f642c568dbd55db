"""The command line: one file a noun, each imported when its command is used."""

from __future__ import annotations

import click

from edgeplane.cli.lazy import LazyGroup

COMMANDS = {
    "serve": "Run a node in the foreground: SIGHUP reloads, SIGTERM drains and ends.",
    "check": "Check settings, templates, zones, permissions and addresses; print every fault with its place.",
    "status": "Print what the running node serves, since when, and how its processes fare.",
    "reload": "Have the running node read its configuration again; "
    "waits, and prints the new generation or every fault.",
    "health": "Print the health checks: state, since when, and the last reason.",
    "resource": "What the running node serves, as resources.",
    "distribution": "The distributions that the running node serves.",
    "invalidate": "Make DISTRIBUTION (id, host name or alias) fetch what is at PATH anew, in all variants.",
    "cache": "What the running node keeps, in memory and on disk.",
    "sign": "Sign URLs and cookies for behaviours with TrustedKeyGroups; needs no node.",
    "explain": "Say why the node answers as it does.",
    "plan": "Build plan files, and have a running node serve them.",
    "zone": "Check zone files, export zones.",
    "version": "Print the version of edgeplane, its core and the Python that runs it.",
    "completion": "Print a script that teaches a shell to complete edgeplane's commands.",
}
"""Command, in a module of its name → the first sentence of its help; in the order of the help."""


def _say_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from edgeplane import __version__

        click.echo(f"edgeplane {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    package=__name__,
    said=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Show the version and exit.",
)
def root() -> None:
    """Authoritative DNS with routing policies and health checks, and an HTTP cache, on your own hosts.

    \b
    A first look:
      edgeplane check config/examples/site/edgeplane.toml
      edgeplane serve config/examples/site/edgeplane.toml
      edgeplane explain dns www.example.net A --client 192.0.2.7
      edgeplane distribution list -c config/examples/site/edgeplane.toml

    Exit codes: 0 done; 1 content is wrong or the node said no; 2 settings of the host or arguments are wrong.
    """
