"""`pytest bench/tests`: the instruments, each against a judge of its own (HTTP: test_http.py)."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.rrset
import pytest

from measure import dns as wire
from measure import process, ratio

BURN = "import time; end = time.process_time() + {0}\nwhile time.process_time() < end: sum(range(10_000))\n"
PARENT = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {BURN.format(0.3)!r} + "time.sleep(30)"])
{BURN.format(0.2)}
time.sleep(30)
"""


def test_cost_counts_the_whole_tree(tmp_path: Path) -> None:
    """A parent that burns 0.2 s and a child that burns 0.3 s cost half a second and what two interpreters need."""
    server = process.Server([sys.executable, "-c", PARENT], 0, tmp_path / "log")
    try:
        before, end = process.Cpu({}, {}, {}, {}), time.monotonic() + 20
        while process.cost(before, server.cpu_now()).total < 0.5 and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.3)
        cost = process.cost(before, server.cpu_now())
        assert len(server.tree()) == 2
        assert 0.5 <= cost.total < 0.8
        assert cost.user + cost.system == pytest.approx(cost.total)
        assert cost.user > cost.system
        assert server.memory().rss > server.memory().pss > 4_000_000
    finally:
        child = server.tree()[1:]
        server.stop()
        for pid in child:
            subprocess.run(["kill", str(pid)], check=False)


def test_cost_is_a_difference() -> None:
    before = process.Cpu({1: 5_000_000_000, 2: 1}, {1: 100}, {1: 50}, {1: 10})
    after = process.Cpu({1: 6_000_000_000, 3: 500_000_000}, {1: 190}, {1: 60}, {1: 10 + process.TICKS})
    cost = process.cost(before, after)
    assert (cost.total, cost.user, cost.system) == pytest.approx((2.5, 2.25, 0.25))


def test_query_is_what_dnspython_reads() -> None:
    message = dns.message.from_wire(wire.query("www.example. AAAA @ecs=192.0.2.128/25", 7))
    assert (message.id, str(message.question[0])) == (7, "www.example. IN AAAA")
    assert message.options[0].to_text() == "ECS 192.0.2.128/25 scope/0"


def test_decode_is_what_dnspython_wrote() -> None:
    message = dns.message.from_wire(wire.query("a.example. A", 7))
    message.flags |= dns.flags.QR
    message.answer.append(dns.rrset.from_text("a.example.", 300, "IN", "CNAME", "b.example."))
    message.answer.append(dns.rrset.from_text("b.example.", 60, "IN", "A", "192.0.2.1", "192.0.2.2"))
    assert wire.decode(message.to_wire()) == wire.Answer(
        0,
        (
            ("a.example.", 5, 300, "b.example."),
            ("b.example.", 1, 60, "c0000201"),
            ("b.example.", 1, 60, "c0000202"),
        ),
    )


CUT_ANSWER = b"\0\0\0\0\0\1\0\1\0\0\0\0" + b"\0\0\1\0\1" + b"\0\0\1\0\1"


@pytest.mark.parametrize("packet", [b"", b"\0" * 11, b"\0" * 4 + b"\0\1\0\0" + b"\0" * 4 + b"\xc0\x0c", CUT_ANSWER])
def test_decode_refuses_what_is_cut_or_turns_in_circles(packet: bytes) -> None:
    with pytest.raises((IndexError, struct.error)):
        wire.decode(packet)


def test_interval_holds_the_truth_nine_times_in_ten() -> None:
    """Ratios around 0.9 with 5 % of noise: a 95 % interval over 20 rounds has the true median in it nearly always."""
    chance = random.Random(5)
    hits = 0
    for seed in range(40):
        theirs = [chance.gauss(4.0, 0.2) for _ in range(20)]
        ours = [value * chance.gauss(0.9, 0.045) for value in theirs]
        found = ratio.paired(ours, theirs, seed)
        assert found.low <= found.median <= found.high
        hits += found.low <= 0.9 <= found.high
    assert 33 <= hits <= 40
