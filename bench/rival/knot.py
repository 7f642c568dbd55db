"""Knot DNS: one UDP worker. It has no rate limiting, cookies or query log unless their modules are loaded."""

from __future__ import annotations

import signal
from pathlib import Path

from measure.machine import first_line
from rival import Content, Setup, write


def prepare(folder: Path, port: int, content: Content) -> Setup:
    zones = "".join(f'  - domain: "{origin}"\n    file: "{path}"\n' for origin, path in content.zones.items())
    text = f"""\
server:
    rundir: "{folder}"
    pidfile: "{folder}/knot.pid"
    listen: "127.0.0.1@{port}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{folder}/db"
log:
  - target: stderr
    any: error
template:
  - id: default
    storage: "{folder}"
    semantic-checks: off
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
zone:
{zones}"""
    configs = write(folder / "knot.conf", text)
    return Setup(["/usr/sbin/knotd", "-c", str(folder / "knot.conf")], configs, signal.SIGHUP)


def version() -> str:
    return first_line("/usr/sbin/knotd", "-V")
