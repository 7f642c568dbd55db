"""A node with an edge: one distribution in front of one origin, both on loopback.

def test_…(make_edge, origin):
    edge = make_edge(origin.port, semantics="rfc9111").start()
    assert edge.fetch("/a").status == 200 and edge.forwarded() == origin.count == 1
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .running import PATIENCE_S, Running, free_port, until

HOST = "edge.test"
"""The distribution's alias, and the name in its certificate."""
FORWARDED = "edgeplane_edge_origin_requests_total"
MANAGED = {
    "CachingOptimized": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    "CachingDisabled": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    "AllViewer": "216adef6-5c7f-47e4-b989-5492eafa07d3",
}
"""CloudFront's managed policies by name: two cache policies, and the origin request policy that forwards all."""
METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]

TOML = """\
templates = ["edge.json"]
[node]
state_dir = "var"
threads = {threads}
[observe]
listen = "127.0.0.1:{observe}"
[dns]
listen = ["127.0.0.1:{port}"]
[edge]
http = ["127.0.0.1:{http}"]
https = ["127.0.0.1:{https}"]
certificates = [{cert = "tls/chain.pem", key = "tls/key.pem"}]
allow_private_origins = [{private}]
"""


@dataclass(frozen=True)
class Reply:
    """A response; names of fields in lower case, the last of a name."""

    status: int
    fields: Mapping[str, str]
    content: bytes


@dataclass
class Distribution:
    """What a test says about its distribution.

    metadata: more of edgeplane's own. policy: properties of a cache policy of its own, or the name of a managed one.
    forwards: a managed origin request policy; the usual one forwards cookies, with which nobody shares a fetch.
    behaviour, config, origin: what stands in DefaultCacheBehavior, DistributionConfig and Origins[0] beside the usual.
    resources: more of the template.
    """

    semantics: str = "cloudfront"
    ranges: str = "whole"
    metadata: dict[str, Any] = field(default_factory=dict)
    policy: str | dict[str, Any] = "CachingOptimized"
    forwards: str | None = "AllViewer"
    behaviour: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, Any] = field(default_factory=dict)

    def template(self, port: int) -> dict[str, Any]:
        """With an origin on that port of 127.0.0.1."""
        managed = isinstance(self.policy, str)
        behaviour = {
            "TargetOriginId": "origin",
            "ViewerProtocolPolicy": "allow-all",
            "AllowedMethods": METHODS,
            "CachePolicyId": MANAGED[self.policy] if isinstance(self.policy, str) else {"Ref": "Policy"},
        }
        if self.forwards:
            behaviour["OriginRequestPolicyId"] = MANAGED[self.forwards]
        config = {
            "Enabled": True,
            "Aliases": [HOST, "localhost"],
            "Origins": [self._origin(port)],
            "DefaultCacheBehavior": behaviour | self.behaviour,
        }
        site = {
            "Type": "AWS::CloudFront::Distribution",
            "Metadata": {"edgeplane": {"Semantics": self.semantics, "Ranges": self.ranges} | self.metadata},
            "Properties": {"DistributionConfig": config | self.config},
        }
        own = {"Type": "AWS::CloudFront::CachePolicy", "Properties": {"CachePolicyConfig": self.policy}}
        return {"Resources": {"Site": site} | ({} if managed else {"Policy": own}) | self.resources}

    def _origin(self, port: int) -> dict[str, Any]:
        custom = {"HTTPPort": port, "OriginProtocolPolicy": "http-only"}
        return {"Id": "origin", "DomainName": "127.0.0.1", "CustomOriginConfig": custom} | self.origin


def cache_policy(minimum: int = 0, default: int = 0, maximum: int = 31_536_000, query: str = "all") -> dict[str, Any]:
    """Properties of a cache policy, TTLs in seconds: nothing but the path and the query in the key."""
    key = {
        "EnableAcceptEncodingGzip": False,
        "EnableAcceptEncodingBrotli": False,
        "HeadersConfig": {"HeaderBehavior": "none"},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": query},
    }
    ttl = {"MinTTL": minimum, "DefaultTTL": default, "MaxTTL": maximum}
    return {"Name": "own", **ttl, "ParametersInCacheKeyAndForwardedToOrigin": key}


class Edge(Running):
    """A node whose edge serves one distribution, for `HOST` and localhost, over HTTP and TLS.

    settings: more of [edge], then other sections. private: networks in which origins may be.
    """

    def __init__(
        self,
        directory: Path,
        origin: int,
        settings: str = "",
        private: str = '"127.0.0.0/8"',
        threads: int = 1,
        environ: Mapping[str, str] | None = None,
        **distribution: Any,
    ) -> None:
        self.http, self.https = free_port(), free_port()
        self.distribution, self.origin_port = Distribution(**distribution), origin
        certificate(directory / "tls")
        toml = TOML.replace("{http}", str(self.http)).replace("{https}", str(self.https)).replace("{private}", private)
        super().__init__(directory, toml.replace("{threads}", str(threads)) + settings, **dict(environ or {}))
        self.write()

    def write(self) -> None:
        """The template, as `distribution` is now; a reload shows it."""
        template = self.distribution.template(self.origin_port)
        (self.directory / "edge.json").write_text(json.dumps(template, indent=1))

    def start(self, wait: bool = True) -> Edge:
        """Starts it; waits until it serves."""
        super().start(wait=False)
        if wait:
            until(lambda: self.process.poll() is not None or self._ready(), self)
            assert self.process.poll() is None, self.written
        return self

    def _ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def fetch(
        self, path: str, method: str = "GET", body: bytes | None = None, tls: bool = False, **fields: str
    ) -> Reply:
        """One request on a connection of its own; underscores in names of fields stand for hyphens."""
        plain = http.client.HTTPConnection("127.0.0.1", self.http, timeout=PATIENCE_S)
        connection = plain if not tls else self._secure()
        try:
            named = {name.replace("_", "-"): value for name, value in fields.items()}
            connection.request(method, path, body, {"Host": HOST} | named)
            response = connection.getresponse()
            content = response.read()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, content)
        finally:
            connection.close()

    def _secure(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.directory / "tls" / "chain.pem"))
        context.check_hostname = False
        return http.client.HTTPSConnection("127.0.0.1", self.https, timeout=PATIENCE_S, context=context)

    def metric(self, name: str) -> float:
        """The sum over all labels; 0 for one that is not there."""
        page = self.get("/metrics")[1]
        lines = [line for line in page.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def forwarded(self) -> int:
        """Requests that origins were asked, each attempt."""
        return int(self.metric(FORWARDED))


def heard(sock: socket.socket) -> bytes:
    """All that comes until the end, a reset being one."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while octets := sock.recv(65536):
            found += octets
    return found


def certificate(folder: Path, *names: str, days: int = 30) -> Path:
    """chain.pem and key.pem in a folder: self-signed, ECDSA P-256, for `HOST` and localhost unless others are named."""
    folder.mkdir(parents=True, exist_ok=True)
    subjects = names or (HOST, "localhost")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(folder / "key.pem")]
    also = ["-addext", "subjectAltName=" + ",".join(f"DNS:{each}" for each in subjects)]
    argv = ["openssl", "req", "-x509", *key, "-subj", f"/CN={subjects[0]}", *also, "-days", str(days)]
    subprocess.run([*argv, "-out", str(folder / "chain.pem")], check=True, capture_output=True)
    return folder


def unverified() -> ssl.SSLContext:
    """For clients that take any certificate; made in no time, for none of the system's is read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def shown(port: int, name: str | None = HOST, version: ssl.TLSVersion | None = None) -> tuple[bytes, str | None]:
    """The certificate that a client of a name gets, in DER, and the version of TLS."""
    context = unverified()
    if version:
        context.minimum_version = context.maximum_version = version
    sock = socket.create_connection(("127.0.0.1", port), timeout=20)
    with sock, context.wrap_socket(sock, server_hostname=name) as secure:
        return secure.getpeercert(binary_form=True) or b"", secure.version()
