"""The longest-prefix table against the standard library."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.core.prefix import PrefixTable

addresses = st.ip_addresses(v=4) | st.ip_addresses(v=6)
near = st.integers(0, 255).map(lambda n: ip_address(f"10.0.0.{n}"))


@st.composite
def networks(draw):
    address = draw(near | addresses)
    return ip_network((address, draw(st.integers(0, address.max_prefixlen))), strict=False)


@given(st.lists(networks(), max_size=12), near | addresses)
def test_the_longest_prefix_wins(prefixes, address):
    table = PrefixTable({str(prefix): prefix for prefix in prefixes}, default=None)
    around = [prefix for prefix in prefixes if address in prefix]
    assert table[address] == max(around, key=lambda prefix: prefix.prefixlen, default=None)


@given(st.lists(networks(), max_size=12), near | addresses)
def test_the_scope_holds_for_its_whole_range(prefixes, address):
    table = PrefixTable({str(prefix): prefix for prefix in prefixes}, default=None)
    value, bits = table.lookup(address)
    whole = ip_network((address, bits), strict=False)
    assert table[whole[0]] == table[whole[-1]] == value


def test_faults():
    with pytest.raises(ValueError, match=r"write 10\.0\.0\.0/8"):
        PrefixTable({"10.1.0.0/8": 1}, default=0)
    with pytest.raises(ValueError, match="not an IP address"):
        PrefixTable({}, default=0)["x"]
