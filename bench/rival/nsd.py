"""NSD: one server process; minimal answers, as the others give them."""

from __future__ import annotations

import signal
from pathlib import Path

from measure.machine import first_line
from rival import Content, Setup, write


def prepare(folder: Path, port: int, content: Content) -> Setup:
    zones = "".join(f'zone:\n    name: "{origin}"\n    zonefile: "{path}"\n' for origin, path in content.zones.items())
    text = f"""\
server:
    server-count: 1
    ip-address: 127.0.0.1@{port}
    username: ""
    chroot: ""
    database: ""
    pidfile: "{folder}/nsd.pid"
    zonesdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    logfile: "{folder}/nsd.log"
    verbosity: 0
    statistics: 0
    minimal-responses: yes
    round-robin: no
    rrl-ratelimit: 0
    answer-cookie: no
    tcp-count: 10
remote-control:
    control-enable: no
{zones}"""
    configs = write(folder / "nsd.conf", text)
    return Setup(["/usr/sbin/nsd", "-d", "-c", str(folder / "nsd.conf")], configs, signal.SIGHUP)


def version() -> str:
    return first_line("/usr/sbin/nsd", "-v")
