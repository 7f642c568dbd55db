"""The control socket: in the state directory, one JSON document a line (docs/control-socket.md).

Whoever may open it (mode 0660) may operate the node. Nothing that a client sends or fails to read holds up the node.
"""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

from edgeplane.errors import Fault
from edgeplane.node import limits
from edgeplane.node.client import SOCKET_NAME
from edgeplane.node.host import socket_path
from edgeplane.node.lines import Handler, answer, refusal


class ControlSocket:
    """Answers clients with a handler until it is closed."""

    def __init__(self, state_dir: Path, handler: Handler) -> None:
        self.path = state_dir / SOCKET_NAME
        self._handler = handler
        self._clients: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Starts to listen, in place of what an earlier node left behind."""
        self.path.unlink(missing_ok=True)
        sock = _bound(self.path)
        self._server = await asyncio.start_unix_server(self._serve, sock=sock, limit=limits.LINE_OCTETS)

    async def close(self) -> None:
        """Lets every client go."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.transport.abort()
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= limits.CLIENTS:
            writer.write(_no(f"{limits.CLIENTS} clients are connected already; try again"))
            writer.close()
            return
        self._clients.add(writer)
        try:
            while line := await _next_line(reader, writer):
                writer.write(await answer(line, self._handler))
                await asyncio.wait_for(writer.drain(), limits.CLIENT_WRITE_S)
            writer.close()
        except (TimeoutError, OSError):
            writer.transport.abort()
        finally:
            self._clients.discard(writer)


async def _next_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The client's next line; nothing when it has gone, or cannot be followed any more."""
    try:
        return await asyncio.wait_for(reader.readline(), limits.CLIENT_IDLE_S)
    except ValueError:
        writer.write(_no(f"the line is longer than {limits.LINE_OCTETS} octets"))
        return b""


def _no(message: str) -> bytes:
    return refusal(None, [Fault("request", 0, message)])


def _bound(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    before = os.umask(0o117)
    try:
        with socket_path(path) as address:
            sock.bind(address)
    finally:
        os.umask(before)
    return sock
