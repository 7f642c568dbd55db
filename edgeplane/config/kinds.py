"""The types of settings: from what TOML says to what it means. Paths become absolute through `context["base"]`."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainSerializer,
    PlainValidator,
    StrictInt,
    StrictStr,
    ValidationInfo,
)

from edgeplane.config.setting import UNITS
from edgeplane.dns.name import canonical

NAME_SERVERS = range(2, 5)
DOMAIN_OCTETS = 189
"""Longest domain under which a label of 63 octets makes a host name of at most 253 (RFC 1035)."""

_SIZE = re.compile(rf"([0-9]{{1,18}}) ?({'|'.join(UNITS)})")
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_LOCATION = re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?)?")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Listen(NamedTuple):
    """An address to listen on; an IPv6 host stands without brackets."""

    host: str
    port: int

    @property
    def bracketed(self) -> str:
        """The host as it stands in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def __str__(self) -> str:
        return f"{self.bracketed}:{self.port}"


def listen(value: Any) -> Listen:
    """`192.0.2.1:53` or `[2001:db8::1]:53`; raises ValueError."""
    if isinstance(value, Listen):
        return value
    host, colon, port = _text(value).rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError(f"{value!r} is no address and port; write 192.0.2.1:53 or [2001:db8::1]:53")
    if host in ("", "*"):
        raise ValueError(f"{value!r} names no address; for all of this host write 0.0.0.0:{port} or [::]:{port}")
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ip_address(host[1:-1] if bracketed else host)
    except ValueError:
        raise ValueError(f"{host!r} is no IP address; host names are not looked up here") from None
    if isinstance(address, IPv6Address) != bracketed:
        raise ValueError(f"{value!r}: an IPv6 address stands in brackets, [::1]:53, an IPv4 address does not")
    return Listen(str(address), int(port))


def network(value: Any) -> IPv4Network | IPv6Network:
    """`192.0.2.0/24`; raises ValueError when bits are set beyond the prefix."""
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    try:
        return ip_network(_text(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is no prefix such as 192.0.2.0/24 or 2001:db8::/32 ({error})") from None


def address(value: Any) -> IPv4Address | IPv6Address:
    """`192.0.2.80`; raises ValueError."""
    if isinstance(value, IPv4Address | IPv6Address):
        return value
    try:
        found = ip_address(_text(value))
    except ValueError:
        raise ValueError(f"{value!r} is no address such as 192.0.2.80 or 2001:db8::80") from None
    if found.is_multicast or found.is_unspecified:
        raise ValueError(f"{value!r} is not the address of a host")
    return found


def size(value: Any) -> int:
    """Octets: `67108864` or `64MiB`; raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{value!r} is no size; write octets, or a number with {', '.join(UNITS[1:])}: 64MiB")
    octets: int = int(found[1]) << 10 * UNITS.index(found[2])
    return octets


def domain(value: Any) -> str:
    """A host name in lower case, without a dot at its end; raises ValueError."""
    name = _text(value).lower().removesuffix(".")
    if not _HOST.fullmatch(name):
        raise ValueError(f"{value!r} is no host name; write letters, digits and dashes between dots")
    if len(name) > DOMAIN_OCTETS:
        raise ValueError(f"has {len(name)} octets, but must have at most {DOMAIN_OCTETS}")
    return name


def header(value: Any) -> str:
    """The name of a header field in lower case (RFC 9110, section 5.1); raises ValueError."""
    if not _TOKEN.fullmatch(_text(value)):
        raise ValueError(f"{value!r} is no name of a header field")
    return str(value).lower()


def location(value: Any) -> str:
    """The name of a place, such as FRA1: up to 32 letters, digits and dashes; empty for none. Raises ValueError."""
    if not _LOCATION.fullmatch(_text(value)):
        raise ValueError(f"{value!r} is no name of a location; write up to 32 letters, digits and dashes, such as FRA1")
    return str(value)


def absolute(value: Any, info: ValidationInfo) -> Path:
    """A path, relative to the folder of the file that names it; raises ValueError for an empty one."""
    if isinstance(value, Path):
        return value
    text = _text(value)
    if not text or "\0" in text:
        raise ValueError("is empty; write a path")
    return Path((info.context or {}).get("base", "."), text).absolute()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text in quotes, not {value!r}")
    return value


def _few(names: tuple[str, ...]) -> tuple[str, ...]:
    if names and len(names) not in NAME_SERVERS:
        raise ValueError(f"has {len(names)} names, but must have {NAME_SERVERS.start} to {NAME_SERVERS.stop - 1}")
    if len(set(names)) != len(names):
        raise ValueError("names one server twice")
    return names


def _some(listens: tuple[Listen, ...]) -> tuple[Listen, ...]:
    if not listens:
        raise ValueError('is empty; write at least one address, such as "127.0.0.1:5300"')
    return listens


def _each_once(listens: tuple[Listen, ...]) -> tuple[Listen, ...]:
    if len(set(listens)) != len(listens):
        raise ValueError("names one address twice")
    return listens


ListenAt = Annotated[Listen, PlainValidator(listen), PlainSerializer(str)]
ListenAny = Annotated[tuple[ListenAt, ...], AfterValidator(_each_once)]
ListenAll = Annotated[ListenAny, AfterValidator(_some)]
Network = Annotated[IPv4Network | IPv6Network, PlainValidator(network), PlainSerializer(str)]
Address = Annotated[IPv4Address | IPv6Address, PlainValidator(address), PlainSerializer(str)]
Size = Annotated[StrictInt, BeforeValidator(size)]
HostDomain = Annotated[str, PlainValidator(domain)]
HeaderName = Annotated[str, PlainValidator(header)]
LocationName = Annotated[str, PlainValidator(location)]
FilePath = Annotated[Path, PlainValidator(absolute), PlainSerializer(str)]
NameServers = Annotated[tuple[Annotated[StrictStr, AfterValidator(canonical)], ...], AfterValidator(_few)]
