"""Loopback servers with every bad habit, and a runner that gives tests the event loop that the checker has."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from ... import edge

T = TypeVar("T")
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop; nothing here may take longer than 30 s."""

    async def bounded() -> T:
        async with asyncio.timeout(30):
            return await coroutine

    return uvloop.run(bounded())


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on 127.0.0.1; yields its port."""

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def answering(response: bytes, seen: list[bytes] | None = None) -> Handler:
    """Read a request head, send these bytes, close."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(head)
        writer.write(response)
        await writer.drain()

    return handler


def dripping(first: bytes, piece: bytes, seconds: float, times: int = 400) -> Handler:
    """Read a request head, send `first`, then `piece` every so often."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(first)
        for _ in range(times):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(seconds)

    return handler


def certificate(directory: Path) -> ssl.SSLContext:
    """A server context with a key and a self-signed certificate made for this test."""
    made = edge.certificate(directory, "nobody.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made / "chain.pem", made / "key.pem")
    return context
