"""The one table of settings. The models, config/edgeplane.toml and docs/reference/settings.md are generated from it.

To add a setting: one line here, or for [edge] in edge.py, then `python -m edgeplane.config.generate`.
"""

from __future__ import annotations

from edgeplane.config import edge
from edgeplane.config.setting import Setting

SECTIONS = {
    "": "What is served: CloudFormation-style templates.",
    "node": "The host.",
    "observe": "Logs, /metrics, /healthz and /readyz.",
    "dns": "Authoritative DNS over UDP and TCP.",
    "dns.rrl": "Response rate limiting: answers of one kind to one network, a second.",
    "dns.tcp": "DNS over TCP.",
    "dns.query_log": "One line a query, off without a path.",
    **edge.SECTIONS,
}
"""Section → its heading, in the order of the file."""

TABLE = (
    Setting(
        "",
        "templates",
        "paths",
        [],
        "YAML or JSON templates with zones, record sets, health checks and distributions.",
        example=["site.yaml"],
    ),
    Setting(
        "node",
        "state_dir",
        "path",
        "var",
        "Plans, control socket and control state; made if it is not there.",
        restart=True,
    ),
    Setting(
        "node",
        "threads",
        "integer",
        0,
        "Threads that answer DNS, and as many that answer HTTP; 0: one a core.",
        0,
        1024,
        "threads",
        restart=True,
    ),
    Setting(
        "observe", "listen", "listen", "127.0.0.1:9900", "HTTP address of /metrics, /healthz and /readyz.", restart=True
    ),
    Setting(
        "observe",
        "log_format",
        "choice",
        "text",
        "Lines for people, or one JSON document a line.",
        choices=("text", "json"),
        restart=True,
    ),
    Setting(
        "dns",
        "listen",
        "listens",
        ["127.0.0.1:5300", "[::1]:5300"],
        "Addresses for UDP and TCP. A wildcard answers from the address asked.",
        restart=True,
    ),
    Setting(
        "dns",
        "zone_files",
        "patterns",
        [],
        "Master files; $ORIGIN or the file's name gives the zone.",
        example=["zones/*.zone"],
    ),
    Setting(
        "dns",
        "name_servers",
        "name_servers",
        [],
        "NS of zones made by templates.",
        2,
        4,
        "names",
        example=["ns1.example.net", "ns2.example.net"],
    ),
    Setting(
        "dns",
        "geo_database",
        "path",
        None,
        "Places of clients: MMDB, or CSV prefix,continent,country,subdivision,latitude,longitude.",
        example="geo.mmdb",
    ),
    Setting(
        "dns",
        "latency_table",
        "path",
        None,
        "CSV client,region,milliseconds; a client is a prefix or country:US. Without it, distance decides.",
        example="rtt.csv",
    ),
    Setting("dns", "regions", "path", None, "CSV of own regions: region,latitude,longitude.", example="regions.csv"),
    Setting(
        "dns",
        "udp_payload_size",
        "integer",
        1232,
        "Largest UDP answer, and the size announced (RFC 9715).",
        512,
        4096,
        "octets",
    ),
    Setting("dns", "cookies", "flag", True, "DNS cookies (RFC 7873, RFC 9018)."),
    Setting(
        "dns",
        "cookie_secret_file",
        "path",
        None,
        "One or two keys of 16 octets, raw or as hexadecimal digits; the "
        "first signs. Without it: a random one for each start.",
        example="cookie.secret",
    ),
    Setting(
        "dns",
        "nsid",
        "text",
        "",
        "Name of this server in NSID answers (RFC 5001); empty: none.",
        0,
        128,
        "octets",
        example="ams1",
    ),
    Setting(
        "dns",
        "id_server",
        "text",
        "",
        "Answer to CH TXT id.server (RFC 4892); empty: refused.",
        0,
        255,
        "octets",
        example="ams1",
    ),
    Setting("dns", "minimal_any", "flag", True, "Answer ANY with one record set (RFC 8482)."),
    Setting(
        "dns",
        "query_acl",
        "networks",
        [],
        "Networks that may ask; empty: everyone.",
        example=["192.0.2.0/24", "2001:db8::/32"],
    ),
    Setting("dns.rrl", "enabled", "flag", True, "Whether answers are limited."),
    Setting(
        "dns.rrl",
        "responses_per_second",
        "integer",
        200,
        "Answers a network gets of one kind.",
        1,
        1_000_000,
        "answers/s",
    ),
    Setting(
        "dns.rrl",
        "slip",
        "integer",
        2,
        "Every n-th answer over the limit goes out truncated; 0: none does.",
        0,
        10,
        "answers",
    ),
    Setting("dns.rrl", "ipv4_prefix", "integer", 24, "Length of the prefix that counts as one network.", 1, 32, "bits"),
    Setting(
        "dns.rrl", "ipv6_prefix", "integer", 64, "Length of the prefix that counts as one network.", 1, 128, "bits"
    ),
    Setting("dns.rrl", "table_size", "integer", 65_536, "Counters kept.", 1024, 16_777_216, "entries"),
    Setting("dns.rrl", "exempt", "networks", ["127.0.0.0/8", "::1/128"], "Networks without a limit."),
    Setting(
        "dns.tcp",
        "idle_timeout_s",
        "integer",
        10,
        "A connection without a query is closed (RFC 7766).",
        1,
        3600,
        "seconds",
    ),
    Setting("dns.tcp", "connections", "integer", 4096, "Open connections.", 1, 1_000_000, "connections"),
    Setting(
        "dns.tcp",
        "connections_per_prefix",
        "integer",
        64,
        "Open connections of one IPv4 /24 or IPv6 /56.",
        1,
        1_000_000,
        "connections",
    ),
    Setting("dns.query_log", "path", "path", None, "The file; reopened on SIGHUP.", example="query.log"),
    Setting("dns.query_log", "sample", "number", 1.0, "Share of the queries written.", 0.0, 1.0),
    *edge.SETTINGS,
)


def by_path() -> dict[tuple[str, ...], Setting]:
    """Every setting by its path."""
    return {setting.path: setting for setting in TABLE}
