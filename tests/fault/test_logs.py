"""S5: logs are whole, can be moved away, and never hold up an answer."""

import json
import os
import re
import signal
import subprocess
import threading
import time

import pytest

from edgeplane.errors import EdgeplaneError, FaultsError

from ..running import until
from ..scenario.conftest import ZONE
from .load import Load

QUERIES = [("www.example.org", "A"), ("nothing.example.org", "AAAA")]
LINE = re.compile(
    r"1\.0 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z \S+ (www|nothing|left|right)\.example\.org\.? (A|AAAA) "
    r"(NOERROR|NXDOMAIN) (UDP|TCP) \S+ 127\.0\.0\.1 \S+"
)
"""Route 53's: version, time, hosted zone, name, type, rcode, protocol, edge location, resolver, client subnet."""


def test_every_line_of_every_process_is_json(make_node):
    """log_format json: start, reloads, refusals, deaths, a Rust warning and the end, all as documents."""
    node = make_node(settings='[dns.query_log]\npath = "nowhere/query.log"\n')
    node.config.write_text(node.config.read_text().replace("[observe]\n", '[observe]\nlog_format = "json"\n'))
    node.start()
    node.write("zones/example.org.zone", ZONE + "www 300 A 192.0.2.999\n")
    with pytest.raises(FaultsError):
        node.do("reload")
    for name in ("front", "checker"):
        before = node.child(name)
        os.kill(before, signal.SIGKILL)
        until(lambda name=name, before=before: node.child(name) != before, node)
    until(lambda: node.written.count("nowhere/query.log") >= 2, node)
    node.close()
    documents = [json.loads(line) for line in node.written.splitlines()]
    assert all(document.keys() == {"timestamp", "level", "target", "message"} for document in documents)
    targets = {document["target"].split(".")[0] for document in documents}
    assert {"edgeplane", "edgeplane_dns"} <= targets
    assert any("try: kdig" in document["message"] for document in documents)


def test_what_rust_says_is_in_the_text_log(make_node):
    """log_format text: the same events, as lines that start with a time."""
    node = make_node(settings='[dns.query_log]\npath = "nowhere/query.log"\n').start()
    until(lambda: "WARN" in node.written and "nowhere/query.log" in node.written, node)
    line = next(line for line in node.written.splitlines() if "nowhere/query.log" in line)
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z WARNING edgeplane_dns\.\S+: ", line)


def test_the_query_log_is_in_route_53_s_format_and_survives_its_rotation(make_node):
    """Renamed and SIGHUP: later lines are in the new file, none is lost, none is in both."""
    node = make_node(settings='[dns.query_log]\npath = "query.log"\n').start()
    log, moved = node.directory / "query.log", node.directory / "query.log.1"
    for name in ("www.example.org", "nothing.example.org"):
        node.query(name)
        node.query(name, tcp=True)
    until(lambda: log.exists() and len(log.read_text().splitlines()) == 4, node)
    log.rename(moved)
    node.query("left.example.org")
    node.process.send_signal(signal.SIGHUP)
    until(log.exists, node)
    node.query("right.example.org")
    until(lambda: "right" in log.read_text(), node)
    lines = [*moved.read_text().splitlines(), *log.read_text().splitlines()]
    assert all(LINE.fullmatch(line) for line in lines), lines
    names = [line.split()[3].split(".")[0] for line in lines]
    assert sorted(names[:4]) == ["nothing", "nothing", "www", "www"], (
        "each thread's lines are in order, not all of them"
    )
    assert names[4:] == ["left", "right"]


def test_a_query_log_that_nobody_reads_holds_up_no_answer(make_node):
    """A pipe whose reader has stopped: queries are answered, lines are dropped and counted."""
    node = make_node(settings='[dns.query_log]\npath = "query.log"\n')
    os.mkfifo(node.directory / "query.log")
    reader = os.open(node.directory / "query.log", os.O_RDONLY | os.O_NONBLOCK)
    try:
        node.start()
        with Load(node, QUERIES, rate=10_000) as load:
            until(lambda: dropped(node) > 0, node)
        assert (load.lost, set(load.rcodes())) == (0, {"NOERROR", "NXDOMAIN"})
    finally:
        os.close(reader)


def dropped(node) -> float:
    found = re.search(r"^edgeplane_dns_query_log_dropped_total (\S+)$", node.get("/metrics")[1], re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_a_log_that_nobody_reads_holds_up_nothing(make_node):
    """stderr into a pipe whose reader has stopped: refused reloads fill it, and answers, reloads and the end go on."""
    node = make_node()
    reader, writer = os.pipe()
    try:
        node.process = subprocess.Popen(node.program, stderr=writer, env=node.environ)
        node.reader = threading.Thread(target=int)  # nobody reads
        node.reader.start()
        until(lambda: (node.state_dir / "control.sock").exists() and ready(node), node)
        node.write("zones/example.org.zone", ZONE + "".join(f"x{n} 300 A 192.0.2.999\n" for n in range(400)))
        for _ in range(6):
            with pytest.raises(FaultsError):
                node.do("reload")
        assert node.answers("www.example.org") == ["192.0.2.1"]
        node.write("zones/example.org.zone", ZONE.replace("192.0.2.1\n", "192.0.2.9\n"))
        node.do("reload")
        assert node.answers("www.example.org") == ["192.0.2.9"]
        node.process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        assert node.process.wait(20) == 0
        assert time.monotonic() - begun < 10
    finally:
        os.close(reader)
        os.close(writer)


def ready(node) -> bool:
    try:
        return bool(node.do("status")["state"] == "ready")
    except EdgeplaneError:
        return False
