"""A started node: its configuration, what it wrote, and the ways to talk to it."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from edgeplane.node.client import call

ROOT = Path(__file__).parents[1]
PATIENCE_S = 60.0
"""An upper bound only: two busy cores start a node in seconds, not in half a second."""
SERVE = (sys.executable, "-m", "edgeplane", "serve")
SERVES = re.compile(r"edgeplane (ready|degraded): .*; on ")
"""The line in which a node says that it serves, as text or in JSON; commands to try follow it."""


class Running:
    """A node in a directory of its own. `toml` may have {port} and {observe}, ports that were free a moment ago."""

    def __init__(self, directory: Path, toml: str = "", program: Sequence[str] = SERVE, **environ: str) -> None:
        self.directory, self.state_dir = directory, directory / "var"
        self.port, self.observe = free_port(), free_port()
        self.config = directory / "edgeplane.toml"
        self.config.write_text((toml or TOML).replace("{port}", str(self.port)).replace("{observe}", str(self.observe)))
        self.environ = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
        self.program = [*program, str(self.config)]
        self.written = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "process"):
            self.close()

    def start(self, wait: bool = True) -> Self:
        """Starts it; waits until it says that it serves."""
        self.process = subprocess.Popen(self.program, stderr=subprocess.PIPE, text=True, env=self.environ)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if wait:
            until(lambda: SERVES.search(self.written) or self.process.poll() is not None, self)
            assert self.process.poll() is None, self.written
        return self

    def _read(self) -> None:
        for line in self.process.stderr or ():
            self.written += line

    def do(self, verb: str, **args: Any) -> Any:
        """Asks over the control socket."""
        return call(self.state_dir, verb, timeout=PATIENCE_S, **args)

    def child(self, name: str) -> int:
        """The process id of front or checker."""
        return next(p["pid"] for p in self.do("status")["processes"] if p["name"] == name)

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page of [observe] listen."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.observe}{path}", timeout=PATIENCE_S) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def ended(self) -> int:
        """The exit code, once it has ended."""
        code = self.process.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)
        return code

    def close(self) -> None:
        """Ends it in order, else by force."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.ended()
        if self.process.stderr:
            self.process.stderr.close()


TOML = """
[node]
state_dir = "var"
[observe]
listen = "127.0.0.1:{observe}"
[dns]
listen = ["127.0.0.1:{port}"]
"""


def free_port() -> int:
    """A port that was free for TCP and UDP a moment ago."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        return int(tcp.getsockname()[1])


def slay(pid: int) -> None:
    """Kills a process; returns once its last thread has ended, and not before: one that waits in a socket takes what
    comes there even after its main thread has gone.
    """
    handle = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        assert select.select([handle], [], [], PATIENCE_S)[0], f"process {pid} does not end"
    finally:
        os.close(handle)


def until(condition: Callable[[], Any], node: Running | None = None, patience: float = PATIENCE_S) -> Any:
    """Waits for something that another process does."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    pytest.fail(f"nothing came of it within {patience} s\n{node.written if node else ''}")
