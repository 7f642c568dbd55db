"""H8: many certificates that change under handshakes, handshakes that are never finished, and names that nobody has."""

from __future__ import annotations

import contextlib
import datetime
import random
import socket
import ssl
import struct
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edgeplane.errors import EdgeplaneError

from ..edge import HOST, Edge, shown, unverified
from ..running import until
from .measure import measure
from .test_edge_slow import descriptors, rss
from .visitors import Slow

CERTIFICATES, ROUNDS = measure(100, 1_000), measure(2, 10)
CLIENTS = 2
NEW_S = 1.0
"""Until a new certificate is shown, once the reload is done."""

HALF_OPEN, UNKNOWN = measure(300, 5_000), measure(2_000, 100_000)
HANDSHAKE_S = 10.0
OCTETS_A_CONNECTION = 64 << 10
GROWN = 16 << 20
MANY = "[edge.limits]\nconnections_per_prefix = 10000\n"

NOW, DAY = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)


def written(folder: Path, name: str) -> bytes:
    """A new certificate of a name, chain and key in files called after it; in DER."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + 30 * DAY)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
    made = builder.sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / f"{name}.pem").write_bytes(made.public_bytes(pem))
    private = folder / f"{name}.key"
    private.touch(0o600)
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return made.public_bytes(serialization.Encoding.DER)


class Clients:
    """Shake hands under names drawn from `certificates`, as fast as they can, until the block ends.

    certificates: name → those of its certificates that may be shown to who comes now. wrong: what else happened.
    """

    def __init__(self, edge: Edge, certificates: dict[str, set[bytes]]) -> None:
        self.edge, self.certificates, self.wrong, self.done = edge, certificates, [], 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, seed: int) -> None:
        chance, names = random.Random(seed), sorted(self.certificates)
        while not self._stop.is_set():
            name = chance.choice(names)
            allowed = self.certificates[name]
            try:
                if shown(self.edge.https, name)[0] not in allowed:
                    self.wrong.append(f"{name}: a certificate of another name or time")
            except OSError as error:
                self.wrong.append(f"{name}: {error}")
            self.done += 1


def test_a_thousand_certificates_change_and_no_handshake_fails(make_edge, origin, tmp_path):
    """A share of them in each reload, shown from then on; one pair that does not fit, and all stay as they are."""
    (tmp_path / "pairs").mkdir()
    names = [f"n{number}.test" for number in range(CERTIFICATES)]
    certificates = {name: {written(tmp_path / "pairs", name)} for name in names}
    edge = make_edge(origin.port)
    first = 'certificates = [{cert = "tls/chain.pem", key = "tls/key.pem"}'
    more = "".join(f', {{cert = "pairs/{name}.pem", key = "pairs/{name}.key"}}' for name in names)
    edge.config.write_text(edge.config.read_text().replace(first, first + more))
    edge.start()
    with Clients(edge, certificates) as clients:
        for number in range(ROUNDS):
            changed = names[number::ROUNDS]
            new = {name: written(tmp_path / "pairs", name) for name in changed}
            for name in changed:
                certificates[name].add(new[name])
            edge.do("reload")
            begun = time.monotonic()
            for name in changed[:10]:
                assert shown(edge.https, name)[0] == new[name]
            assert time.monotonic() - begun < 10 * NEW_S
            for name in changed:
                certificates[name] = {new[name]}
        (tmp_path / "pairs" / f"{names[0]}.key").write_bytes((tmp_path / "pairs" / f"{names[1]}.key").read_bytes())
        with pytest.raises(EdgeplaneError, match=rf"{names[0]}\.pem.*does not belong to the key"):
            edge.do("reload")
        for name in names[:10]:
            assert {shown(edge.https, name)[0]} == certificates[name]
    assert clients.wrong == []
    assert clients.done > CERTIFICATES


def hello(name: str) -> bytes:
    """What a client that asks for a name says first."""
    said = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        unverified().wrap_bio(ssl.MemoryBIO(), said, server_hostname=name).do_handshake()
    return said.read()


@pytest.fixture
def edge(make_edge, origin) -> Edge:
    edge = make_edge(origin.port, settings=MANY).start()
    for _ in range(50):
        shown(edge.https)
    return edge


def test_handshakes_that_are_never_finished_end_by_themselves(edge):
    """Half a ClientHello each: they cost little, hold up nobody, and are gone in ten seconds."""
    front, half = edge.child("front"), hello(HOST)
    before, idle = rss(front), descriptors(front)
    with Slow(edge.https, HALF_OPEN, half[: len(half) // 2]):
        until(lambda: descriptors(front) >= idle + HALF_OPEN, edge)
        begun = time.monotonic()
        held = rss(front) - before
        for _ in range(50):
            shown(edge.https)
        assert time.monotonic() - begun < 50 * NEW_S
        until(lambda: descriptors(front) <= idle + 8, edge, patience=2 * HANDSHAKE_S)
    assert held < HALF_OPEN * OCTETS_A_CONNECTION
    assert edge.metric("edgeplane_edge_tls_failed_total") >= HALF_OPEN


def test_names_that_nobody_has_leave_nothing_behind(edge):
    """Each gets a ServerHello for the first certificate, and goes: what was said is not remembered."""
    front, placeholder = edge.child("front"), "00000000.nobody.test"
    said = hello(placeholder)
    before, idle = rss(front), descriptors(front)
    for number in range(UNKNOWN):
        with socket.create_connection(("127.0.0.1", edge.https), timeout=20) as sock:
            # Ended by a reset: ports of this side would run out if they had to wait.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(said.replace(placeholder.encode(), f"{number:08x}.nobody.test".encode()))
            assert sock.recv(6)[::5] == b"\x16\x02", "a record of the handshake, and in it a ServerHello"
    until(lambda: descriptors(front) <= idle + 8, edge)
    assert rss(front) - before < GROWN
    assert edge.metric("edgeplane_edge_tls_failed_total") >= UNKNOWN
    shown(edge.https)
