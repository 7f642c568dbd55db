"""`edgeplane check`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from edgeplane.cli.core import trial
from edgeplane.cli.node import config_given
from edgeplane.cli.output import format_option, print_faults, print_json, print_line, print_table
from edgeplane.config import Settings, default_path, load
from edgeplane.config.addresses import addresses
from edgeplane.config.kinds import Listen
from edgeplane.config.sockets import holders, is_local
from edgeplane.config.validation import written
from edgeplane.edge.reach import refused_origins, unserved_https
from edgeplane.edge.types import host_name
from edgeplane.errors import ConfigError, EdgeplaneError, Fault, FaultsError
from edgeplane.node.source import read_content
from edgeplane.observe.words import counted

OWN = "its addresses are held by the node that runs with this state_dir; `edgeplane reload` has it read this"
"""Said once, however many sockets the node has."""

COLUMNS = ("name", "records", "names", "serial", "octets")


@dataclass
class Found:
    """What a check has found so far. path: the configuration. code: 0, 1 for content, 2 for the host."""

    path: Path
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    zones: list[dict[str, Any]] = field(default_factory=list)
    distributions: list[dict[str, Any]] = field(default_factory=list)
    code: int = 0

    def add(self, error: EdgeplaneError, place: str) -> None:
        """Keeps an error's faults."""
        self.faults += error.faults if isinstance(error, FaultsError) else [Fault(place, 0, str(error))]
        self.code = max(self.code, error.exit_code)

    def warn(self, warning: Fault) -> None:
        """Keeps a warning, once: a node has a socket for each thread."""
        if warning not in self.warnings:
            self.warnings.append(warning)


@click.command()
@config_given
@format_option
def check(config: str | None, output: str) -> None:
    """Check settings, templates, zones, permissions and addresses; print every fault with its place.

    Nothing is bound and nothing that is served changes. Without CONFIG: the file that EDGEPLANE_CONFIG names, else
    ./edgeplane.toml, else /etc/edgeplane/edgeplane.toml.

    \b
    Example:
      edgeplane check config/examples/site/edgeplane.toml
    Exit codes: 0 all is well; 1 content is wrong; 2 settings of the host are wrong.
    """
    found = check_all(default_path(config))
    if output == "json":
        print_json(_document(found))
    else:
        _print(found)
    sys.exit(found.code)


def check_all(path: Path) -> Found:
    """Everything that can be known without serving."""
    found = Found(path)
    try:
        settings = load(path)
    except ConfigError as error:
        found.add(error, str(path))
        return found
    for step in (_check_host, _check_content):
        try:
            step(path, settings, found)
        except EdgeplaneError as error:
            found.add(error, str(path))
    return found


def _check_host(path: Path, settings: Settings, found: Found) -> None:
    faults = [
        *_directory_faults(str(path), "node.state_dir", settings.node.state_dir),
        *_log_faults(str(path), "dns.query_log.path", settings.dns.query_log.path),
        *_log_faults(str(path), "edge.access_log.path", settings.edge.access_log.path),
        *(_directory_faults(str(path), "edge.disk.path", disk) if (disk := settings.edge.disk.path) else ()),
    ]
    for at, address, protocols in addresses(settings):
        key = written(at)
        if not is_local(address.host):
            faults.append(Fault(str(path), 0, f"{key}: no interface of this host has {address.host}"))
        faults += _taken(str(path), key, address, protocols, settings.node.state_dir, found)
    found.warnings += _privileged(str(path), settings)
    if faults:
        raise ConfigError(dict.fromkeys(faults))


def _check_content(path: Path, settings: Settings, found: Found) -> None:
    current = settings.node.state_dir / "plans" / "current.plan"
    source = read_content(path.absolute(), settings)
    report = trial(source, current if os.access(current, os.R_OK) else None)
    found.zones += report.get("zones", [])
    found.warnings += map(Fault.from_document, report.get("warnings", []))
    found.distributions += [
        {"id": each.id, "name": host_name(each.id, settings.edge.domain), "path": each.path}
        for each in source.edge.distributions
    ]
    for warning in (*refused_origins(source.edge, settings.edge), *unserved_https(source.edge, settings.edge)):
        found.warn(warning)
    if found.distributions and not (settings.edge.http or settings.edge.https):
        found.warn(Fault(str(path), 0, "no distribution is served: edge.http and edge.https name no address"))
    if not (found.zones or found.distributions or os.path.exists(current)):
        found.warn(Fault(str(path), 0, "no zone is served: name templates or dns.zone_files, or apply a plan"))


def _taken(
    place: str, key: str, address: Listen, protocols: tuple[str, ...], state_dir: Path, found: Found
) -> Iterator[Fault]:
    """A fault for each holder; a warning where that is the node which this configuration runs."""
    for protocol in protocols:
        for holder in holders(*address, protocol):
            if any(_has_open(pid, state_dir) for pid in holder.pids):
                found.warn(Fault(place, 0, OWN))
            else:
                yield Fault(place, 0, f"{key}: {protocol.upper()} {address} is held by {holder}")


def _has_open(pid: int, state_dir: Path) -> bool:
    """Whether a process holds the lock of a state directory."""
    try:
        links = [os.readlink(each.path) for each in os.scandir(f"/proc/{pid}/fd")]
    except OSError:
        return False
    return str(state_dir.resolve() / "lock") in links


def _directory_faults(place: str, key: str, directory: Path) -> Iterator[Fault]:
    """The directory, or the nearest one above it that is there, must let this user write."""
    there = next(path for path in (directory, *directory.parents) if path.exists())
    if not there.is_dir():
        yield Fault(place, 0, f"{key}: {there} is no directory; name another")
    elif not os.access(there, os.W_OK | os.X_OK):
        yield Fault(place, 0, f"{key}: {there} may not be written by this user; change its owner or name another")


def _log_faults(place: str, key: str, log: Path | None) -> Iterator[Fault]:
    """A log can be made where its folder is there and lets this user write."""
    if log is None:
        return
    if log.exists():
        if log.is_dir() or not os.access(log, os.W_OK):
            yield Fault(place, 0, f"{key}: {log} is no file that this user may write; name another")
    elif not log.parent.is_dir():
        yield Fault(place, 0, f"{key}: {log.parent} is no directory; make it, or name another")
    else:
        yield from _directory_faults(place, key, log.parent)


def _privileged(place: str, settings: Settings) -> Iterator[Fault]:
    """Ports that need CAP_NET_BIND_SERVICE where this user has no such right."""
    try:
        lowest = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    except (OSError, ValueError):
        lowest = 1024
    if os.geteuid() == 0:
        return
    for at, address, _ in addresses(settings):
        if address.port < lowest:
            said = f"{written(at)}: port {address.port} needs CAP_NET_BIND_SERVICE, which the systemd unit grants"
            yield Fault(place, 0, said)


def _document(found: Found) -> dict[str, Any]:
    return {
        "config": str(found.path),
        "faults": [fault.document() for fault in found.faults],
        "warnings": [warning.document() for warning in found.warnings],
        "zones": found.zones,
        "distributions": found.distributions,
    }


def _print(found: Found) -> None:
    print_faults(found.faults)
    print_faults(found.warnings, "warning: ")
    if found.zones:
        print_table(
            [name.upper() for name in COLUMNS], ([zone.get(name, "") for name in COLUMNS] for zone in found.zones)
        )
    if found.zones and found.distributions:
        print_line("")
    if found.distributions:
        print_table(["DISTRIBUTION", "HOST NAME"], ([each["id"], each["name"]] for each in found.distributions))
    if found.faults:
        print_line(f"{found.path}: {counted(len(found.faults), 'fault')}", err=True)
    else:
        parts = [counted(len(found.zones), "zone")]
        parts += [counted(len(found.distributions), "distribution")] if found.distributions else []
        print_line(f"ok: {found.path}: {', '.join(parts)}, {counted(len(found.warnings), 'warning')}")
