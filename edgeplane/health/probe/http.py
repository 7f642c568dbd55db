"""HTTP and HTTPS: status and, for the STR_MATCH types, a string in the first bytes of the body.

connect ≤ 4 s → (TLS handshake →) request → head ≤ 2 s, ≤ 16 KiB → body ≤ 2 s, ≤ 5,120 bytes. Redirects are not
followed, certificates are not validated (Route 53 does neither). Written over plain streams: aiohttp's time-outs are
per read or in total, so neither a phase nor a slow drip could be held to its time exactly.
"""

import asyncio
import socket
import ssl
from asyncio import StreamReader, StreamWriter
from contextlib import ExitStack, aclosing
from dataclasses import dataclass

from edgeplane.health import limits
from edgeplane.health.models import HealthCheckConfig
from edgeplane.health.probe import tcp
from edgeplane.health.probe.outcome import Outcome, failure, from_os_error, success
from edgeplane.health.probe.response import BadResponse, Head, read_body, read_head


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each phase may take, in seconds."""

    connect: float = limits.CONNECT.default
    status: float = limits.STATUS.default
    body: float = limits.BODY.default


class BadHandshake(Exception):
    """TLS did not come about: an alert, or a connection that ends during the handshake."""


async def probe(config: HealthCheckConfig, address: str, agent: str, patience: Patience = Patience()) -> Outcome:
    """Ask a numeric address once."""
    outcome, connection = await tcp.connect(address, config.port, patience.connect)
    if connection is None:
        return outcome
    with ExitStack() as held:
        held.callback(connection.close)
        try:
            return await _converse(config, connection, address, agent, patience, held)
        except BadResponse as error:
            return failure("protocol", str(error))
        except (BadHandshake, ssl.SSLError) as error:
            return failure("tls", f"TLS: {error}")
        except OSError as error:
            return from_os_error(error, "HTTP")
        except EOFError:
            return failure("closed", "connection closed before the response was complete")


async def _converse(
    config: HealthCheckConfig,
    connection: socket.socket,
    address: str,
    agent: str,
    patience: Patience,
    held: ExitStack,
) -> Outcome:
    try:
        async with asyncio.timeout(patience.status):
            reader, writer = await _open(config, connection, address, held)
            writer.write(request(config, agent))
            head = await read_head(reader)
    except TimeoutError:
        return failure("timeout_status", f"no complete response head within {patience.status:g} s")
    if not 200 <= head.status < 400:
        return failure("status", f"HTTP status {head.status}")
    if config.SearchString is None:
        return success(f"HTTP status {head.status}")
    try:
        async with asyncio.timeout(patience.body):
            return await _search(reader, head, config.SearchString.encode())
    except TimeoutError:
        return failure("timeout_body", f"string not found in the body within {patience.body:g} s")


async def _search(reader: StreamReader, head: Head, wanted: bytes) -> Outcome:
    """Look for the string as the body comes in; a string that is there already need not wait for the rest."""
    body = bytearray()
    async with aclosing(read_body(reader, head)) as pieces:
        async for piece in pieces:
            body += piece[: limits.SEARCHED.default - len(body)]
            if wanted in body:
                return success(f"HTTP status {head.status}, string found")
            if len(body) >= limits.SEARCHED.default:
                break
    return failure("match", f"string not in the first {len(body)} bytes of the body")


def request(config: HealthCheckConfig, agent: str) -> bytes:
    """The request's bytes."""
    lines = (
        f"GET {config.ResourcePath} HTTP/1.1",
        f"Host: {config.host}",
        f"User-Agent: {agent}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return "\r\n".join([*lines, "", ""]).encode("ascii", "replace")


# --- connection -----------------------------------------------------------------------------------------------------


async def _open(
    config: HealthCheckConfig, connection: socket.socket, address: str, held: ExitStack
) -> tuple[StreamReader, StreamWriter]:
    """Streams over a connected socket. A target that refuses the server name is tried once more without (EnableSNI)."""
    if not config.tls:
        return await _stream(connection, None, held)
    try:
        return await _stream(connection, config.server_name or "", held)
    except BadHandshake:
        if config.server_name is None:
            raise
    outcome, again = await tcp.connect(address, config.port, limits.STATUS.maximum)  # the caller's time-out is nearer
    if again is None:
        raise BadResponse(outcome.reason)
    held.callback(again.close)
    return await _stream(again, "", held)


async def _stream(
    connection: socket.socket, server_name: str | None, held: ExitStack
) -> tuple[StreamReader, StreamWriter]:
    """`server_name`: None is plain TCP, an empty string is TLS without SNI."""
    tls = None if server_name is None else _TLS
    try:
        reader, writer = await asyncio.open_connection(
            sock=connection, ssl=tls, server_hostname=server_name, limit=limits.HEAD.default
        )
    except ssl.SSLError as error:
        raise BadHandshake(error.reason or str(error)) from error
    except ConnectionError as error:
        raise BadHandshake("connection closed during the handshake") from error
    held.callback(writer.transport.abort)
    return reader, writer


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_TLS = _tls()
