"""The longest-prefix table: address → the value of the smallest range around it."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Generic, TypeVar

from edgeplane import _core

Value = TypeVar("Value")
Address = IPv4Address | IPv6Address | str


class PrefixTable(Generic[Value]):
    """Prefixes of both families (RFC 4632, RFC 4291) with a value each, flattened when the table is made.

    A look-up is one step through an index and a short binary search, and copies nothing.
    """

    def __init__(self, prefixes: Mapping[str, Value], default: Value) -> None:
        """prefixes: `192.0.2.0/24` or `2001:db8::/32` → value; default: for addresses in none of them.

        ValueError for a prefix that is malformed or has bits set after its length.
        """
        self._values = [default, *prefixes.values()]
        self._table = _core.PrefixTable([(prefix, n) for n, prefix in enumerate(prefixes, 1)], 0)

    def __getitem__(self, address: Address) -> Value:
        """The value of the longest prefix around an address. ValueError for what is no address."""
        return self.lookup(address)[0]

    def lookup(self, address: Address) -> tuple[Value, int]:
        """The value, and how many leading bits of the address decide it: what RFC 7871 calls the scope.

        All addresses that share so many bits have the same value. ValueError for what is no address.
        """
        number, bits = self._table.lookup(str(address))
        return self._values[number], bits
