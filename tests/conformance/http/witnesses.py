"""Origins that say which requests arrived: one keeps octets, three were written by others."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from aiohttp import WSMsgType, web

from ...origin import PATIENCE_S, Origin
from ...running import free_port, until
from .caches import listening
from .smuggling.readings import STRICT, disagreements, requests


class Witness(Protocol):
    """An origin; `fresh` gives the targets that arrived since the last call, and what is wrong with them."""

    port: int

    def fresh(self) -> tuple[list[str], list[str]]: ...


@dataclass
class Octets:
    """What an `Origin` was sent, read by the letter, and carelessly."""

    origin: Origin
    read: list[int] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.origin.port

    def fresh(self) -> tuple[list[str], list[str]]:
        streams = list(self.origin.streams)
        self.read += [0] * (len(streams) - len(self.read))
        new = [bytes(stream[begun:]) for stream, begun in zip(streams, self.read, strict=True)]
        self.read = [begun + len(octets) for begun, octets in zip(self.read, new, strict=True)]
        seen = [target for octets in new for target in requests(octets, STRICT)]
        return seen, [fault for octets in new if octets for fault in disagreements(octets)]


@dataclass
class Aiohttp:
    """aiohttp's server; /socket is a WebSocket that says what it hears."""

    port: int = 0
    targets: list[str] = field(default_factory=list)
    read: int = 0

    def fresh(self) -> tuple[list[str], list[str]]:
        begun, self.read = self.read, len(self.targets)
        return self.targets[begun : self.read], []

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.targets.append(request.raw_path)
        content = await request.read()
        fields = {"Cache-Control": "no-store", "X-Method": request.method}
        return web.Response(body=content or b"ok\n", headers=fields)

    async def _echo(self, request: web.Request) -> web.StreamResponse:
        self.targets.append(request.raw_path)
        socket = web.WebSocketResponse(protocols=["echo"])
        await socket.prepare(request)
        async for said in socket:
            if said.type == WSMsgType.TEXT:
                await socket.send_str(said.data)
            elif said.type == WSMsgType.BINARY:
                await socket.send_bytes(said.data)
        return socket

    async def start(self) -> web.AppRunner:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_get("/socket", self._echo)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner


@contextlib.contextmanager
def aiohttp_origin() -> Iterator[Aiohttp]:
    """In a thread of its own."""
    loop, made = asyncio.new_event_loop(), Aiohttp()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(made.start(), loop).result(PATIENCE_S)
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(PATIENCE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_S)
        loop.close()


@dataclass
class NginxOrigin:
    """nginx: files of a folder, and `ok` to everything else; a line of log for each request."""

    port: int
    folder: Path
    read: int = 0
    """Lines of the log that were looked at."""
    marks: int = 0
    """Requests of our own: nginx logs a request after its client has the answer, but before it takes a later one."""

    def fresh(self) -> tuple[list[str], list[str]]:
        self.marks += 1
        mark = f"/mark-{self.marks}"
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{mark}", timeout=PATIENCE_S) as reply:
            reply.read()
        until(lambda: mark in self._lines())
        begun, lines = self.read, self._lines()
        self.read = lines.index(mark) + 1
        return lines[begun : self.read - 1], []

    def _lines(self) -> list[str]:
        return (self.folder / "access.log").read_text("latin-1").splitlines()


NGINX = """\
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 1024; }}
http {{
    log_format target '$request_uri';
    access_log {folder}/access.log target;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    types {{ text/html html; text/css css; application/javascript js; image/png png; }}
    server {{
        listen 127.0.0.1:{port};
        root {folder}/files;
        expires 1h;
        location / {{ try_files $uri @ok; }}
        location @ok {{ add_header Cache-Control no-store; expires off; return 200 "ok\\n"; }}
    }}
}}
"""


@contextlib.contextmanager
def nginx_origin(folder: Path) -> Iterator[NginxOrigin]:
    """With `folder`/files."""
    (folder / "files").mkdir(parents=True, exist_ok=True)
    made = NginxOrigin(free_port(), folder)
    user = "user root; " if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(user + NGINX.format(folder=folder, port=made.port))
    with listening(["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")], made.port):
        yield made


@dataclass
class NodeOrigin:
    """Node.js: `ok` to everything; the target of a request is in its file before its answer is out."""

    port: int
    file: Path
    read: int = 0

    def fresh(self) -> tuple[list[str], list[str]]:
        lines = self.file.read_text("latin-1").splitlines()
        begun, self.read = self.read, len(lines)
        return lines[begun:], []


@contextlib.contextmanager
def node_origin(folder: Path) -> Iterator[NodeOrigin]:
    folder.mkdir(parents=True, exist_ok=True)
    made = NodeOrigin(free_port(), folder / "targets")
    made.file.touch()
    with listening(["node", str(Path(__file__).with_name("origin.mjs")), str(made.port), str(made.file)], made.port):
        yield made
