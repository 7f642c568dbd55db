"""H4, H5: many ask for what nobody has, and origins that go away."""

from __future__ import annotations

import hashlib
import resource
import selectors
import socket
import time

import pytest

from ..edge import HOST, cache_policy
from ..origin import response
from ..running import until
from .visitors import Visitors

CROWD = 2000
MEGABYTE = 1 << 20
OBJECTS = 200
DOWN_S = 20.0
LIMITS = "[edge.limits]\nconnections_per_prefix = 4000\n"


@pytest.fixture
def descriptors():
    """Enough for a crowd and for the node that meets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_crowd_costs_the_origin_one_request(make_edge, origin, descriptors):
    """2,000 at once for one cold object of 1 MiB: one fetch, and everyone has the whole."""
    content = hashlib.shake_128(b"stampede").digest(MEGABYTE)
    whole = response(content, Cache_Control="max-age=600")
    origin.answer = lambda asked: [1.0, whole[:500_000], 0.5, whole[500_000:]]
    edge = make_edge(origin.port, LIMITS, threads=2, forwards=None).start()
    received = crowd(edge.http, CROWD)
    assert origin.count == 1
    assert {len(each) for each in received[:20]} == {MEGABYTE}
    assert set(received[:20]) == {content}
    assert [size for size in received[20:] if size != MEGABYTE] == []


def crowd(port: int, count: int) -> list:
    """The content that the first 20 received, and the octets of content that the others did."""
    request = b"GET /cold HTTP/1.1\r\nHost: %s\r\n\r\n" % HOST.encode()
    sockets = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(count)]
    buffer, kept, sizes, heads = bytearray(MEGABYTE), [b""] * 20, [0] * count, [0] * count
    with selectors.DefaultSelector() as selector:
        for number, sock in enumerate(sockets):
            sock.sendall(request)
            sock.setblocking(False)
            selector.register(sock, selectors.EVENT_READ, number)
        end = time.monotonic() + 90
        while selector.get_map() and time.monotonic() < end:
            for key, _ in selector.select(1.0):
                read = key.fileobj.recv_into(buffer)
                number = key.data
                sizes[number] += read
                if not heads[number]:
                    heads[number] = bytes(buffer[:4096]).index(b"\r\n\r\n") + 4
                if number < 20:
                    kept[number] += bytes(buffer[:read])
                if not read or sizes[number] - heads[number] >= MEGABYTE:
                    selector.unregister(key.fileobj)
    for sock in sockets:
        sock.close()
    return [octets[head:] for octets, head in zip(kept, heads, strict=False)] + [
        size - head for size, head in zip(sizes[20:], heads[20:], strict=True)
    ]


def test_what_is_stale_is_served_while_the_origin_is_down(make_edge, origin):
    """20 s without an origin: every stored object is served; others fail at once; 5 s after its return all is well."""
    fields = {"Cache_Control": "max-age=1, stale-if-error=600"}
    origin.answer = lambda asked: response(asked.target.encode(), **fields)
    edge = make_edge(origin.port, policy=cache_policy()).start()
    paths = [f"/object/{number}" for number in range(OBJECTS)]
    for path in paths:
        assert edge.fetch(path).content == path.encode()
    origin.close()
    with Visitors(edge, paths) as visitors:
        begun = time.monotonic()
        while time.monotonic() - begun < DOWN_S:
            asked = time.monotonic()
            assert edge.fetch(f"/new/{asked}").status in (502, 503, 504)
            assert time.monotonic() - asked < 2.0
            time.sleep(1.0)
    assert visitors.statuses() == {200: visitors.sent}
    assert all(answer.content == answer.path.encode() for answer in visitors.answers)
    assert visitors.p99() < 1.0
    origin.listen()
    until(lambda: edge.fetch(f"/new/{time.monotonic()}").status == 200, edge, patience=5.0)
    until(lambda: edge.fetch(paths[0]).fields.get("age", "9") in ("0", "1"), edge, patience=5.0)
