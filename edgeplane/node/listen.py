"""The node's listening sockets: bound once, before anything else starts, and held until the node ends.

systemd: LISTEN_FDS ─┐
                     ├─► Listeners ─► spawn(…): descriptors 3, 4, … with LISTEN_FDS and LISTEN_FDNAMES ─► front
[dns] listen ────────┘
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from edgeplane.config.kinds import Listen
from edgeplane.node.host import HostError

FIRST_DESCRIPTOR: Final = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""

BACKLOG: Final = 4096
"""Connections that may wait while a front restarts; the kernel takes the smaller of this and somaxconn."""

_PROTOCOLS: Final = {socket.SOCK_DGRAM: "udp", socket.SOCK_STREAM: "tcp"}
_UNIT_FILE: Final = "see ListenDatagram= and ListenStream= of the .socket unit"

Owner = Callable[[str, int, str], str]
"""(host, port, "udp" or "tcp") → who holds it, as words; empty where that cannot be seen."""


@dataclass
class Listeners:
    """Bound sockets. `udp` holds one for each address and thread, address by address; `tcp` one for each address."""

    udp: list[socket.socket] = field(default_factory=list)
    tcp: list[socket.socket] = field(default_factory=list)

    def descriptors(self) -> list[tuple[str, int]]:
        """Names and numbers, as `spawn` takes them."""
        return [("udp", s.fileno()) for s in self.udp] + [("tcp", s.fileno()) for s in self.tcp]

    def addresses(self) -> list[Listen]:
        """Where the node really listens, each once."""
        return list(dict.fromkeys(Listen(*s.getsockname()[:2]) for s in [*self.udp, *self.tcp]))

    def one_sided(self) -> list[tuple[Listen, str]]:
        """Addresses that lack a protocol, with its name. DNS needs both (RFC 7766, section 5)."""
        udp, tcp = ({Listen(*s.getsockname()[:2]) for s in sockets} for sockets in (self.udp, self.tcp))
        return [(address, "TCP") for address in sorted(udp - tcp)] + [(address, "UDP") for address in sorted(tcp - udp)]

    def close(self) -> None:
        """Gives the addresses back."""
        for sock in [*self.udp, *self.tcp]:
            sock.close()


def bind_all(addresses: Sequence[Listen], threads: int, owner: Owner | None = None) -> Listeners:
    """Binds every address for UDP and TCP. Raises HostError for the first that cannot be had."""
    for address in addresses:
        _see_that_it_is_free(address, owner)
    bound = Listeners()
    try:
        for address in addresses:
            bound.udp += [_bind(address, socket.SOCK_DGRAM) for _ in range(threads)]
            bound.tcp.append(_bind(address, socket.SOCK_STREAM))
            bound.tcp[-1].listen(BACKLOG)
    except BaseException:
        bound.close()
        raise
    return bound


def inherited(environ: Mapping[str, str] = os.environ) -> list[tuple[str, int]]:
    """Descriptors that whoever started this process left open for it, with their names (sd_listen_fds(3))."""
    if environ.get("LISTEN_PID", str(os.getpid())) != str(os.getpid()):
        return []
    count = int(environ.get("LISTEN_FDS", "0") or 0)
    names = environ.get("LISTEN_FDNAMES", "").split(":") if environ.get("LISTEN_FDNAMES") else []
    names += ["unknown"] * (count - len(names))
    numbers = range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + count)
    for number in numbers:
        os.set_inheritable(number, False)
    return list(zip(names, numbers, strict=False))


def activated(descriptors: Iterable[tuple[str, int]], threads: int) -> Listeners:
    """Sockets from a service manager, told apart by their kind; each UDP socket is shared by all threads.

    Raises HostError for one that DNS cannot be served on.
    """
    given = Listeners()
    for name, number in descriptors:
        sock = _socket(name, number)
        if sock.type == socket.SOCK_DGRAM:
            given.udp += [sock, *(sock.dup() for _ in range(threads - 1))]
        else:
            given.tcp.append(sock)
    return given


def _socket(name: str, number: int) -> socket.socket:
    try:
        sock = socket.socket(fileno=number)
    except OSError as error:
        raise HostError(f"{name} (descriptor {number}) is not a socket ({error.strerror}); {_UNIT_FILE}") from error
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type not in _PROTOCOLS:
        kind = f"{getattr(sock.family, 'name', sock.family)} {getattr(sock.type, 'name', sock.type)}"
        raise HostError(f"{name} (descriptor {number}, {kind}) is neither UDP nor TCP over IPv4 or IPv6; {_UNIT_FILE}")
    return sock


def _see_that_it_is_free(address: Listen, owner: Owner | None) -> None:
    # SO_REUSEPORT would let a second server of the same user share the port without a word.
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        _bind(address, kind, owner, shared=False).close()


def _bind(
    address: Listen, kind: socket.SocketKind, owner: Owner | None = None, *, shared: bool = True
) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    sock = socket.socket(family, kind)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise HostError(_bind_fault(address, kind, error, owner)) from error
    return sock


def _bind_fault(address: Listen, kind: socket.SocketKind, error: OSError, owner: Owner | None) -> str:
    protocol = _PROTOCOLS[kind]
    if error.errno == errno.EADDRINUSE:
        who = owner(address.host, address.port, protocol) if owner else ""
        return f"{address} ({protocol}) is taken{f' by {who}' if who else ''}; stop that, or set another [dns] listen"
    if error.errno == errno.EACCES:
        return (
            f"{address} ({protocol}): ports below 1024 need CAP_NET_BIND_SERVICE; the systemd unit grants it, "
            "or let [dns] listen name a higher port"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{address} ({protocol}) is not an address of this host; `ip address` lists them"
    return f"{address} ({protocol}): {error.strerror}"
