"""The types of settings: from what TOML says to what it means. Paths become absolute through `context["base"]`."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, PlainSerializer, PlainValidator, StrictStr, ValidationInfo

from edgeplane.dns.name import canonical

NAME_SERVERS = range(2, 5)


class Listen(NamedTuple):
    """An address to listen on; an IPv6 host stands without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listen(value: Any) -> Listen:
    """`192.0.2.1:53` or `[2001:db8::1]:53`; raises ValueError."""
    if isinstance(value, Listen):
        return value
    host, colon, port = _text(value).rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError(f"{value!r} is no address and port; write 192.0.2.1:53 or [2001:db8::1]:53")
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
    if len(set(listens)) != len(listens):
        raise ValueError("names one address twice")
    return listens


ListenAt = Annotated[Listen, PlainValidator(listen), PlainSerializer(str)]
ListenAll = Annotated[tuple[ListenAt, ...], AfterValidator(_some)]
Network = Annotated[IPv4Network | IPv6Network, PlainValidator(network), PlainSerializer(str)]
FilePath = Annotated[Path, PlainValidator(absolute), PlainSerializer(str)]
NameServers = Annotated[tuple[Annotated[StrictStr, AfterValidator(canonical)], ...], AfterValidator(_few)]
