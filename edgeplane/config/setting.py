"""What a setting is, and the kinds of values that settings have."""

from __future__ import annotations

from dataclasses import dataclass

Value = str | int | float | bool | list[str] | list[dict[str, str]] | dict[str, str] | dict[str, dict[str, str]] | None
"""What TOML can say for a setting; None where nothing is the default."""


@dataclass(frozen=True)
class Setting:
    """One setting, as an operator sees it.

    kind: a name in `KINDS`. low, high: the range of a number, of a text's length or of a size in octets, both included.
    example: shown where default is None or empty. restart: a reload cannot follow it, because it was used before the
    first plan was built, or gives a size to what lives as long as the front: sockets, the lock, processes, the store.
    """

    section: str
    key: str
    kind: str
    default: Value
    help: str
    low: int | float | None = None
    high: int | float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    example: Value = None
    restart: bool = False

    @property
    def path(self) -> tuple[str, ...]:
        """("dns", "rrl", "slip")."""
        return (*filter(None, self.section.split(".")), self.key)

    @property
    def name(self) -> str:
        """`dns.rrl.slip`."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """The environment variable that overrides it: `EDGEPLANE__DNS__RRL__SLIP`."""
        return "__".join(("EDGEPLANE", *self.path)).upper()

    @property
    def range(self) -> str:
        """`512 to 4096`, `text or json`, or nothing."""
        if self.choices:
            return " or ".join(self.choices)
        if self.low is None or self.high is None:
            return ""
        if self.kind == "size":
            return f"{size_text(int(self.low))} to {size_text(int(self.high))}"
        return f"{self.low} to {self.high}"

    @property
    def meaning(self) -> str:
        """What it is, and whether it takes a restart."""
        return f"{self.help} Takes a restart." if self.restart else self.help


UNITS = ("", "KiB", "MiB", "GiB", "TiB")
"""Of sizes; each is 1024 times the one before."""


def size_text(octets: int) -> str:
    """268435456 → `256MiB`: the largest unit that leaves a whole number."""
    power = max(power for power in range(len(UNITS)) if octets % 1024**power == 0) if octets else 0
    return f"{octets // 1024**power}{UNITS[power]}"


KINDS = {
    "flag": "true or false",
    "integer": "whole number",
    "number": "number",
    "text": "text",
    "choice": "one of",
    "path": "path",
    "paths": "list of paths",
    "patterns": "list of paths with * and ?",
    "listen": "address:port",
    "listens": "list of address:port",
    "networks": "list of prefixes",
    "any_listens": "list of address:port",
    "addresses": "list of addresses",
    "name_servers": "list of host names",
    "domain": "host name",
    "header": "name of a header field",
    "location": "name of a location",
    "size": "octets, or a size such as 64MiB",
    "certificates": "list of {cert, key}",
    "directories": "table of name = path",
    "buckets": "table of name = {endpoint, region, credentials_file}",
}
"""Kind → what an operator writes. Paths are relative to the file that names them."""
