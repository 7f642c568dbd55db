"""Who holds an address, read from /proc without binding anything (proc(5), net/tcp; include/net/tcp_states.h)."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

PROC = Path("/proc")
_LISTENS = {"tcp": "0A", "udp": "07"}
"""State column: TCP_LISTEN; a UDP socket that is not connected is in TCP_CLOSE."""


@dataclass(frozen=True)
class Holder:
    """A socket that is in the way. pids: processes that have it, as far as this user may see."""

    address: IPv4Address | IPv6Address
    inode: str
    uid: int
    pids: tuple[int, ...]

    def __str__(self) -> str:
        names = ", ".join(f"{_name(pid)} (process {pid})" for pid in self.pids[:3])
        return names or f"a process of user {self.uid}; ask as that user, or as root, which"


def holders(host: str, port: int, protocol: str, proc: Path = PROC) -> list[Holder]:
    """Sockets that a bind of host and port would meet: the same address, or a wildcard on either side.

    protocol: "udp" or "tcp".
    """
    wanted = ip_address(host)
    rows = [row for row in _rows(protocol, port, proc) if _meets(wanted, row[0])]
    pids = _pids({inode for _, inode, _ in rows}, proc) if rows else {}
    return [Holder(address, inode, uid, tuple(sorted(pids.get(inode, ())))) for address, inode, uid in rows]


def owner(host: str, port: int, protocol: str) -> str:
    """Who holds it, as words; empty where nobody does."""
    return "; ".join(dict.fromkeys(map(str, holders(host, port, protocol))))


def is_local(host: str) -> bool:
    """Whether an interface of this host has the address. Binds a port that the kernel picks, so nothing is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True


def _rows(protocol: str, port: int, proc: Path) -> Iterator[tuple[IPv4Address | IPv6Address, str, int]]:
    """(address, inode, user) of listening sockets on a port."""
    for table in (protocol, f"{protocol}6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                address, _, in_hex = fields[1].rpartition(":")
                if fields[3] == _LISTENS[protocol] and int(in_hex, 16) == port:
                    yield _address(address), fields[9], int(fields[7])


def _address(digits: str) -> IPv4Address | IPv6Address:
    """The kernel prints each 32-bit word in the host's order."""
    octets = bytes.fromhex(digits)
    words = [octets[at : at + 4] for at in range(0, len(octets), 4)]
    if sys.byteorder == "little":
        words = [word[::-1] for word in words]
    return ip_address(b"".join(words))


def _meets(wanted: IPv4Address | IPv6Address, held: IPv4Address | IPv6Address) -> bool:
    """An IPv6 wildcard is taken to hold IPv6 alone: whether it holds IPv4 too cannot be read here."""
    if wanted.version != held.version:
        return False
    return wanted == held or wanted.is_unspecified or held.is_unspecified


def _pids(inodes: set[str], proc: Path) -> dict[str, set[int]]:
    """Inode → processes that have it open; those of other users stay unseen."""
    links = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[str, set[int]] = {}
    for process in proc.iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for descriptor in os.scandir(process / "fd"):
                with contextlib.suppress(OSError):
                    if inode := links.get(os.readlink(descriptor.path)):
                        found.setdefault(inode, set()).add(int(process.name))
    return found


def _name(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return "a process that just ended"
