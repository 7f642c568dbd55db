"""S3: the wall clock jumps, and nothing but time stamps notices."""

from __future__ import annotations

import glob
import os
import time

import dns.edns
import dns.message
import dns.query
import pytest

from ..running import until
from ..scenario.conftest import ZONE
from .load import Load

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), "")
JUMPS = ["+1h", "-1h", "+1d", "-1d", "-10m"]
BUSY_SHARE = 0.5
"""Of one core, for all processes of a node that is asked nothing."""
RATE = 50
"""Answers a second where they are limited."""


@pytest.fixture(autouse=True)
def _faketime() -> None:
    assert LIBRARY, "the package faketime is missing: sudo make packages"


class Clock:
    """The wall clock of a node's processes; the monotonic clock stays as it is."""

    def __init__(self, path) -> None:
        self.path = path
        self.jump("+0")
        self.environ = {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(path),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, offset: str) -> None:
        self.path.with_suffix(".new").write_text(offset + "\n")
        self.path.with_suffix(".new").replace(self.path)


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path / "clock")


def cpu_seconds(node) -> float:
    ticks = 0
    for process in node.do("status")["processes"]:
        with open(f"/proc/{process['pid']}/stat") as file:
            ticks += sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def test_jumps_cost_no_query_and_wake_no_busy_loop(make_node, clock):
    """Answers, reloads and generations go on through ±1 h, ±1 day and back 10 min; the node then sleeps as before."""
    node = make_node(**clock.environ).start()
    generations = [node.do("status")["generation"]]
    with Load(node, [("www.example.org", "A"), ("example.org", "SOA")], rate=1000) as load:
        for number, offset in enumerate(JUMPS, 2):
            clock.jump(offset)
            node.write("zones/example.org.zone", ZONE.replace(" 1 7200", f" {number} 7200"))
            generations.append(node.do("reload")["generation"])
            assert abs(node.do("status")["applied"] - (time.time() + seconds(offset))) < 60, "the clock did jump"
    assert (load.lost, set(load.rcodes())) == (0, {"NOERROR"})
    assert generations == sorted(set(generations))
    before = cpu_seconds(node)
    time.sleep(2)
    assert cpu_seconds(node) - before < 2 * BUSY_SHARE


def seconds(offset: str) -> float:
    return float(offset[:-1]) * {"m": 60, "h": 3600, "d": 86400}[offset[-1]]


def ask(node, cookie: bytes) -> bytes:
    """The cookie that a query with this one is answered with."""
    option = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, cookie)
    query = dns.message.make_query("www.example.org", "A", options=[option])
    reply = dns.query.udp(query, "127.0.0.1", port=node.port, timeout=20)
    assert reply.answer
    return next(bytes(o.to_wire()) for o in reply.options if o.otype == dns.edns.OptionType.COOKIE)


def test_cookies_follow_the_wall_clock(make_node, clock):
    """RFC 9018: a server cookie lives an hour by the wall clock; when it jumps, clients are given a new one."""
    node = make_node(**clock.environ).start()
    for offset in ["+0", *JUMPS]:
        clock.jump(offset)
        fresh = until(lambda: ask(node, b"12345678"), node)
        assert len(fresh) == 24
        stamp = int.from_bytes(fresh[12:16], "big")
        shift = seconds(offset) if offset != "+0" else 0
        assert abs(stamp - (time.time() + shift)) < 60
        assert ask(node, fresh)[:8] == fresh[:8]


def test_rate_limits_follow_the_monotonic_clock(make_node, clock):
    """A jump neither opens the limit for a flood nor shuts out who came after it."""
    settings = f"[dns.rrl]\nexempt = []\nslip = 0\nresponses_per_second = {RATE}\n"
    node = make_node(settings=settings, **clock.environ).start()
    begun = time.monotonic()
    with Load(node, [("www.example.org", "A")], rate=1000) as flood:
        for offset in JUMPS * 4:
            clock.jump(offset)
            time.sleep(0.1)
    passed = time.monotonic() - begun
    assert sum(flood.rcodes().values()) <= RATE * (1 + passed), "a burst of a second, then the rate"
    with Load(node, [("www.example.org", "A")], rate=20, source="127.0.9.1") as calm:
        time.sleep(1)
    assert calm.lost == 0
