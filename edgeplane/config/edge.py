"""The settings of [edge]: addresses, where objects are kept, who may be an origin, limits."""

from __future__ import annotations

from edgeplane.config.setting import Setting

SECTIONS = {
    "edge": "An HTTP cache for distributions; off without an address.",
    "edge.disk": "Objects on disk, off without a path.",
    "edge.access_log": "One line a request, off without a path.",
    "edge.limits": "What clients may take.",
}

SETTINGS = (
    Setting("edge", "http", "any_listens", [], "Addresses for HTTP.", example=["127.0.0.1:8080"]),
    Setting(
        "edge",
        "https",
        "any_listens",
        [],
        "Addresses for HTTP over TLS; needs certificates.",
        example=["127.0.0.1:8443"],
    ),
    Setting(
        "edge",
        "domain",
        "domain",
        "edge.localhost",
        "A distribution's host name is its id under this name. Names under localhost lead to this host (RFC 6761).",
        example="edge.example.net",
    ),
    Setting("edge", "memory", "size", "256MiB", "Objects in memory.", 1 << 20, 1 << 50),
    Setting(
        "edge",
        "certificates",
        "certificates",
        [],
        "PEM files: a chain and its private key. The name that a client asks for chooses; without one, the first.",
        example=[{"cert": "edge.pem", "key": "edge.key"}],
    ),
    Setting(
        "edge",
        "directories",
        "directories",
        {},
        "Folders that are origins: DomainName is the name, with S3OriginConfig.",
        example={"files": "site/files"},
    ),
    Setting(
        "edge",
        "buckets",
        "buckets",
        {},
        "Buckets that are origins, as directories are. region: us-east-1 where it is left out.",
        example={
            "media": {
                "endpoint": "https://s3.example.net",
                "region": "us-east-1",
                "credentials_file": "media.credentials",
            }
        },
    ),
    Setting(
        "edge",
        "allow_private_origins",
        "networks",
        [],
        "Private, loopback and link-local networks in which origins may be.",
        example=["127.0.0.0/8"],
    ),
    Setting(
        "edge",
        "trusted_proxies",
        "networks",
        [],
        "Networks whose word on the client's address is taken.",
        example=["192.0.2.0/24"],
    ),
    Setting(
        "edge",
        "public_addresses",
        "addresses",
        [],
        "What DNS answers for a distribution, and for alias records to one. Empty: nothing.",
        example=["192.0.2.80", "2001:db8::80"],
    ),
    Setting(
        "edge",
        "tag_header",
        "header",
        "x-amz-meta-cache-tag",
        "Field of an origin's response that holds the tags for invalidation, with commas between them.",
    ),
    Setting("edge.disk", "path", "path", None, "The folder; made if it is not there.", example="var/cache"),
    Setting("edge.disk", "size", "size", "10GiB", "Space that objects may take.", 1 << 20, 1 << 50),
    Setting("edge.access_log", "path", "path", None, "The file; reopened on SIGHUP.", example="access.log"),
    Setting(
        "edge.access_log",
        "format",
        "choice",
        "cloudfront",
        "The 33 fields of CloudFront's log, or one JSON document a line.",
        choices=("cloudfront", "json"),
    ),
    Setting("edge.access_log", "sample", "number", 1.0, "Share of the requests written.", 0.0, 1.0),
    Setting("edge.limits", "connections", "integer", 16_384, "Open connections.", 1, 1_000_000, "connections"),
    Setting(
        "edge.limits",
        "connections_per_prefix",
        "integer",
        4096,
        "Open connections of one IPv4 address or IPv6 /64.",
        1,
        1_000_000,
        "connections",
    ),
    Setting(
        "edge.limits",
        "requests_per_second",
        "integer",
        0,
        "Requests of one IPv4 address or IPv6 /64, with a second's worth at once; 0: no limit.",
        0,
        1_000_000,
        "requests/s",
    ),
    Setting("edge.limits", "head_timeout_s", "integer", 10, "Time for a whole request head.", 1, 300, "seconds"),
    Setting(
        "edge.limits",
        "keep_alive_timeout_s",
        "integer",
        60,
        "A connection without a request is closed.",
        1,
        3600,
        "seconds",
    ),
)
