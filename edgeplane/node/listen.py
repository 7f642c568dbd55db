"""The node's listening sockets: bound once, before anything else starts, and held until the node ends.

systemd: LISTEN_FDS ─┐
                     ├─► Listeners ─► spawn(…): descriptors 3, 4, … with LISTEN_FDS and LISTEN_FDNAMES ─► front
[dns], [edge] ───────┘
"""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from edgeplane.config.kinds import Listen
from edgeplane.config.model import Edge
from edgeplane.node.host import HostError

log = logging.getLogger(__name__)

FIRST_DESCRIPTOR: Final = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""

BACKLOG: Final = 4096
"""Connections that may wait while a front restarts; the kernel takes the smaller of this and somaxconn."""

_SO_BINDTOIFINDEX: Final = 62
"""A socket hears one interface alone (Linux 5.0, for everybody 5.7). `socket` knows it from Python 3.14 on."""

_NO_INTERFACE: Final = (1 << 31) - 1
"""The last number that an interface could have; they are given from 1 on."""

_PROTOCOLS: Final = {socket.SOCK_DGRAM: "udp", socket.SOCK_STREAM: "tcp"}
_UNIT_FILE: Final = "see ListenDatagram= and ListenStream= of the .socket unit"

Owner = Callable[[str, int, str], str]
"""(host, port, "udp" or "tcp") → who holds it, as words; empty where that cannot be seen."""


@dataclass
class Listeners:
    """Bound sockets. `udp`, `http` and `https` hold one for each address and thread, address by address; `tcp` one for
    each address. `lent` are those of them that a service manager bound, and holds on to.
    """

    udp: list[socket.socket] = field(default_factory=list)
    tcp: list[socket.socket] = field(default_factory=list)
    http: list[socket.socket] = field(default_factory=list)
    https: list[socket.socket] = field(default_factory=list)
    lent: list[socket.socket] = field(default_factory=list)

    def descriptors(self) -> list[tuple[str, int]]:
        """Names and numbers, as `spawn` takes them."""
        named = {"udp": self.udp, "tcp": self.tcp, "http": self.http, "https": self.https}
        return [(name, sock.fileno()) for name, sockets in named.items() for sock in sockets]

    def addresses(self) -> list[Listen]:
        """Where the node really listens for DNS, each once."""
        return _names([*self.udp, *self.tcp])

    def web_addresses(self) -> dict[str, list[Listen]]:
        """Where the node really listens for HTTP: "http" and "https", those that there are."""
        found = {"http": _names(self.http), "https": _names(self.https)}
        return {scheme: addresses for scheme, addresses in found.items() if addresses}

    def one_sided(self) -> list[tuple[Listen, str]]:
        """Addresses that lack a protocol, with its name. DNS needs both (RFC 7766, section 5)."""
        udp, tcp = ({Listen(*s.getsockname()[:2]) for s in sockets} for sockets in (self.udp, self.tcp))
        return [(address, "TCP") for address in sorted(udp - tcp)] + [(address, "UDP") for address in sorted(tcp - udp)]

    def refuse(self) -> None:
        """Has the kernel refuse new connections from now on, although the front holds the sockets too.

        A socket that hears no interface is not found by a client's first packet; connections that it has, or that are
        being made, remain: `shutdown` would reset them. What waits in a lent socket is for the process after this one.
        """
        for sock in {*self.tcp, *self.http, *self.https}.difference(self.lent):
            try:
                sock.setsockopt(socket.SOL_SOCKET, _SO_BINDTOIFINDEX, _NO_INTERFACE)
            except OSError as error:
                log.warning("%s goes on taking connections that nobody serves: %s", _names([sock])[0], error.strerror)

    def close(self) -> None:
        """Gives the addresses back."""
        for sock in (*self.udp, *self.tcp, *self.http, *self.https):
            sock.close()


def bind_all(addresses: Sequence[Listen], threads: int, owner: Owner | None = None) -> Listeners:
    """Binds every address for UDP and TCP. Raises HostError for the first that cannot be had."""
    for address in addresses:
        _see_that_it_is_free(address, "[dns] listen", owner, (socket.SOCK_DGRAM, socket.SOCK_STREAM))
    bound = Listeners()
    try:
        for address in addresses:
            bound.udp += [_bind(address, socket.SOCK_DGRAM, "[dns] listen") for _ in range(threads)]
            bound.tcp.append(_bind(address, socket.SOCK_STREAM, "[dns] listen"))
    except BaseException:
        bound.close()
        raise
    return bound


def bind_web(bound: Listeners, edge: Edge, threads: int, owner: Owner | None = None) -> Listeners:
    """Binds the addresses of [edge] too, a socket for each thread. Raises HostError, and then nothing stays bound."""
    try:
        for setting, addresses, sockets in (
            ("[edge] http", edge.http, bound.http),
            ("[edge] https", edge.https, bound.https),
        ):
            for address in addresses if not sockets else ():
                _see_that_it_is_free(address, setting, owner, (socket.SOCK_STREAM,))
                sockets.extend(_bind(address, socket.SOCK_STREAM, setting) for _ in range(threads))
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
    """Sockets from a service manager: those named `http` or `https` are the edge's, the others are DNS's and told apart
    by their kind. One for UDP or HTTP is shared by all threads.

    Raises HostError for one that cannot be served on.
    """
    given = Listeners()
    for name, number in descriptors:
        sock = _socket(name, number)
        web = {"http": given.http, "https": given.https}.get(name)
        given.lent.append(sock)
        if web is not None and sock.type != socket.SOCK_STREAM:
            raise HostError(f"{name} (descriptor {number}) is not TCP; {_UNIT_FILE}")
        if web is None and sock.type == socket.SOCK_STREAM:
            given.tcp.append(sock)
        else:
            copies = [sock.dup() for _ in range(threads - 1)]
            given.lent += copies
            (given.udp if web is None else web).extend([sock, *copies])
    return given


def _names(sockets: Iterable[socket.socket]) -> list[Listen]:
    return list(dict.fromkeys(Listen(*sock.getsockname()[:2]) for sock in sockets))


def _socket(name: str, number: int) -> socket.socket:
    try:
        sock = socket.socket(fileno=number)
    except OSError as error:
        raise HostError(f"{name} (descriptor {number}) is not a socket ({error.strerror}); {_UNIT_FILE}") from error
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type not in _PROTOCOLS:
        kind = f"{getattr(sock.family, 'name', sock.family)} {getattr(sock.type, 'name', sock.type)}"
        raise HostError(f"{name} (descriptor {number}, {kind}) is neither UDP nor TCP over IPv4 or IPv6; {_UNIT_FILE}")
    return sock


def _see_that_it_is_free(
    address: Listen, setting: str, owner: Owner | None, kinds: Iterable[socket.SocketKind]
) -> None:
    # SO_REUSEPORT would let a second server of the same user share the port without a word.
    for kind in kinds:
        _bind(address, kind, setting, owner, shared=False).close()


def _bind(
    address: Listen, kind: socket.SocketKind, setting: str, owner: Owner | None = None, *, shared: bool = True
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
        if shared and kind == socket.SOCK_STREAM:
            sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise HostError(_bind_fault(address, kind, setting, error, owner)) from error
    return sock


def _bind_fault(address: Listen, kind: socket.SocketKind, setting: str, error: OSError, owner: Owner | None) -> str:
    protocol = _PROTOCOLS[kind]
    if error.errno == errno.EADDRINUSE:
        who = owner(address.host, address.port, protocol) if owner else ""
        return f"{address} ({protocol}) is taken{f' by {who}' if who else ''}; stop that, or set another {setting}"
    if error.errno == errno.EACCES:
        return (
            f"{address} ({protocol}): ports below 1024 need CAP_NET_BIND_SERVICE; the systemd unit grants it, "
            f"or let {setting} name a higher port"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{address} ({protocol}) is not an address of this host; `ip address` lists them"
    return f"{address} ({protocol}): {error.strerror}"
