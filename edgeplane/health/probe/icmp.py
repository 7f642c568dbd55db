"""ICMP: healthy when an echo request is answered in time. Not in Route 53; ours.

A datagram socket for ICMP needs no privilege where `net.ipv4.ping_group_range` has our group; else a raw socket is
tried (CAP_NET_RAW). Where neither is allowed there is no verdict, only a reason that says what to change.
"""

import asyncio
import os
import socket
import struct
from dataclasses import dataclass

from edgeplane.health import limits
from edgeplane.health.probe.outcome import Outcome, failure, from_os_error, no_verdict, success

_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
_REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
_PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
_NOT_PERMITTED = "ICMP is not permitted: add the group to net.ipv4.ping_group_range or grant CAP_NET_RAW"


@dataclass(frozen=True, slots=True)
class Echo:
    """One echo request: the random token tells our reply from everybody else's."""

    family: socket.AddressFamily
    token: bytes

    def request(self) -> bytes:
        """Its bytes, checksum included (RFC 792; for ICMPv6 the kernel fills it in)."""
        unsummed = struct.pack("!BBHHH", _REQUEST[self.family], 0, 0, int.from_bytes(self.token[:2]), 1) + self.token
        return unsummed[:2] + struct.pack("!H", checksum(unsummed)) + unsummed[4:]

    def answered_by(self, packet: bytes) -> bool:
        """True for the reply to this request, with or without the IPv4 header that raw sockets put before it."""
        if self.family == socket.AF_INET and packet[:1] and packet[0] >> 4 == 4:
            packet = packet[(packet[0] & 15) * 4 :]
        return packet[:1] == bytes([_REPLY[self.family]]) and packet[8:] == self.token


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


async def probe(address: str, seconds: float = limits.ICMP_REPLY.default) -> Outcome:
    """Send one echo request to a numeric address."""
    try:
        family, _, _, _, endpoint = socket.getaddrinfo(address, 0, flags=socket.AI_NUMERICHOST)[0]
        connection = _open(family)
    except PermissionError:
        return no_verdict(_NOT_PERMITTED)
    except OSError as error:
        return from_os_error(error, "ICMP")
    try:
        connection.connect(endpoint)
        async with asyncio.timeout(seconds):
            return await _exchange(connection, Echo(family, os.urandom(16)))
    except TimeoutError:
        return failure("timeout_reply", f"no echo reply within {seconds:g} s")
    except OSError as error:
        return from_os_error(error, "ICMP")
    finally:
        connection.close()


def _open(family: socket.AddressFamily) -> socket.socket:
    try:
        return socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, _PROTOCOL[family])
    except PermissionError:
        return socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _PROTOCOL[family])


async def _exchange(connection: socket.socket, echo: Echo) -> Outcome:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, echo.request())
    for _ in range(limits.ICMP_FOREIGN.default):
        if echo.answered_by(await loop.sock_recv(connection, 2048)):
            return success("echo reply")
    return failure("flood", "only other ICMP messages came back")
