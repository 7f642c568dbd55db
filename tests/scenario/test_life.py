"""A node starts, reloads, survives the death of its parts, drains and starts again, and never stops answering."""

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import dns.exception
import dns.message
import pytest

from edgeplane.errors import FaultsError
from edgeplane.node import limits

from ..running import ROOT, slay, until
from .conftest import ZONE

RELOADS = 20
OLD_PLANS = sorted((ROOT / "tests" / "data" / "plan").glob("*.plan"))

FAILOVER = """\
Resources:
  Zone: {Type: 'AWS::Route53::HostedZone', Properties: {Name: example.net}}
  Check:
    Type: AWS::Route53::HealthCheck
    Properties: {HealthCheckConfig: {Type: TCP, IPAddress: 127.0.0.1, Port: {port}, FailureThreshold: 1}}
  Primary:
    Type: AWS::Route53::RecordSet
    Properties: {HostedZoneId: !Ref Zone, Name: www.example.net, Type: A, TTL: 5, SetIdentifier: one,
      Failover: PRIMARY, HealthCheckId: !Ref Check, ResourceRecords: [192.0.2.1]}
  Secondary:
    Type: AWS::Route53::RecordSet
    Properties: {HostedZoneId: !Ref Zone, Name: www.example.net, Type: A, TTL: 5, SetIdentifier: two,
      Failover: SECONDARY, ResourceRecords: [192.0.2.2]}
"""


def newer(serial: int) -> str:
    return ZONE.replace(" 1 7200", f" {serial} 7200").replace("192.0.2.1\n", f"192.0.2.{serial}\n")


def serial(node) -> int:
    return int(node.answers("example.org", "SOA")[0].split()[2])


def test_it_answers_over_udp_and_tcp_with_the_line_that_it_prints(node):
    assert node.answers("www.example.org") == ["192.0.2.1"]
    assert node.answers("www.example.org", tcp=True) == ["192.0.2.1"]
    until(lambda: "try: kdig" in node.written, node)
    command = node.written.split("try: ")[1].split("\n")[0].split()
    printed = subprocess.run([*command, "+short"], capture_output=True, text=True, timeout=20).stdout
    assert "hostmaster.example.org." in printed


def test_reloads_under_load_lose_and_refuse_nothing(node):
    stop, bad, count = threading.Event(), [], [0]

    def ask() -> None:
        while not stop.is_set():
            count[0] += 1
            try:
                reply = node.query("www.example.org", timeout=5)
                if reply.rcode() != 0 or len(reply.answer) != 1:
                    bad.append(reply.to_text())
            except dns.exception.Timeout:
                bad.append("timeout")

    asker = threading.Thread(target=ask)
    asker.start()
    seen = []
    for number in range(2, RELOADS + 2):
        node.write("zones/example.org.zone", newer(number))
        node.do("reload")
        seen.append(serial(node))
    stop.set()
    asker.join()
    assert seen == list(range(2, RELOADS + 2)), "what reload reported is what is answered"
    assert bad == []
    assert count[0] > RELOADS


def test_a_reload_gives_way_to_answers(node):
    """One thread, which takes plans, is nicer than those that answer."""
    for reloads in (0, 1, 1):
        assert sorted(filter(None, niceness(node.child("front")))) == [limits.NICENESS] * reloads
        node.do("reload")


def niceness(pid: int) -> list[int]:
    """Of each thread of a process."""
    stats = (stat.read_text() for stat in Path(f"/proc/{pid}/task").glob("*/stat"))
    return [int(stat.rpartition(")")[2].split()[16]) for stat in stats]


def test_a_killed_front_answers_again_from_its_plan(node):
    slay(node.child("front"))
    assert node.answers("www.example.org") == ["192.0.2.1"]
    assert 'edgeplane_restarts_total{process="front"} 1\n' in node.get("/metrics")[1]


def test_a_killed_checker_costs_no_answer(node):
    os.kill(node.child("checker"), signal.SIGKILL)
    assert node.answers("www.example.org") == ["192.0.2.1"]
    until(lambda: 'edgeplane_restarts_total{process="checker"} 1\n' in node.get("/metrics")[1], node)


def test_a_wrong_zone_file_is_named_with_its_line_and_changes_nothing(node):
    node.write("zones/example.org.zone", ZONE + "www 300 A 192.0.2.999\n")
    with pytest.raises(FaultsError) as refusal:
        node.do("reload")
    assert (refusal.value.faults[0].place.endswith("example.org.zone"), refusal.value.faults[0].line) == (True, 6)
    assert node.answers("www.example.org") == ["192.0.2.1"]
    assert node.get("/readyz")[1].startswith("degraded\n")


def test_with_everything_else_gone_it_starts_from_its_last_plan(make_node):
    make_node().start().close()
    again = make_node()
    (again.directory / "zones" / "example.org.zone").unlink()
    again.start()
    assert again.answers("www.example.org") == ["192.0.2.1"]
    assert again.get("/readyz")[1].startswith("degraded\n")


@pytest.mark.parametrize("plan", OLD_PLANS, ids=lambda path: path.stem)
def test_it_starts_from_the_plan_of_an_earlier_release(make_node, plan):
    node = make_node({"zones/example.org.zone": "www A\n"})
    kept = node.state_dir / "plans"
    kept.mkdir(parents=True)
    shutil.copy(plan, kept / "current.plan")
    (kept / "generation").write_text("7\n")
    node.start()
    assert set(node.answers("www.example.net")) == {"192.0.2.10", "192.0.2.11"}
    assert node.get("/readyz")[1].startswith("degraded\n")
    node.write("zones/example.org.zone", ZONE)
    assert node.do("reload")["generation"] > 7
    assert node.answers("www.example.org") == ["192.0.2.1"]


def test_content_that_never_was_right_ends_with_1_and_says_why(make_node):
    node = make_node({"zones/example.org.zone": "www A\n"}).start(wait=False)
    assert node.ended() == 1
    assert "example.org.zone:1" in node.written


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_plan_gives_way_to_the_one_before(make_node, damage):
    first = make_node().start()
    first.do("reload")
    first.close()
    current = first.state_dir / "plans" / "current.plan"
    octets = bytearray(current.read_bytes())
    octets[len(octets) // 2] ^= 0x40
    current.write_bytes({"cut": octets[: len(octets) // 2], "flipped": octets, "empty": b""}[damage])
    again = make_node({"zones/example.org.zone": "www A\n"}).start()
    assert again.answers("www.example.org") == ["192.0.2.1"]


def test_sigterm_lets_an_open_connection_finish(node):
    query = dns.message.make_query("www.example.org", "A").to_wire()
    with socket.create_connection(("127.0.0.1", node.port), timeout=20) as connection:
        framed = struct.pack("!H", len(query)) + query
        connection.sendall(framed)
        assert struct.unpack("!H", connection.recv(2))[0] > 12
        connection.sendall(framed[:5])
        node.process.send_signal(signal.SIGTERM)
        until(lambda: "draining" in node.written, node)
        connection.sendall(framed[5:])
        assert connection.recv(512)
    assert node.ended() == 0


def test_the_same_plan_serves_on_a_second_node(make_node, tmp_path):
    node = make_node().start()
    plan = tmp_path / "site.plan"
    node.write("zones/example.org.zone", newer(9))
    build = [sys.executable, "-m", "edgeplane", "plan", "build", str(plan), "-c", str(node.config), "-g", "7"]
    subprocess.run(build, check=True, timeout=60, env=node.environ)
    assert node.do("apply", path=str(plan), force=True)["generation"] == 7
    assert node.answers("www.example.org") == ["192.0.2.9"]
    with pytest.raises(FaultsError, match="not newer"):
        node.do("apply", path=str(plan), force=True)


def first_answer(node) -> list[str]:
    """Of a node that is on its way."""
    for _ in range(200):
        with contextlib.suppress(dns.exception.Timeout):
            return [rdata.to_text() for rrset in node.query("www.example.net", timeout=0.1).answer for rdata in rrset]
    pytest.fail(node.written)


def test_the_first_answer_after_a_restart_knows_what_was_down(make_node):
    with socket.socket() as refuses:
        refuses.bind(("127.0.0.1", 0))
        files = {"site.yaml": FAILOVER.replace("{port}", str(refuses.getsockname()[1]))}
        node = make_node(files).start()
        until(lambda: node.answers("www.example.net") == ["192.0.2.2"], node)
        until(lambda: node.do("health")[0]["state"] == "unhealthy", node)
        node.close()
        for _ in range(3):
            again = make_node(files).start(wait=False)
            assert first_answer(again) == ["192.0.2.2"]
            again.close()
