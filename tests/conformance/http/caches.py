"""Caches in front of an origin: the edge, and others on which the judges are proved."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ...edge import HOST, certificate
from ...running import free_port, until


class Cache(Protocol):
    """Where it listens, and how many requests it says that it has sent to the origin."""

    http: int
    https: int

    def forwarded(self) -> int: ...


@dataclass
class Nginx:
    """proxy_cache by the origin's fields, and a line of log for each request that went on to the origin."""

    http: int
    https: int
    folder: Path

    def forwarded(self) -> int:
        return sum(line != "-" for line in (self.folder / "access.log").read_text().splitlines())


NGINX = """\
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
    log_format forwarded '$upstream_addr';
    access_log {folder}/access.log forwarded;
    proxy_cache_path {folder}/cache keys_zone=objects:10m use_temp_path=off;
    proxy_temp_path {folder}/proxy; client_body_temp_path {folder}/body; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    keepalive_timeout 60s;
    upstream origin {{ server 127.0.0.1:{origin}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{http};
        listen 127.0.0.1:{https} ssl http2;
        ssl_certificate {folder}/tls/chain.pem; ssl_certificate_key {folder}/tls/key.pem;
        server_name {host} localhost;
        location / {{
            proxy_pass http://origin; proxy_http_version 1.1;
            proxy_set_header Connection ""; proxy_set_header Host $host;
            proxy_cache objects; proxy_cache_revalidate on; add_header Via "1.1 nginx";
        }}
    }}
}}
"""


@contextlib.contextmanager
def nginx(folder: Path, origin: int) -> Iterator[Nginx]:
    folder.mkdir(parents=True, exist_ok=True)
    made = Nginx(free_port(), free_port(), folder)
    certificate(folder / "tls")
    user = "user root; " if os.getuid() == 0 else ""
    text = NGINX.format(folder=folder, origin=origin, http=made.http, https=made.https, host=HOST)
    (folder / "nginx.conf").write_text(user + text)
    with listening(["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")], made.http):
        yield made


@contextlib.contextmanager
def listening(argv: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A program, from when its port can be connected to until the block ends."""
    program = shutil.which(argv[0], path=f"/usr/sbin:/usr/local/sbin:{os.environ['PATH']}")
    assert program, f"{argv[0]} is missing: sudo make packages"
    process = subprocess.Popen([program, *argv[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or connects(port))
        assert process.poll() is None, f"{argv[0]} ended"
        yield process
    finally:
        process.terminate()
        process.wait(20)


def connects(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Naive:
    """What a judge must catch: octets go on as they come; a head is whatever ends with two line feeds."""

    def __init__(self, origin: int) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.http = self.https = self.listener.getsockname()[1]
        self.origin, self.count = origin, 0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def forwarded(self) -> int:
        return self.count

    def __enter__(self) -> Naive:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(20)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        """One request each way, whatever is in it: all that comes at once."""
        with (
            client,
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.origin), timeout=5) as origin,
        ):
            client.settimeout(5)
            origin.sendall(client.recv(1 << 20))
            self.count += 1
            origin.settimeout(0.2)
            while answer := origin.recv(65536):
                client.sendall(answer)
