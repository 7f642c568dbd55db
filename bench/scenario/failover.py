"""Failover: 1,000 names, primary and secondary, on ten health checks whose targets come and go every second."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measure.dns import Queries
from rival import Content
from scenario import Material, Scenario
from scenario.zone import ipv4, labels, write_lines, write_template, write_zone

ORIGIN = "failover.example."
PORTS = range(5460, 5470)


def make(folder: Path) -> Material:
    names = labels(1000, seed=15)
    sets = [record_set(label, number, role) for number, label in enumerate(names) for role in ("PRIMARY", "SECONDARY")]
    checks = {f"Check{index}": check(port) for index, port in enumerate(PORTS)}
    plain = [f"{label} IN A {ipv4(number)}" for number, label in enumerate(names)]
    return Material(
        content=Content({}, write_template(folder / "failover.json", ORIGIN, sets, **checks)),
        plain=Content({ORIGIN: write_zone(folder / "failover.example.zone", ORIGIN, plain)}),
        traffic=Queries(
            write_lines(folder / "queries", (f"{label}.{ORIGIN} A" for label in names)), f"ready.{ORIGIN} A"
        ),
        alive=flapping,
    )


def record_set(label: str, number: int, role: str) -> dict[str, Any]:
    primary = role == "PRIMARY"
    health = {"HealthCheckId": {"Ref": f"Check{number % len(PORTS)}"}} if primary else {}
    return health | {
        "Name": f"{label}.{ORIGIN}",
        "Type": "A",
        "TTL": "60",
        "SetIdentifier": role.lower(),
        "Failover": role,
        "ResourceRecords": [ipv4(number * 2 + int(primary))],
    }


def check(port: int) -> dict[str, Any]:
    config = {"Type": "TCP", "IPAddress": "127.0.0.1", "Port": port, "RequestInterval": 1, "FailureThreshold": 1}
    return {"Type": "AWS::Route53::HealthCheck", "Properties": {"HealthCheckConfig": config}}


@contextmanager
def flapping() -> Iterator[None]:
    """Targets listen for a second and are gone for a second, odd and even ports in turn."""
    stop = threading.Event()
    thread = threading.Thread(target=_flap, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _flap(stop: threading.Event) -> None:
    turn = 0
    while not stop.is_set():
        open_now = [_listener(port) for port in PORTS if port % 2 == turn % 2]
        stop.wait(1.0)
        for listener in open_now:
            listener.close()
        turn += 1


def _listener(port: int) -> socket.socket:
    """The system completes connections by itself; nobody needs to accept them."""
    return socket.create_server(("127.0.0.1", port), backlog=64)


SCENARIOS = [Scenario("failover", "1,000 names, primary and secondary, ten checks that flap every second", make)]
