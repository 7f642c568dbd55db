"""N6: reloads under load lose nothing, refuse nothing, and no answer is half old and half new."""

import signal
from itertools import groupby

from ..running import until
from .load import Load

RELOADS = 20
RATE = 5000
QUERIES = [("www.example.org", "A"), ("example.org", "SOA"), ("only-7.example.org", "TXT"), ("example.org", "NS")]


def zone(number: int) -> str:
    """A zone that shows its number everywhere, with one name of its own."""
    return f"""\
$ORIGIN example.org.
@ 3600 SOA ns1 hostmaster {number} 7200 900 1209600 300
@ 3600 NS ns1
ns1 3600 A 192.0.2.53
www 300 A 192.0.2.{number}
www 300 A 198.51.100.{number}
www 300 A 203.0.113.{number}
only-{number} 300 TXT "{number}"
"""


def rdata_of(message) -> str:
    return "".join(rdata.to_text() for rrset in message.answer for rdata in rrset)


def serials(load: Load, lane) -> list[int]:
    return [reply.answer[0][0].serial for reply in load.messages(lane, 1)]


def test_twenty_reloads_under_load(make_node):
    """20 reloads, by signal and by socket in turn, cost no query; answers are wholly old or new, serials only rise."""
    node = make_node({"zones/example.org.zone": zone(1)}).start()
    with Load(node, QUERIES, rate=RATE) as load:
        for number in range(2, RELOADS + 2):
            node.write("zones/example.org.zone", zone(number))
            if number % 2:
                node.do("reload")
            else:
                node.process.send_signal(signal.SIGHUP)
                until(lambda number=number: str(number) == node.answers("example.org", "SOA")[0].split()[2], node)
    assert (load.lost, set(load.rcodes())) == (0, {"NOERROR", "NXDOMAIN"})
    for lane in load.lanes:
        wholes = {frozenset(rdata.address.rsplit(".", 1)[1] for rdata in m.answer[0]) for m in load.messages(lane, 0)}
        assert all(len(numbers) == 1 for numbers in wholes)
        assert all(len(m.answer[0]) == 3 for m in load.messages(lane, 0))
        assert serials(load, lane) == sorted(serials(load, lane))
        own = (rdata_of(message) for message in load.messages(lane, 2))
        assert [text for text, _ in groupby(own)] == ["", '"7"', ""], (
            "there from the seventh to the eighth, and at no other time"
        )
    assert set().union(*(serials(load, lane) for lane in load.lanes)) >= {1, RELOADS + 1}
    assert 'edgeplane_reloads_total{outcome="failed"} 0\n' in node.get("/metrics")[1]
