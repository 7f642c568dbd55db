"""N3: whoever forges a victim's address gets the victim nothing worth having, and costs other clients nothing."""

import time

import dns.flags
import dns.message
import dns.query
import pytest

from ..scenario.conftest import ZONE
from .load import Load

FLOOD = 5000
"""Queries a second in the victim's name, all of its /24."""
SETTLED_S = 2.0
MEASURED_S = 1.0
BIG = ZONE + "".join(f'big 300 TXT "{number:0>200}"\n' for number in range(20))
RATIO = {0: 0.2, 2: 1.5}
"""Slip → octets out for each octet in, once the limit has closed."""


def settings(slip: int) -> str:
    return f"minimal_any = true\n[dns.rrl]\nexempt = []\nslip = {slip}\n"


@pytest.mark.parametrize(
    ("slip", "query"),
    [
        (2, ("example.org", "ANY")),
        (2, ("big.example.org", "TXT")),
        (2, ("nothing.example.org", "A")),
        (0, ("big.example.org", "TXT")),
    ],
)
def test_a_flood_in_a_victim_s_name_is_not_made_larger(make_node, slip, query):
    """Default rate: octets to the victim stay below what the attacker spent; another prefix loses nothing."""
    node = make_node({"zones/example.org.zone": BIG}, settings(slip)).start()
    other = [("www.example.org", "A"), ("example.org", "SOA"), ("example.org", "NS"), ("ns1.example.org", "A")]
    with (
        Load(node, [query], rate=FLOOD, source="127.0.1.5", payload=4096) as flood,
        Load(node, other, rate=300, source="127.0.9.1") as good,
    ):
        time.sleep(SETTLED_S)
        before = flood.received_octets, flood.sent_octets
        time.sleep(MEASURED_S)
        out, spent = flood.received_octets - before[0], flood.sent_octets - before[1]
    assert spent > FLOOD * MEASURED_S * len(flood.packets[0]) / 2, "there was a flood"
    assert out / spent <= RATIO[slip]
    assert good.lost <= good.sent / 1000
    assert set(good.rcodes()) == {"NOERROR"}
    if slip:
        assert flood.rcodes(), "a real client behind the address is told to come over TCP"


def test_no_datagram_is_larger_than_1232_octets_whatever_the_client_offers(make_node):
    """A large answer is cut, and whole over TCP."""
    node = make_node({"zones/example.org.zone": BIG}).start()
    query = dns.message.make_query("big.example.org", "TXT", use_edns=0, payload=4096)
    reply = dns.query.udp(query, "127.0.0.1", port=node.port, timeout=20)
    assert reply.flags & dns.flags.TC
    assert len(reply.to_wire()) <= 1232
    assert len(dns.query.tcp(query, "127.0.0.1", port=node.port, timeout=20).answer[0]) == 20


def test_any_is_answered_with_one_set(make_node):
    """RFC 8482: ANY is no lever."""
    node = make_node({"zones/example.org.zone": BIG + 'example.org. 300 TXT "x"\nexample.org. 300 MX 1 mx\n'}).start()
    assert len(node.query("example.org", "ANY").answer) == 1
