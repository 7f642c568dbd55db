"""H1, S1, S2 and the limits of clients: what one client may take from the others, and how a node ends."""

import contextlib
import http.client
import select
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator

import dns.message
import dns.query
import dns.rcode
import pytest

from ..edge import HOST, heard
from ..origin import response
from ..running import until
from .http2 import DATA, GOAWAY, Http2
from .test_host import cpu_seconds

GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
STORED = response(b"stored\n", Cache_Control="max-age=600")


def limits(**settings: int) -> str:
    return "[edge.limits]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items())


def connect(edge, octets: bytes = b"", port: int | None = None, client: str = "127.0.0.1") -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port or edge.http), timeout=30, source_address=(client, 0))
    sock.sendall(octets)
    return sock


@contextlib.contextmanager
def crowd(edge, count: int, octets: bytes = b"") -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as held:
        yield [held.enter_context(connect(edge, octets)) for _ in range(count)]


def resolves(edge) -> bool:
    """DNS is alive: this node has no zone, and says so."""
    query = dns.message.make_query("www.example.org", "A")
    return dns.query.udp(query, "127.0.0.1", port=edge.port, timeout=5).rcode() == dns.rcode.REFUSED


def test_a_client_that_asks_too_often_is_told_when_to_come_again(make_edge, origin):
    """Two seconds' worth at once, hits as misses; then 429 with Retry-After; a reload sets another rate."""
    origin.answer = lambda asked: STORED
    edge = make_edge(origin.port, settings=limits(requests_per_second=5)).start()
    replies = [edge.fetch("/a") for _ in range(30)]
    refused = [reply for reply in replies if reply.status == 429]
    assert [reply.status for reply in replies[:10]] == [200] * 10
    assert len(refused) >= 10
    assert {int(reply.fields["retry-after"]) for reply in refused} == {1}
    assert {reply.fields["x-cache"] for reply in refused} == {"LimitExceeded from cloudfront"}
    assert origin.count == 1
    edge.config.write_text(edge.config.read_text().replace("requests_per_second = 5", "requests_per_second = 0"))
    edge.do("reload")
    assert {edge.fetch("/a").status for _ in range(30)} == {200}


def test_a_request_counts_once_however_it_is_answered(make_edge, origin):
    """A hit in several pieces leaves the path of hits: two seconds' worth of them are answered like any others."""
    origin.answer = lambda asked: STORED
    edge = make_edge(origin.port, settings=limits(requests_per_second=5)).start()
    assert edge.fetch("/a").status == 200
    assert [edge.fetch("/a", Range="bytes=0-0,2-2").status for _ in range(9)] == [206] * 9
    assert origin.count == 1


def test_a_full_node_lets_idle_connections_go_and_then_says_so(make_edge, origin):
    """Beyond `connections` the idle ones leave, the longest first; where all are at work, 503."""
    origin.answer = lambda asked: [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"o", 20.0, b"k"]
    edge = make_edge(origin.port, settings=limits(connections=20)).start()
    with crowd(edge, 20) as idle:
        assert len(idle) == 20
        with contextlib.ExitStack() as held:
            busy = [held.enter_context(connect(edge, GET)) for _ in range(20)]
            assert [sock.recv(4096)[:12] for sock in busy] == [b"HTTP/1.1 200"] * 20
            assert [heard(sock) for sock in idle] == [b""] * 20
            said = heard(held.enter_context(connect(edge, GET)))
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 1\r\n" in said


def test_a_full_node_lets_idle_connections_of_http2_go_like_the_others(make_edge, origin):
    """Who has been idle longest leaves first, whatever it speaks; HTTP/2 is told by GOAWAY which requests were seen."""
    origin.answer = lambda asked: (
        STORED if asked.target == "/a" else [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"o", 20.0, b"k"]
    )
    edge = make_edge(origin.port, settings=limits(connections=7)).start()
    with contextlib.ExitStack() as held:
        at_work = held.enter_context(Http2(edge))
        at_work.ask("/", 1)
        until(lambda: origin.count == 1, edge)
        idle = []
        for number in range(6):
            if number % 2:
                idle.append(held.enter_context(connect(edge, GET.replace(b"GET /", b"GET /a"))))
                assert idle[-1].recv(4096).endswith(b"stored\n")
            else:
                idle.append(held.enter_context(Http2(edge)))
                idle[-1].ask("/a", 1)
                assert idle[-1].content(1) == (b"stored\n", True)
        idle[0].ask("/a", 3)
        assert idle[0].content(3) == (b"stored\n", True)
        for leaves, last in ((1, 0), (2, 1), (3, 0), (4, 1), (5, 0), (0, 3)):
            assert held.enter_context(connect(edge, GET)).recv(4096)[:12] == b"HTTP/1.1 200"
            if last:
                goaway = [frame for frame in idle[leaves].frames() if frame.kind == GOAWAY]
                assert [(frame.payload[:4], frame.error) for frame in goaway] == [(struct.pack("!I", last), 0)]
            else:
                assert heard(idle[leaves]) == b""
        assert heard(held.enter_context(connect(edge, GET))).startswith(b"HTTP/1.1 503 ")
        assert next(frame for frame in at_work.frames() if frame.kind == DATA).payload == b"o"


def test_room_is_made_by_any_worker(make_edge, origin):
    """Which worker a connection comes to is chance: one without idle connections has another let one of its own go."""
    origin.answer = lambda asked: [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"o", 20.0, b"k"]
    edge = make_edge(origin.port, settings=limits(connections=20), threads=2).start()
    with crowd(edge, 20) as idle, contextlib.ExitStack() as held:
        for _ in range(20):
            assert held.enter_context(connect(edge, GET)).recv(4096)[:12] == b"HTTP/1.1 200"
        assert [heard(sock) for sock in idle] == [b""] * 20


def test_who_is_at_its_own_limit_has_nobody_leave(make_edge, origin):
    """A full node and a client with as many connections as it may have: it is refused, and nobody makes room for it."""
    origin.answer = lambda asked: STORED
    edge = make_edge(origin.port, settings=limits(connections=20, connections_per_prefix=10)).start()
    with contextlib.ExitStack() as held:
        idle = [held.enter_context(connect(edge, client=f"127.0.0.{3 - n // 10}")) for n in range(20)]
        until(lambda: edge.metric("edgeplane_edge_connections_open") == 20, edge)
        for _ in range(5):
            with connect(edge, GET, client="127.0.0.2") as eleventh:
                assert heard(eleventh).startswith(b"HTTP/1.1 503 ")
        assert not select.select(idle, [], [], 0)[0]
        assert held.enter_context(connect(edge, GET, client="127.0.0.4")).recv(12) == b"HTTP/1.1 200"


def test_a_reload_changes_caps_and_times_for_new_connections(make_edge, origin):
    edge = make_edge(origin.port, settings=limits(head_timeout_s=300, connections_per_prefix=100)).start()
    with crowd(edge, 3, b"GET") as slow:
        edge.config.write_text(
            edge.config.read_text().replace("_s = 300", "_s = 1").replace("prefix = 100", "prefix = 4")
        )
        edge.do("reload")
        begun = time.monotonic()
        with connect(edge, b"GET") as fourth:
            assert heard(fourth).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - begun < 10
        with connect(edge), connect(edge, GET) as fifth:
            assert heard(fifth).startswith(b"HTTP/1.1 503 ")
        slow[0].sendall(GET[3:])
        assert slow[0].recv(12) == b"HTTP/1.1 200"


def test_slow_clients_end_and_cost_the_others_nothing(make_edge, origin):
    """H1: 300 connections that send an octet now and then; requests beside them succeed, the slow ones are closed."""
    origin.answer = lambda asked: STORED
    edge = make_edge(origin.port, settings=limits(head_timeout_s=2)).start()
    with crowd(edge, 300, b"GET / HT") as slow:
        took = []
        deadline = time.monotonic() + 30
        while len(select.select(slow, [], [], 0)[0]) < len(slow) and time.monotonic() < deadline:
            for sock in slow[:20]:
                with contextlib.suppress(OSError):
                    sock.send(b"x")
            begun = time.monotonic()
            assert edge.fetch("/a").status == 200
            took.append(time.monotonic() - begun)
        assert {heard(sock)[:12] for sock in slow[20:]} == {b"HTTP/1.1 408"}
    assert sorted(took)[len(took) // 2] < 0.5


def test_without_descriptors_a_node_waits_and_recovers(make_edge, origin):
    """S1: more connections than descriptors: no spinning, DNS answers, and the edge does as soon as some are free."""
    origin.answer = lambda asked: STORED
    edge = make_edge(origin.port)
    edge.program = ["prlimit", "--nofile=160:160", *edge.program]
    edge.start()
    assert edge.fetch("/a").status == 200
    front = edge.child("front")
    with crowd(edge, 250):
        time.sleep(0.5)
        before, begun = cpu_seconds(front), time.monotonic()
        while time.monotonic() - begun < 2:
            assert resolves(edge)
        assert (cpu_seconds(front) - before) / (time.monotonic() - begun) < 0.5
    begun = time.monotonic()
    assert until(lambda: succeeds(edge), edge, patience=10)
    assert time.monotonic() - begun < 5


def succeeds(edge) -> bool:
    try:
        return edge.fetch("/a").status == 200
    except (OSError, http.client.HTTPException):
        return False


@pytest.mark.parametrize("header", ["v1", "v2"])
def test_a_load_balancer_says_who_the_client_is(make_edge, origin, header):
    """PROXY protocol: the client it names is the one forwarded; without a header the connection ends."""
    edge = make_edge(origin.port, settings='proxy_protocol = ["127.0.0.0/8"]\n').start()
    octets = b"PROXY TCP4 192.0.2.7 192.0.2.80 56324 80\r\n"
    if header == "v2":
        addresses = socket.inet_aton("192.0.2.7") + socket.inet_aton("192.0.2.80") + b"\xdc\x04\x00\x50"
        octets = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + addresses
    with connect(edge, octets + GET) as sock:
        assert sock.recv(12) == b"HTTP/1.1 200"
    assert origin.asked[0].field("X-Forwarded-For") == "192.0.2.7"
    with connect(edge, GET) as sock:
        assert heard(sock) == b""
    assert origin.count == 1


def test_downloads_end_before_the_node_does(make_edge, origin):
    """S2: SIGTERM takes nothing new, and waits for downloads, over HTTP/2 too; not for a WebSocket. Exit 0."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\nCache-Control: no-store\r\n\r\n"
    third = b"x" * 100
    upgraded = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    origin.answer = lambda asked: (
        [upgraded, 60.0] if asked.target == "/socket" else [head, third, 1.0, third, 1.0, third]
    )
    edge = make_edge(origin.port).start()
    websocket = GET.replace(b"GET /", b"GET /socket")[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    with crowd(edge, 20, GET) as downloads, connect(edge, websocket) as tunnel, connect(edge) as idle:
        assert tunnel.recv(12) == b"HTTP/1.1 101"
        argv = ["curl", "-sk", "-m", "20", "--http2", "--resolve", f"{HOST}:{edge.https}:127.0.0.1"]
        second = subprocess.Popen([*argv, f"https://{HOST}:{edge.https}/2"], stdout=subprocess.PIPE)
        until(lambda: origin.count == 22, edge)
        edge.process.send_signal(signal.SIGTERM)
        assert heard(idle) == b""
        with pytest.raises(ConnectionRefusedError):
            connect(edge, GET)
        for sock in downloads:
            assert heard(sock).endswith(b"\r\n\r\n" + b"x" * 300)
        assert len(second.communicate(timeout=20)[0]) == 300
    assert edge.ended() == 0


def test_a_second_signal_ends_at_once(make_edge, origin):
    origin.answer = lambda asked: [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"o", 30.0, b"k"]
    edge = make_edge(origin.port).start()
    with connect(edge, GET) as download:
        assert download.recv(12) == b"HTTP/1.1 200"
        edge.process.send_signal(signal.SIGTERM)
        until(lambda: "draining" in edge.written, edge)
        begun = time.monotonic()
        edge.process.send_signal(signal.SIGTERM)
        assert edge.ended() == 0
        assert time.monotonic() - begun < 2
