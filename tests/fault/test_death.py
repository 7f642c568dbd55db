"""S2, N10: parts die, are killed or are told to end, and what was asked is answered."""

import os
import signal
import socket
import struct
import sys
import time

import dns.message

from ..running import until
from .load import Load

QUERIES = [("www.example.org", "A"), ("example.org", "SOA")]
IN_FLIGHT = 2 * 64
"""Two UDP threads with a batch each."""
IMPATIENT = """\
from edgeplane.node import limits
limits.PING_S = 1.0
from edgeplane.cli import root
root()
"""
"""`edgeplane` that looks at its children every second instead of every five."""


def half_a_query(node) -> tuple[socket.socket, bytes]:
    """A TCP connection that has sent the beginning of a query, and the rest of it."""
    query = dns.message.make_query("www.example.org", "A").to_wire()
    framed = struct.pack("!H", len(query)) + query
    connection = socket.create_connection(("127.0.0.1", node.port), timeout=20)
    connection.sendall(framed)
    assert connection.recv(4096)
    connection.sendall(framed[:9])
    return connection, framed[9:]


def test_a_front_killed_under_load_loses_what_it_held_in_its_hands(node):
    """SIGKILL of the front loses at most the batches being answered: the sockets live on and their queues with them."""
    with Load(node, QUERIES, rate=1000) as load:
        for _ in range(2):
            front = node.child("front")
            before = load.sent
            os.kill(front, signal.SIGKILL)
            until(lambda front=front: node.child("front") != front and node.answers("www.example.org"), node)
            until(lambda before=before: load.sent > before + 200)
    assert load.lost <= 2 * IN_FLIGHT
    assert set(load.rcodes()) == {"NOERROR"}
    assert 'edgeplane_restarts_total{process="front"} 2\n' in node.get("/metrics")[1]


def test_a_checker_killed_under_load_costs_no_answer(node):
    """The data plane does not need the control plane."""
    with Load(node, QUERIES) as load:
        checker = node.child("checker")
        os.kill(checker, signal.SIGKILL)
        until(lambda: node.child("checker") != checker, node)
    assert (load.lost, set(load.rcodes())) == (0, {"NOERROR"})


def test_a_checker_that_hangs_under_load_is_started_again_and_costs_no_answer(make_node):
    """SIGSTOP: it is ended after six looks without a heartbeat, once, and counted; the next one's heart beats."""
    node = make_node()
    node.program = [sys.executable, "-c", IMPATIENT, "serve", str(node.config)]
    node.start()
    hung = node.child("checker")
    with Load(node, QUERIES, rate=500) as load:
        os.kill(hung, signal.SIGSTOP)
        until(lambda: node.child("checker") != hung, node)
        until(lambda: node.do("status")["heartbeat_age"] < 2, node)
    assert (load.lost, set(load.rcodes())) == (0, {"NOERROR"})
    assert f"the checker (process {hung}) gave no sign of life 6 times; it is ended" in node.written
    assert 'edgeplane_restarts_total{process="checker"} 1\n' in node.get("/metrics")[1]
    assert 'edgeplane_restarts_total{process="front"} 0\n' in node.get("/metrics")[1]


def test_sigterm_drains(make_node, tmp_path):
    """SIGTERM: STOPPING=1 is told, a TCP query in flight is answered, exit code 0, soon."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        node = make_node(NOTIFY_SOCKET=str(tmp_path / "notify")).start()
        connection, rest = half_a_query(node)
        with connection:
            assert b"READY=1" in manager.recv(4096)
            node.process.send_signal(signal.SIGTERM)
            assert manager.recv(4096) == b"STOPPING=1"
            time.sleep(0.3)  # well into the drain
            connection.sendall(rest)
            assert len(connection.recv(4096)) > 12
    begun = time.monotonic()
    assert node.ended() == 0
    assert time.monotonic() - begun < 5


def test_a_second_sigterm_ends_at_once(node):
    """Whoever is in a hurry says it twice, whatever connections are open."""
    connection, _ = half_a_query(node)
    with connection:
        node.process.send_signal(signal.SIGTERM)
        until(lambda: "draining" in node.written, node)
        begun = time.monotonic()
        node.process.send_signal(signal.SIGTERM)
        assert node.ended() == 0
        assert time.monotonic() - begun < 2
