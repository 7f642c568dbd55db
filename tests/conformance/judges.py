"""Other servers, started on loopback ports with the zones of a test: BIND, Knot DNS and NSD."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import dns.message
import dns.query
import pytest

from ..running import free_port

START_S = 20.0
"""Time in which a server must answer for the last of its zones."""
IDENTITY = "judged"
NSID = b"judged-nsid"
PAYLOAD = 1232
"""Octets of the largest UDP answer, on all sides."""


@dataclass
class Judge:
    """A running server. `name`: bind, knot or nsd."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def close(self) -> None:
        """Ends it, and waits until it has ended."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)


def bind(directory: Path, port: int, zones: Mapping[str, Path]) -> list[str]:
    """Writes BIND's configuration; gives the command."""
    options = f"""
options {{
  directory "{directory}"; managed-keys-directory "{directory}"; pid-file none; session-keyfile none; lock-file none;
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; allow-query {{ any; }}; notify no; empty-zones-enable no; dnssec-validation no; answer-cookie no;
  minimal-responses no-auth; minimal-any no; zero-no-soa-ttl no; max-udp-size {PAYLOAD}; edns-udp-size {PAYLOAD};
  server-id "{IDENTITY}"; check-integrity no; check-names primary ignore; check-mx ignore; check-mx-cname ignore;
  check-srv-cname ignore; check-sibling no; check-wildcard no; check-spf ignore;
}};
controls {{ }};
"""
    stanzas = [f'zone "{name}" {{ type primary; file "{path}"; }};\n' for name, path in zones.items()]
    (directory / "named.conf").write_text(options + "".join(stanzas))
    return [program("named", "bind9"), "-g", "-n", "1", "-c", str(directory / "named.conf")]


def knot(directory: Path, port: int, zones: Mapping[str, Path]) -> list[str]:
    """Writes Knot's configuration; gives the command."""
    head = f"""
server:
    rundir: "{directory}"
    listen: 127.0.0.1@{port}
    identity: {IDENTITY}
    nsid: {NSID.decode()}
    udp-max-payload: {PAYLOAD}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: "{directory}"
template:
  - id: default
    storage: "{directory}"
    journal-content: none
    zonefile-load: whole
    zonefile-sync: -1
    semantic-checks: off
zone:
"""
    stanzas = [f'  - domain: {name}\n    file: "{path}"\n' for name, path in zones.items()]
    (directory / "knot.conf").write_text(head + "".join(stanzas))
    return [program("knotd", "knot"), "-c", str(directory / "knot.conf")]


def nsd(directory: Path, port: int, zones: Mapping[str, Path]) -> list[str]:
    """Writes NSD's configuration; gives the command."""
    head = f"""
server:
    ip-address: 127.0.0.1@{port}
    server-count: 1
    username: ""
    zonesdir: "{directory}"
    database: ""
    zonelistfile: "{directory}/zone.list"
    xfrdfile: "{directory}/xfrd.state"
    xfrdir: "{directory}"
    pidfile: ""
    identity: "{IDENTITY}"
    nsid: "ascii_{NSID.decode()}"
    refuse-any: no
    minimal-responses: no
    rrl-ratelimit: 0
    ipv4-edns-size: {PAYLOAD}
    tcp-count: 50
remote-control:
    control-enable: no
"""
    stanzas = [f'zone:\n    name: "{name}"\n    zonefile: "{path}"\n' for name, path in zones.items()]
    (directory / "nsd.conf").write_text(head + "".join(stanzas))
    return [program("nsd", "nsd"), "-d", "-c", str(directory / "nsd.conf")]


SERVERS = {"bind": bind, "knot": knot, "nsd": nsd}


def program(name: str, package: str) -> str:
    """The path of a server. Without it no verdict can be had: that is a failure, not something to pass over."""
    found = shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        pytest.fail(f"{name} is missing; install what tests use: sudo make packages (or: apt install {package})")
    return found


@contextlib.contextmanager
def judges(directory: Path, zones: Mapping[str, str], who: Iterable[str]) -> Iterator[dict[str, Judge]]:
    """Servers with the same zones (name → zone file text); ended with the block."""
    (directory / "zones").mkdir(parents=True)
    paths = {name: directory / "zones" / f"{number}.zone" for number, name in enumerate(zones)}
    for name, path in paths.items():
        path.write_text(zones[name])
    with contextlib.ExitStack() as stack:
        running = {}
        for name in who:
            running[name] = start(name, directory, paths)
            stack.callback(running[name].close)
        for judge in running.values():
            ready(judge, list(zones))
        yield running


def start(name: str, directory: Path, zones: Mapping[str, Path]) -> Judge:
    """Starts one server in the foreground."""
    home, port = directory / name, free_port()
    home.mkdir()
    command = SERVERS[name](home, port, zones)
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    return Judge(name, port, process, home / "log")


def ready(judge: Judge, zones: list[str]) -> None:
    """Waits until every zone is answered for; a zone that the server refused would make it no judge."""
    deadline = time.monotonic() + START_S
    missing = zones
    while time.monotonic() < deadline and judge.process.poll() is None:
        missing = [zone for zone in missing if not serves(judge, zone)]
        if not missing:
            return
        time.sleep(0.05)
    tail = judge.log.read_text(errors="replace")[-3000:]
    pytest.fail(f"{judge.name} does not serve {missing[:5]} after {START_S} s:\n{tail}")


def serves(judge: Judge, zone: str) -> bool:
    """Whether the server answers for a zone."""
    query = dns.message.make_query(zone, "SOA")
    try:
        reply = dns.query.udp(query, "127.0.0.1", port=judge.port, timeout=1)
    except (OSError, dns.exception.DNSException):
        return False
    return bool(reply.answer)
