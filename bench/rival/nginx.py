"""nginx: proxy_cache, one worker, no access log, sendfile; open files are remembered where all objects have room."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from measure.machine import first_line
from rival import ALL, Setup, Site, write

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
KEYS_A_KILOBYTE = 8
"""nginx's manual: one megabyte of a zone holds about 8,000 keys. What is full gives way to what is new at once, other
than `max_size`, which a process of its own looks after."""


def prepare(folder: Path, port: int, site: Site) -> Setup:
    shutil.rmtree(folder / "cache", ignore_errors=True)
    for name in ("cache", *(f"temp/{each}" for each in TEMPORARY)):
        (folder / name).mkdir(parents=True, exist_ok=True)
    configs = write(folder / "nginx.conf", config(folder, port, site))
    return Setup(["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-e", "stderr"], configs)


def config(folder: Path, port: int, site: Site) -> str:
    temporary = "".join(f"    {name}_temp_path {folder}/temp/{name};\n" for name in TEMPORARY)
    user = "user root;\n" if os.getuid() == 0 else ""
    return f"""\
{user}daemon off;
worker_processes 1;
worker_rlimit_nofile {site.places + 20000};
pid {folder}/nginx.pid;
error_log stderr error;
events {{
    worker_connections {site.places};
}}
http {{
{temporary}\
    access_log off;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    open_file_cache {open_files(site)};
    open_file_cache_valid 600s;
    types {{ }}
    default_type text/plain;
    proxy_cache_path {folder}/cache levels=1:2 keys_zone=objects:{max(32, site.objects // KEYS_A_KILOBYTE)}k
        inactive=1h max_size={site.memory} use_temp_path=off;
    upstream origin {{
        server 127.0.0.1:{site.origin};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port}{tls(site)};
        server_name {site.host};
        location / {{
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_cache objects;
            proxy_cache_key $host$request_uri;
        }}
    }}
}}
"""


def open_files(site: Site) -> str:
    """Off where objects leave the cache: open files that are deleted would be served on, more than fit."""
    return "max=20000 inactive=600s" if site.objects == ALL else "off"


def tls(site: Site) -> str:
    """The end of `listen`, and the certificate."""
    if not site.certificate:
        return ""
    chain, key = site.certificate.chain, site.certificate.key
    return f" ssl http2;\n        ssl_certificate {chain};\n        ssl_certificate_key {key}"


def version() -> str:
    return first_line("/usr/sbin/nginx", "-v")
