"""A cache in front of an origin: hits of three sizes, over TLS, with signed URLs; misses; more objects than fit; idle
connections.
"""

from __future__ import annotations

import hmac
import random
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from measure.http import Requests
from measure.http2 import Streams
from measure.origin import Origin
from rival import Certificate, Site
from scenario import Material, Scenario
from scenario.zone import write_lines

HOST = "bench.example"
ORIGIN_PORT = 5480
STORED = "Cache-Control: max-age=3600"
REFUSED = "Cache-Control: no-store"
OBJECTS = 10_000
ALPHA = 0.9
UNSEEN = 1_000_000
SIGNATURES = 400_000
SECRET = b"a secret of the benchmarks, at least 32 octets"
KEY_ID = "KBENCH"
EXPIRES = 4_000_000_000


def site(
    folder: Path,
    targets: Iterable[str],
    length: int,
    fields: str = STORED,
    content: dict[str, Any] | None = None,
    kind: Callable[..., Requests] = Requests,
    **asked: Any,
) -> Material:
    """`content`: what `Site` is told. `asked`: what `kind` is told."""
    origin = Origin(ORIGIN_PORT, length, fields)
    traffic = kind(write_lines(folder / "targets", targets), HOST, origin, **asked)
    served = Site(HOST, ORIGIN_PORT, length, **content or {})
    return Material(served, served, traffic, alive=origin.running)


def objects(count: int) -> list[str]:
    return [f"/object/{number:06}" for number in range(count)]


def hit(length: int, count: int, **asked: Any) -> Callable[[Path], Material]:
    return lambda folder: site(folder, objects(count), length, **asked)


def hit_tls(folder: Path) -> Material:
    content = {"certificate": certificate(folder / "tls")}
    return site(folder, objects(100), 1024, content=content, kind=Streams)


def certificate(folder: Path) -> Certificate:
    """Self-signed, ECDSA P-256."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificate(folder / "chain.pem", folder / "key.pem", folder / "both.pem")
    if not made.both.exists():
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(made.key)]
        name = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-days", "3650"]
        argv = ["openssl", "req", "-x509", *key, *name, "-out", str(made.chain)]
        subprocess.run(argv, check=True, capture_output=True)
        made.both.write_text(made.chain.read_text() + made.key.read_text())
    return made


def miss(folder: Path) -> Material:
    """As many targets as nobody waits for another's answer. A policy with a least TTL would store them all the same."""
    key: dict[str, Any] = {"EnableAcceptEncodingGzip": False, "EnableAcceptEncodingBrotli": False}
    key |= {"HeadersConfig": {"HeaderBehavior": "none"}, "CookiesConfig": {"CookieBehavior": "none"}}
    key |= {"QueryStringsConfig": {"QueryStringBehavior": "none"}}
    ttl: dict[str, Any] = {"Name": "bench", "MinTTL": 0, "DefaultTTL": 86400, "MaxTTL": 31536000}
    policy = {"CachePolicyConfig": ttl | {"ParametersInCacheKeyAndForwardedToOrigin": key}}
    resources = {"Policy": {"Type": "AWS::CloudFront::CachePolicy", "Properties": policy}}
    content = {"resources": resources, "behaviour": {"CachePolicyId": {"Ref": "Policy"}}}
    return site(folder, objects(OBJECTS), 1024, REFUSED, content=content, hits=0.0, block=True)


def fill(folder: Path) -> Material:
    """New objects all the time: stored, and older ones removed."""
    return site(folder, objects(UNSEEN), 1024, content=room(OBJECTS, 1024), hits=0.0, once=True, block=True)


def zipf(folder: Path) -> Material:
    """The warm-up is long enough for the cache to be full of what is asked for."""
    weights = list(accumulate((rank + 1) ** -ALPHA for rank in range(OBJECTS)))
    drawn = random.Random(31).choices(objects(OBJECTS), cum_weights=weights, k=400_000)
    content = room(OBJECTS // 10, 8192)
    return site(folder, drawn, 8192, content=content, hits=None, block=True, warm_up_s=3.0)


def room(count: int, length: int) -> dict[str, Any]:
    """A cache for so many objects."""
    return {"memory": count * length, "objects": count}


def signed(folder: Path) -> Material:
    """Signatures that were seen before."""
    return with_keys(folder, (sign(target, EXPIRES) for target in objects(100)))


def signed_new(folder: Path) -> Material:
    """A signature a request, each for another time, since the edge may remember those that it has seen."""
    targets = objects(100)
    drawn = (sign(targets[number % 100], EXPIRES + number) for number in range(SIGNATURES))
    return with_keys(folder, drawn, once=True)


def with_keys(folder: Path, targets: Iterable[str], **asked: Any) -> Material:
    """edgeplane checks signatures; the others serve the same URLs unchecked, and `plain` the same content unsigned."""
    secret = folder / "secret"
    folder.mkdir(parents=True, exist_ok=True)
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    material = site(folder, targets, 1024, key=object_path, **asked)
    key = {"Type": "Edgeplane::Edge::SigningKey", "Metadata": {"edgeplane": {"Id": KEY_ID}}}
    keys = {"Name": "bench", "Items": [{"Ref": "Key"}]}
    resources = {
        "Key": key | {"Properties": {"Name": "bench", "SecretFile": str(secret)}},
        "Keys": {"Type": "AWS::CloudFront::KeyGroup", "Properties": {"KeyGroupConfig": keys}},
    }
    behaviour = {"TrustedKeyGroups": [{"Ref": "Keys"}]}
    return replace(material, content=replace(material.content, resources=resources, behaviour=behaviour))


def sign(path: str, expires: int) -> str:
    """A URL with CloudFront's canned policy and an HMAC-SHA256 of it (docs: signed URLs)."""
    statement = f'{{"Resource":"http://{HOST}{path}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}'
    mac = hmac.digest(SECRET, f'{{"Statement":[{statement}]}}'.encode(), "sha256")
    signature = b64encode(mac).decode().translate(str.maketrans("+=/", "-_~"))
    return f"{path}?Expires={expires}&Signature={signature}&Key-Pair-Id={KEY_ID}&Hash-Algorithm=HMAC-SHA256"


def object_path(target: str) -> str:
    """What the edge asks the origin for: without the parameters of a signature."""
    return target.partition("?")[0]


SCENARIOS = [
    Scenario("http-hit-1k", "100 objects of 1 KiB from the cache, HTTP/1.1, 32 connections", hit(1 << 10, 100)),
    Scenario("http-hit-16k", "100 objects of 16 KiB", hit(16 << 10, 100)),
    Scenario("http-hit-1m", "8 objects of 1 MiB", hit(1 << 20, 8, floor="")),
    Scenario("http-hit-tls-h2", "100 objects of 1 KiB over TLS and HTTP/2, ten requests a connection", hit_tls),
    Scenario("http-miss", "1 KiB that must not be stored, each time from the origin", miss),
    Scenario("http-fill", "1 KiB that nobody has asked for, each time from the origin and stored", fill),
    Scenario("http-zipf", "10,000 objects of 8 KiB, asked by Zipf's law (0.9), memory for a tenth", zipf),
    Scenario("http-signed", "100 objects of 1 KiB behind signed URLs (HMAC), each seen before; rival: plain", signed),
    Scenario("http-signed-new", "the same, each signature for the first time; rival: plain", signed_new),
    Scenario("http-idle", "2,000 connections that wait: memory of each", hit(1 << 10, 100), "idle"),
]
