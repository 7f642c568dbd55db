"""H7, H8: where the edge may connect to, and who it says it is while certificates change."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest

from edgeplane.errors import FaultsError

from ..edge import certificate, shown
from ..running import until

PRIVATE = (
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "localhost",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.254",
    "0.0.0.0",  # noqa: S104
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
)
"""Names and addresses that lead to this host, to its networks, or to nobody in particular."""
SPELLED = (
    "127.1",
    "0x7f000001",
    "0x7f.0.0.1",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "127.0.0.1.",
    "127.00.0.1",
    "[::1]",
    "::1",
    "::ffff:127.0.0.1",
    "[::ffff:7f00:1]",
    "fd00::1",
    "fe80::1",
    "127.0.0.1:80",
    "127.0.0.1/x",
    "127.0.0.1@evil.test",
    "①②⑦.0.0.1",
    "127。0。0。1",
    "local\u00adhost",
    "%31%32%37.0.0.1",
    "127.0.0.1\x00.evil.test",
    "127.0.0.1 evil.test",
    "",
)
"""The same in other words: none of them may be a way around."""
ROTATIONS = 10


def origins(names, port: int) -> dict:
    """A distribution with an origin and a behaviour for each."""
    custom = {"HTTPPort": port, "OriginProtocolPolicy": "http-only"}
    listed = [
        {
            "Id": str(n),
            "DomainName": name,
            "CustomOriginConfig": custom,
            "ConnectionAttempts": 1,
            "ConnectionTimeout": 1,
        }
        for n, name in enumerate(names)
    ]
    behaviour = {"ViewerProtocolPolicy": "allow-all", "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"}
    behaviours = [behaviour | {"PathPattern": f"/{n}/*", "TargetOriginId": str(n)} for n in range(len(names))]
    first = behaviour | {"TargetOriginId": "0"}
    return {"Origins": listed, "CacheBehaviors": behaviours, "DefaultCacheBehavior": first}


@pytest.fixture
def listener():
    """A port on every address of this host that must never be connected to."""
    reached = []
    with socket.create_server(("0.0.0.0", 0)) as sock:  # noqa: S104 - what leads here is the question
        thread = threading.Thread(target=_accept, args=(sock, reached), daemon=True)
        thread.start()
        yield sock.getsockname()[1], reached
        sock.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _accept(sock: socket.socket, reached: list) -> None:
    try:
        while True:
            connection, peer = sock.accept()
            reached.append(peer)
            connection.close()
    except OSError:
        return


def test_private_origins_are_not_connected_to(make_edge, listener):
    """Each is answered with 502, 503 or 504, and the port hears of nobody."""
    port, reached = listener
    edge = make_edge(port, private="", config=origins(PRIVATE, port)).start()
    statuses = {name: edge.fetch(f"/{n}/x").status for n, name in enumerate(PRIVATE)}
    assert {name: status for name, status in statuses.items() if status not in (502, 503, 504)} == {}
    assert reached == []


def test_other_spellings_are_refused_or_not_connected_to(make_edge, listener):
    """What is no host name is a fault of the template; what is one leads nowhere."""
    port, reached = listener
    edge = make_edge(port, private="", config=origins(["127.0.0.1"], port)).start()
    for name in SPELLED:
        edge.distribution.config = origins([name], port)
        edge.write()
        try:
            edge.do("reload")
        except FaultsError:
            continue
        assert edge.fetch("/0/x").status in (502, 503, 504), name
    assert reached == []


def test_what_is_allowed_is_all_that_is_allowed(make_edge, origin):
    """One address of loopback is allowed, and no other."""
    edge = make_edge(
        origin.port, private='"127.0.0.1/32"', config=origins(["127.0.0.1", "127.0.0.2"], origin.port)
    ).start()
    assert [edge.fetch(f"/{n}/x").status for n in (0, 1)] == [200, 502]


class Handshakes:
    """New TLS connections all the time: which certificates they saw, and what failed."""

    def __init__(self, port: int) -> None:
        self.port, self.stop, self.seen, self.failed = port, threading.Event(), [], []

    def __enter__(self):
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(2)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)

    def _run(self) -> None:
        while not self.stop.is_set():
            try:
                self.seen.append(shown(self.port)[0])
            except OSError as error:
                self.failed.append(repr(error))


def test_certificates_change_without_a_failed_handshake(make_edge, origin):
    """10 rotations under handshakes: none fails, and once the reload has returned only the new one is shown."""
    edge = make_edge(origin.port).start()
    with Handshakes(edge.https) as handshakes:
        until(lambda: handshakes.seen, edge)
        for _ in range(ROTATIONS):
            certificate(edge.directory / "tls")
            edge.do("reload")
            pem = (edge.directory / "tls" / "chain.pem").read_text()
            assert shown(edge.https)[0] == ssl.PEM_cert_to_DER_cert(pem)
    assert handshakes.failed == []
    assert len(set(handshakes.seen)) > 2


@pytest.mark.parametrize("damage", ["another key", "no key", "no certificate", "garbage"])
def test_a_bad_pair_is_refused_and_the_old_one_kept(make_edge, origin, tmp_path, damage):
    """The reload is refused with the file's name; handshakes and requests go on."""
    edge = make_edge(origin.port).start()
    before, folder = shown(edge.https)[0], edge.directory / "tls"
    other = certificate(tmp_path / "other")
    texts = {
        "another key": ("key.pem", (other / "key.pem").read_text()),
        "no key": ("key.pem", ""),
        "no certificate": ("chain.pem", ""),
        "garbage": ("chain.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    }
    name, text = texts[damage]
    (folder / name).write_text(text)
    with pytest.raises(FaultsError, match="pem"):
        edge.do("reload")
    assert shown(edge.https)[0] == before
    assert edge.fetch("/a", tls=False).status == 200
