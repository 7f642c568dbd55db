"""N9: when everything looks dead, everything is answered; a target that flaps moves slowly; a dead checker is seen."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from ..running import until

ENDPOINTS = 3
THRESHOLD = 2
SITE = "Resources:\n  Zone: {Type: 'AWS::Route53::HostedZone', Properties: {Name: example.net}}\n"
ENDPOINT = """\
  Check{n}:
    Type: AWS::Route53::HealthCheck
    Properties:
      HealthCheckConfig:
        {{Type: TCP, IPAddress: 127.0.0.1, Port: {port}, RequestInterval: 1, FailureThreshold: {threshold}}}
  Set{n}:
    Type: AWS::Route53::RecordSet
    Properties: {{HostedZoneId: !Ref Zone, Name: www.example.net, Type: A, TTL: 5, SetIdentifier: "{n}",
      MultiValueAnswer: true, HealthCheckId: !Ref Check{n}, ResourceRecords: [192.0.2.{n}]}}
"""


class Target:
    """A TCP service on a port of its own that can be up or down."""

    def __init__(self) -> None:
        # Bound and not listening: connections are refused, and the port stays ours.
        self.place = socket.socket()
        self.place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.place.bind(("127.0.0.1", 0))
        self.port = self.place.getsockname()[1]
        self.up()

    def up(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64, reuse_port=True)
        threading.Thread(target=_accept, args=(self.listener,), daemon=True).start()

    def down(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def close(self) -> None:
        self.listener.close()
        self.place.close()


def _accept(listener: socket.socket) -> None:
    while True:
        try:
            listener.accept()[0].close()
        except OSError:
            return


NAMES, SETS = 125, 8
STREET = """\
  Check{n}:
    Type: AWS::Route53::HealthCheck
    Properties: {{HealthCheckConfig: {{Type: HTTP, IPAddress: {house}, Port: {port}, RequestInterval: 2,
      FailureThreshold: 2}}}}
  Set{n}:
    Type: AWS::Route53::RecordSet
    Properties: {{HostedZoneId: !Ref Zone, Name: "{name}.example.net", Type: A, TTL: 5, SetIdentifier: "{n}",
      MultiValueAnswer: true, HealthCheckId: !Ref Check{n}, ResourceRecords: [{house}]}}
"""


class Street:
    """An HTTP service on every address of 127.3.0.0/16; it answers 503 where the last number is below `dark`."""

    def __init__(self) -> None:
        self.dark = 0
        self.listener = socket.socket()
        # Every address, but from nowhere else.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        self.listener.bind(("", 0))
        self.port = self.listener.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=[self._serve()])
        self.thread.start()

    async def _serve(self) -> None:
        self.closed = asyncio.Event()
        async with await asyncio.start_server(self._answer, sock=self.listener, backlog=1024):
            await self.closed.wait()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        house = int(writer.get_extra_info("sockname")[0].rpartition(".")[2])
        status = b"503 Dark" if house < self.dark else b"200 OK"
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        except (OSError, EOFError):
            pass  # Whoever asks may go away.
        finally:
            writer.close()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.closed.set)
        self.thread.join()
        self.loop.close()


def houses(number: int) -> list[str]:
    """The addresses behind a name."""
    return [f"127.3.{number}.{house}" for house in range(SETS)]


def test_a_thousand_checks_that_fail_together_are_followed_and_fail_open(make_node):
    """With half of what each name has failing it answers the other half, with all failing everything."""
    street = Street()
    numbered = enumerate((number, house) for number in range(NAMES) for house in houses(number))
    sets = [STREET.format(n=n, name=f"n{number}", house=house, port=street.port) for n, (number, house) in numbered]
    try:
        node = make_node({"site.yaml": SITE + "".join(sets)}).start()
        for street.dark in (0, SETS // 2, SETS, SETS // 2, 0):
            until(lambda: unhealthy(node) == NAMES * street.dark, node)
            lit = slice(street.dark % SETS, None)
            for number in range(NAMES):
                # The checker knows a state before it has published it, many at a time.
                name, expected = f"n{number}.example.net", set(houses(number)[lit])
                until(lambda name=name, expected=expected: set(node.answers(name)) == expected, node)
    finally:
        street.close()


def unhealthy(node) -> int:
    return sum(check["state"] == "unhealthy" for check in node.do("health"))


@pytest.fixture
def targets() -> Iterator[list[Target]]:
    made = [Target() for _ in range(ENDPOINTS)]
    yield made
    for target in made:
        target.close()


@pytest.fixture
def node(make_node, targets):
    template = SITE + "".join(
        ENDPOINT.format(n=n, port=target.port, threshold=THRESHOLD) for n, target in enumerate(targets, 1)
    )
    node = make_node({"site.yaml": template}).start()
    until(lambda: len(addresses(node)) == ENDPOINTS, node)
    return node


def addresses(node) -> set[str]:
    return set(node.answers("www.example.net"))


def states(node) -> set[str]:
    return {check["state"] for check in node.do("health")}


def heartbeat_age(node) -> float:
    found = re.search(r"^edgeplane_health_heartbeat_age_seconds (\S+)$", node.get("/metrics")[1], re.MULTILINE)
    return float(found[1]) if found else -1.0


def test_all_targets_down_gives_all_endpoints(node, targets):
    """Fail open: with one target up it alone is answered, with none up all are, and one that returns stands alone."""
    targets[0].down()
    targets[1].down()
    until(lambda: addresses(node) == {"192.0.2.3"}, node)
    targets[2].down()
    until(lambda: states(node) == {"unhealthy"}, node)
    until(lambda: len(addresses(node)) == ENDPOINTS, node)
    targets[0].up()
    until(lambda: addresses(node) == {"192.0.2.1"}, node)


def test_a_flapping_target_moves_at_most_once_a_threshold(node, targets):
    """A target that is up and down by turns twice a second changes its state at most once in THRESHOLD seconds."""
    begun = time.monotonic()
    for turn in range(16):
        targets[0].up() if turn % 2 else targets[0].down()
        time.sleep(0.5)
    windows = (time.monotonic() - begun) / THRESHOLD
    moved = next(check for check in node.do("health", transitions=100) if check["path"].endswith("Check1"))
    assert len(moved["transitions"]) - 1 <= windows + 1, "the first is the one from unknown"
    assert len(addresses(node)) >= ENDPOINTS - 1


def test_a_checker_that_died_or_hangs_is_seen_and_costs_no_answer(node, targets):
    """The last state is kept; the heartbeat's age rises in metrics; the next checker goes on."""
    targets[0].down()
    until(lambda: addresses(node) == {"192.0.2.2", "192.0.2.3"}, node)
    checker = node.child("checker")
    os.kill(checker, signal.SIGSTOP)
    targets[1].down()
    until(lambda: heartbeat_age(node) > 3, node)
    assert node.do("status")["heartbeat_age"] > 3
    assert addresses(node) == {"192.0.2.2", "192.0.2.3"}, "what was known last"
    os.kill(checker, signal.SIGKILL)
    assert addresses(node) == {"192.0.2.2", "192.0.2.3"}
    until(lambda: addresses(node) == {"192.0.2.3"}, node)
    assert 0 <= heartbeat_age(node) < 3
