"""`edgeplane serve`."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import click
import uvloop

from edgeplane.cli.node import config_given
from edgeplane.config import Settings, default_path, load
from edgeplane.config.sockets import owner
from edgeplane.node import limits
from edgeplane.node.host import StateLock, raise_open_files
from edgeplane.node.listen import Listeners, activated, bind_all, bind_web, inherited
from edgeplane.node.programs import Programs
from edgeplane.observe import logs

log = logging.getLogger(__name__)


@click.command()
@config_given
def serve(config: str | None) -> None:
    """Run a node in the foreground: SIGHUP reloads, SIGTERM drains and ends.

    \b
    Example:
      edgeplane serve config/examples/site/edgeplane.toml
    Exit codes: 0 ended as told; 1 content wrong and no last good plan kept; 2 settings of the host wrong.
    """
    path = default_path(config)
    settings = load(path)
    logs.set_up(settings.observe.log_format)
    lock = StateLock(settings.node.state_dir)
    raise_open_files()
    threads = settings.node.threads or len(os.sched_getaffinity(0))
    try:
        sys.exit(uvloop.run(_run(path, settings, threads)))
    finally:
        lock.release()


async def _run(path: Path, settings: Settings, threads: int) -> int:
    listeners = bind_web(_listeners(settings, threads), settings.edge, threads, owner)
    from edgeplane._core import HealthTable
    from edgeplane.node.supervisor import Supervisor

    table = HealthTable.create(limits.HEALTH_SLOTS)
    programs = Programs.of(path, settings)
    return await Supervisor(settings, programs, listeners, table.fd).run()


def _listeners(settings: Settings, threads: int) -> Listeners:
    given = activated(inherited(), threads) if "LISTEN_PID" in os.environ else Listeners()
    for address, protocol in given.one_sided():
        log.warning("%s has no %s socket, which DNS needs: add it to the .socket unit", address, protocol)
    return given if given.udp or given.tcp else bind_all(settings.dns.listen, threads, owner)
