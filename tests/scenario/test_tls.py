"""HTTPS, as clients see it: versions, protocols, the certificate by name, and its replacement (H8)."""

import shutil
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from edgeplane.errors import EdgeplaneError

from ..edge import HOST, certificate, shown
from ..origin import response

OTHER = "other.test"


def curl(edge, *options: str, host: str = HOST) -> str:
    """Status, protocol, content."""
    url = f"https://{host}:{edge.https}/a"
    argv = ["curl", "-sS", "-m", "10", "--cacert", str(edge.directory / "tls" / "chain.pem"), *options]
    argv += ["--resolve", f"{host}:{edge.https}:127.0.0.1", "-w", "%{http_code} %{http_version}", url]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def der(folder: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert((folder / "chain.pem").read_text())


def replace(edge, folder: Path) -> None:
    for name in ("chain.pem", "key.pem"):
        shutil.copyfile(folder / name, edge.directory / "tls" / name)


def test_curl_over_both_protocols_and_both_versions(make_edge, origin):
    origin.answer = lambda asked: response(b"hello ", Cache_Control="max-age=600")
    edge = make_edge(origin.port).start()
    assert curl(edge, "--http2") == "hello 200 2"
    assert curl(edge, "--http1.1") == "hello 200 1.1"
    assert curl(edge, "--tls-max", "1.2") == "hello 200 2"
    assert origin.count == 1
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert shown(edge.https, version=version)[1] == version.name.replace("_", ".")
    with pytest.raises((ssl.SSLError, OSError)):
        shown(edge.https, version=ssl.TLSVersion.TLSv1_1)


def test_the_name_chooses_the_certificate(make_edge, origin, tmp_path):
    """The first certificate serves names that nobody has, and clients that ask for none."""
    other = certificate(tmp_path / "other", OTHER)
    edge = make_edge(origin.port)
    first = 'certificates = [{cert = "tls/chain.pem", key = "tls/key.pem"}'
    more = f'{first}, {{cert = "{other}/chain.pem", key = "{other}/key.pem"}}'
    edge.config.write_text(edge.config.read_text().replace(first, more))
    edge.start()
    default = der(edge.directory / "tls")
    assert [shown(edge.https, name)[0] for name in (HOST, OTHER, "else.test", None)] == [
        default,
        der(other),
        default,
        default,
    ]


def test_a_reload_shows_the_new_certificate_and_no_handshake_fails(make_edge, origin, tmp_path):
    """H8: three changes while clients shake hands; then a pair that does not fit is refused by its name."""
    edge = make_edge(origin.port).start()
    failed, done = [], threading.Event()

    def shake_hands() -> None:
        while not done.is_set():
            try:
                shown(edge.https)
            except OSError as error:
                failed.append(error)

    thread = threading.Thread(target=shake_hands)
    thread.start()
    for number in range(3):
        folder = certificate(tmp_path / str(number))
        replace(edge, folder)
        edge.do("reload")
        assert shown(edge.https)[0] == der(folder)
    done.set()
    thread.join()
    assert not failed
    shutil.copyfile(certificate(tmp_path / "stray") / "key.pem", edge.directory / "tls" / "key.pem")
    with pytest.raises(EdgeplaneError, match=r"chain\.pem.*does not belong to the key.*key\.pem"):
        edge.do("reload")
    assert shown(edge.https)[0] == der(folder)
    argv = [*edge.program[:-2], "check", str(edge.config)]
    checked = subprocess.run(argv, capture_output=True, text=True, check=False, env=edge.environ)
    assert checked.returncode == 1
    assert "does not belong to the key" in checked.stdout + checked.stderr
