"""HAProxy: its cache in memory, one thread."""

from __future__ import annotations

from pathlib import Path

from measure.machine import first_line
from rival import Setup, Site, write

MEGABYTE = 1 << 20


def prepare(folder: Path, port: int, site: Site) -> Setup:
    configs = write(folder / "haproxy.cfg", config(port, site))
    return Setup(["/usr/sbin/haproxy", "-db", "-f", str(folder / "haproxy.cfg")], configs)


def config(port: int, site: Site) -> str:
    """`max-object-size` may be half of `total-max-size`, and counts the head too."""
    total = max(1, site.memory // MEGABYTE)
    largest = min(total * MEGABYTE // 2, site.length + 16384)
    tls = f" ssl crt {site.certificate.both} alpn h2,http/1.1" if site.certificate else ""
    return f"""\
global
    nbthread 1
    maxconn {site.places}
defaults
    mode http
    timeout connect 5s
    timeout client 600s
    timeout server 30s
    timeout http-keep-alive 600s
    timeout http-request 30s
cache objects
    total-max-size {total}
    max-object-size {largest}
    max-age 3600
frontend edge
    bind 127.0.0.1:{port}{tls}
    http-request cache-use objects
    http-response cache-store objects
    default_backend origin
backend origin
    http-reuse always
    server origin 127.0.0.1:{site.origin}
"""


def version() -> str:
    return first_line("/usr/sbin/haproxy", "-v")
