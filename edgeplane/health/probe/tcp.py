"""TCP: healthy when a connection opens in time."""

import asyncio
import socket

from edgeplane.health import limits
from edgeplane.health.probe.outcome import Outcome, failure, from_os_error, success


async def probe(address: str, port: int, seconds: float = limits.TCP_CONNECT.default) -> Outcome:
    """Connect to a numeric address and hang up."""
    outcome, connection = await connect(address, port, seconds)
    if connection is not None:
        connection.close()
    return outcome


async def connect(address: str, port: int, seconds: float) -> tuple[Outcome, socket.socket | None]:
    """A connected non-blocking socket within `seconds`, or the outcome that says why there is none."""
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        family, kind, protocol, _, endpoint = found[0]
        connection = socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol)
    except OSError as error:
        return from_os_error(error, "TCP connection"), None
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(connection, endpoint)
    except TimeoutError:
        connection.close()
        return failure("timeout_connect", f"no TCP connection within {seconds:g} s"), None
    except OSError as error:
        connection.close()
        return from_os_error(error, "TCP connection"), None
    except BaseException:
        connection.close()
        raise
    return success("TCP connection opened"), connection
