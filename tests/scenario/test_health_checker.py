"""A checker process probes a real target, is killed, comes back, and the table never forgets."""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

SLOTS, HEADER = 16, 64


class Target(BaseHTTPRequestHandler):
    """Answers with the status that the server says now."""

    def do_GET(self) -> None:
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def target() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Target)
    server.status = 200  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def table() -> Iterator[int]:
    fd = os.memfd_create("health", os.MFD_ALLOW_SEALING)
    os.write(fd, b"EPHEALTH" + struct.pack("<IIQQ", 1, SLOTS, 0, 0) + bytes(32 + SLOTS))
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    yield fd
    os.close(fd)


class Process:
    """A checker and the supervisor's end of its control socket."""

    def __init__(self, table: int, state_dir: Path) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "edgeplane.health.checker", "--control-fd", str(theirs.fileno())]
        command += ["--health-fd", str(table), "--state-dir", str(state_dir)]
        self.process = subprocess.Popen(command, pass_fds=(theirs.fileno(), table))
        theirs.close()
        ours.settimeout(20)
        self.lines = ours.makefile("rwb")
        self.socket = ours

    def call(self, do: str, **fields: Any) -> dict[str, Any]:
        self.lines.write(json.dumps({"id": 1, "do": do, **fields}).encode() + b"\n")
        self.lines.flush()
        reply: dict[str, Any] = json.loads(self.lines.readline())
        return reply

    def close(self) -> int:
        self.lines.close()
        self.socket.close()
        return self.process.wait(timeout=15)


def state(table: int, slot: int) -> int:
    return os.pread(table, 1, HEADER + slot)[0]


def soon(wanted: Callable[[], bool], seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if wanted():
            return True
        time.sleep(0.05)
    return False


def test_probe_flip_kill_restore(target: ThreadingHTTPServer, table: int, tmp_path: Path) -> None:
    config = {"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": target.server_port, "RequestInterval": 1}
    checks = [{"slot": 5, "id": "web", "path": "Resources.Web", "config": config | {"FailureThreshold": 2}}]

    first = Process(table, tmp_path)
    assert first.call("checks", checks=checks) == {"id": 1, "ok": {}}
    assert soon(lambda: state(table, 5) == 1)
    target.status = 503  # type: ignore[attr-defined]
    assert soon(lambda: state(table, 5) == 2)
    epoch, beat = struct.unpack("<QQ", os.pread(table, 16, 16))
    assert epoch >= 2
    assert abs(beat - time.monotonic() * 1000) < 5_000
    time.sleep(1.5)  # the history is written each second
    first.process.kill()
    assert first.close() == -signal.SIGKILL
    assert state(table, 5) == 2

    os.pwrite(table, b"\0", HEADER + 5)  # as after a restart of the whole node
    second = Process(table, tmp_path)
    second.call("checks", checks=[{**checks[0], "config": checks[0]["config"] | {"RequestInterval": 3600}}])
    assert state(table, 5) == 2
    document = second.call("health")["ok"][0]
    assert [one["reason"] for one in document["transitions"]] == ["HTTP status 200", "HTTP status 503"]
    assert second.close() == 0


def test_sigterm_ends_it_at_once(table: int, tmp_path: Path) -> None:
    process = Process(table, tmp_path)
    process.call("stats")
    process.process.terminate()
    assert process.process.wait(timeout=10) == 0
    process.close()
