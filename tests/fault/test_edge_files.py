"""Files that a plan names and does not carry: one that is gone at a start costs what needs it, and nothing else."""

from __future__ import annotations

import os
import signal
import ssl

import dns.message
import dns.query
import dns.rcode
import pytest

from edgeplane.errors import EdgeplaneError

from ..edge import HOST, shown
from ..running import slay, until

PRIVATE = {
    "Key": {"Type": "Edgeplane::Edge::SigningKey", "Properties": {"Name": "key", "SecretFile": "secret"}},
    "Group": {
        "Type": "AWS::CloudFront::KeyGroup",
        "Properties": {"KeyGroupConfig": {"Name": "group", "Items": [{"Ref": "Key"}]}},
    },
}
"""A key group of one secret."""


@pytest.fixture
def edge(make_edge, origin, tmp_path):
    """A node with a private path, that served once and was stopped."""
    (tmp_path / "secret").write_text("0" * 64)
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "example.net.zone").write_text("@ 60 IN SOA ns root 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n")
    edge = make_edge(origin.port, resources=PRIVATE)
    private = {"PathPattern": "/private/*", "TrustedKeyGroups": [{"Ref": "Group"}]}
    plain = edge.distribution.template(origin.port)["Resources"]["Site"]["Properties"]["DistributionConfig"]
    edge.distribution.config = {"CacheBehaviors": [plain["DefaultCacheBehavior"] | private]}
    edge.write()
    edge.config.write_text(edge.config.read_text().replace("[dns]\n", '[dns]\nzone_files = ["example.net.zone"]\n'))
    edge.start()
    return edge


def answers(edge) -> bool:
    """Whether DNS does."""
    query = dns.message.make_query("ns.example.net", "A")
    return dns.query.udp(query, "127.0.0.1", port=edge.port, timeout=10).rcode() == dns.rcode.NOERROR


def readiness(edge) -> list[str]:
    """Lines of /readyz."""
    return edge.get("/readyz")[1].splitlines()


def test_a_secret_that_is_gone_at_a_start_costs_what_is_signed_with_it(edge, tmp_path):
    edge.close()
    secret = (tmp_path / "secret").rename(tmp_path / "moved")
    edge.start()
    assert answers(edge)
    assert (edge.fetch("/open").status, edge.fetch("/private/a").status) == (200, 403)
    word, *why = readiness(edge)
    assert word == "degraded"
    assert any("Resources.Key.Properties.SecretFile" in line and "cannot be read" in line for line in why), why
    with pytest.raises(EdgeplaneError, match="SecretFile"):
        edge.do("reload")
    secret.rename(tmp_path / "secret")
    edge.do("reload")
    assert readiness(edge) == ["ready"]


def test_a_front_that_comes_back_without_the_secret_says_so(edge, tmp_path):
    """Nobody reloads it: the supervisor alone can say that it is not what it was."""
    (tmp_path / "secret").unlink()
    before = edge.child("front")
    slay(before)
    assert until(lambda: edge.child("front") != before, edge)
    until(lambda: edge.get("/readyz")[1].startswith("degraded"), edge)
    assert answers(edge)
    assert (edge.fetch("/open").status, edge.fetch("/private/a").status) == (200, 403)
    assert any("SecretFile" in line and "does without until a reload" in line for line in readiness(edge))


def test_a_certificate_that_is_gone_at_a_start_costs_tls(edge, tmp_path):
    edge.close()
    (tmp_path / "tls" / "key.pem").rename(tmp_path / "moved")
    edge.start()
    assert answers(edge)
    assert edge.fetch("/open").status == 200
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shown(edge.https, HOST)
    assert readiness(edge)[0] == "degraded"
    (tmp_path / "moved").rename(tmp_path / "tls" / "key.pem")
    os.kill(edge.process.pid, signal.SIGHUP)
    until(lambda: readiness(edge) == ["ready"], edge)
    shown(edge.https, HOST)
