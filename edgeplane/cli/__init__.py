"""The command line: one file a noun, each imported when its command is used."""

from __future__ import annotations

import click

from edgeplane import __version__
from edgeplane.cli.lazy import LazyGroup

COMMANDS = {
    "serve": "edgeplane.cli.serve:serve",
    "check": "edgeplane.cli.check:check",
    "status": "edgeplane.cli.status:status",
    "reload": "edgeplane.cli.reload:reload",
    "health": "edgeplane.cli.health:health",
    "resource": "edgeplane.cli.resource:resource",
    "distribution": "edgeplane.cli.distribution:distribution",
    "invalidate": "edgeplane.cli.invalidate:invalidate",
    "cache": "edgeplane.cli.cache:cache",
    "sign": "edgeplane.cli.sign:sign",
    "explain": "edgeplane.cli.explain:explain",
    "plan": "edgeplane.cli.plan:plan",
    "zone": "edgeplane.cli.zone:zone",
    "version": "edgeplane.cli.version:version",
    "completion": "edgeplane.cli.completion:completion",
}
"""Command → "module:attribute", in the order of the help."""


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
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
