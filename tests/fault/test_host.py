"""S1, S4: the host is short of something: descriptors, disk, ports, files, or the right to write."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from edgeplane.errors import FaultsError

from ..running import until
from ..scenario.conftest import ZONE
from .load import Load

QUERIES = [("www.example.org", "A"), ("example.org", "SOA")]
FILES = 256
CONNECTIONS = 400
BUSY_SHARE = 0.5


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def test_without_descriptors_udp_and_metrics_go_on(make_node):
    """More TCP connections than descriptors: UDP loses nothing, nothing spins, and TCP is back when they close."""
    node = make_node(settings="[dns.tcp]\nconnections_per_prefix = 1000\nidle_timeout_s = 60\n")
    node.program = ["prlimit", f"--nofile={FILES}:{FILES}", *node.program]
    node.start()
    front = node.child("front")
    with contextlib.ExitStack() as held, Load(node, QUERIES, rate=1000) as load:
        for _ in range(CONNECTIONS):
            held.enter_context(socket.create_connection(("127.0.0.1", node.port), timeout=20))
        time.sleep(0.5)
        before, begun = cpu_seconds(front), time.monotonic()
        time.sleep(1.5)
        assert cpu_seconds(front) - before < BUSY_SHARE * (time.monotonic() - begun), "no spinning on accept"
        assert node.get("/metrics")[0] == 200
        assert node.do("status")["state"] == "ready"
        assert len(os.listdir(f"/proc/{front}/fd")) >= FILES - 8, "the limit was reached"
    assert (load.lost, set(load.rcodes())) == (0, {"NOERROR"})
    assert until(lambda: node.answers("www.example.org", tcp=True), node) == ["192.0.2.1"]


SMALL_DISK = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'
"""Mounted where only the node sees it, which asks for no privilege where user namespaces are allowed."""
UNSHARE = ("unshare", "--map-root-user", "--mount")


def on_small_disk(node, folder: Path) -> Path:
    """Starts a node for which a folder is a file system of 1 MiB; the folder as everyone else finds it."""
    folder.mkdir()
    allowed = subprocess.run([*UNSHARE, "sh", "-c", SMALL_DISK, folder, "true"], capture_output=True, text=True)
    if allowed.returncode:
        why = "needs a file system of 1 MiB: user namespaces, or CAP_SYS_ADMIN"
        pytest.skip(f"{why}; a limit of files' sizes stands in for it below; here: {allowed.stderr.strip()}")
    node.program = [*UNSHARE, "sh", "-c", SMALL_DISK, str(folder), *node.program]
    node.start()
    return Path(f"/proc/{node.process.pid}/root{folder}")


def filled(folder: Path) -> Path:
    """The file that takes all that is left of a file system."""
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filler


@pytest.fixture
def node_on_small_disk(make_node):
    """A node whose state_dir is a file system of 1 MiB."""
    node = make_node()
    node.state_dir = on_small_disk(node, node.state_dir)
    return node


def fails_to_keep(node, why: str) -> None:
    """Reloads say why and leave nothing behind; the old plan answers."""
    plans = node.state_dir / "plans"
    kept = {path.name for path in plans.iterdir()}
    node.write("zones/example.org.zone", ZONE.replace("192.0.2.1\n", "192.0.2.9\n"))
    with Load(node, QUERIES, rate=1000) as load:
        for _ in range(2):
            with pytest.raises(FaultsError, match=why):
                node.do("reload")
        assert {path.name for path in plans.iterdir()} == kept, "no temporary file is left"
    assert (load.lost, node.answers("www.example.org")) == (0, ["192.0.2.1"])
    assert 'edgeplane_reloads_total{outcome="failed"} 2\n' in node.get("/metrics")[1]


def test_a_full_disk_costs_no_answer(node_on_small_disk):
    """With room, reloads go through again."""
    node = node_on_small_disk
    filler = filled(node.state_dir)
    fails_to_keep(node, "No space left")
    filler.unlink()
    node.do("reload")
    assert node.answers("www.example.org") == ["192.0.2.9"]
    node.close()


def test_a_plan_that_may_not_be_written_whole_costs_no_answer(node):
    """The limit of a file's size is reached in the middle of the plan; without it, reloads go through again."""
    before = resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (512, before[1]))
    fails_to_keep(node, "File too large")
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, before)
    node.do("reload")
    assert node.answers("www.example.org") == ["192.0.2.9"]


def says(node, *texts: str) -> int:
    """The exit code of a node that must not start; its last words must hold all texts and no traceback."""
    code = node.start(wait=False).ended()
    assert all(text in node.written for text in texts), node.written
    assert "Traceback" not in node.written
    return code


def test_a_state_directory_that_cannot_be_written_is_named(make_node):
    """Exit code 2, the path, and the setting to change."""
    node = make_node()
    node.config.write_text(node.config.read_text().replace('"var"', '"/proc/edgeplane"'))
    assert says(node, "/proc/edgeplane", "[node] state_dir") == 2


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_that_is_taken_is_named(make_node, kind):
    """Exit code 2, the address and the protocol."""
    node = make_node()
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", node.port))
        if kind == socket.SOCK_STREAM:
            sock.listen()
        assert says(node, f"127.0.0.1:{node.port}", "is taken", "udp" if kind == socket.SOCK_DGRAM else "tcp") == 2


@pytest.mark.parametrize(
    ("setting", "says_"),
    [
        ('geo_database = "gone.csv"\n', "gone.csv"),
        ('regions = "gone.csv"\n', "gone.csv"),
        ('[dns.query_log]\npath = "gone/query.log"\n', ""),
    ],
)
def test_a_file_that_is_missing_is_named(make_node, setting, says_):
    """What content needs is named with exit code 1 or 2; a place for the query log can come later."""
    node = make_node(settings=setting)
    if says_:
        assert says(node, says_) in (1, 2)
    else:
        node.start()
        assert node.answers("www.example.org") == ["192.0.2.1"]


def test_a_configuration_that_is_missing_is_named(make_node):
    """Exit code 2 and the path."""
    node = make_node()
    node.config.unlink()
    assert says(node, "edgeplane.toml") == 2


def test_a_configuration_that_goes_missing_costs_no_answer(node):
    """SIGHUP and reload are refused with the path; the node answers on."""
    node.config.unlink()
    node.process.send_signal(signal.SIGHUP)
    until(lambda: 'edgeplane_reloads_total{outcome="failed"} 1\n' in node.get("/metrics")[1], node)
    with pytest.raises(FaultsError, match=r"edgeplane\.toml"):
        node.do("reload")
    assert node.answers("www.example.org") == ["192.0.2.1"]
