"""Every address that the settings have a node listen on."""

from __future__ import annotations

from collections.abc import Iterator

from edgeplane.config.kinds import Listen
from edgeplane.config.model import Settings


def addresses(settings: Settings) -> Iterator[tuple[tuple[str | int, ...], Listen, tuple[str, ...]]]:
    """(path of the setting, address, protocols): (("dns", "listen", 0), 127.0.0.1:53, ("udp", "tcp"))."""
    yield ("observe", "listen"), settings.observe.listen, ("tcp",)
    for key, listens, protocols in (
        (("dns", "listen"), settings.dns.listen, ("udp", "tcp")),
        (("edge", "http"), settings.edge.http, ("tcp",)),
        (("edge", "https"), settings.edge.https, ("tcp",)),
    ):
        for number, address in enumerate(listens):
            yield (*key, number), address, protocols


def claimed_twice(settings: Settings) -> Iterator[tuple[tuple[str | int, ...], tuple[str | int, ...], Listen]]:
    """(path, path that has it first, address): the kernel would share it among both without a word."""
    first: dict[Listen, tuple[str | int, ...]] = {}
    for path, address, _ in addresses(settings):
        other = first.setdefault(address, path)
        if other is not path:
            yield path, other, address
