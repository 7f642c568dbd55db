"""A whole node of real processes, with small programs in place of the core (see programs/)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgeplane.node.client import call

PROGRAMS = Path(__file__).parent / "programs"
ROOT = Path(__file__).parents[3]
PATIENCE_S = 20.0


class Running:
    """A started supervisor: its configuration, what it wrote, and the ways to talk to it."""

    def __init__(self, directory: Path, **environ: str) -> None:
        self.directory, self.state_dir = directory, directory / "var"
        self.port, self.observe = free_port(), free_port()
        self.config, self.content = directory / "edgeplane.toml", directory / "content"
        self.config.write_text(
            f'[node]\nstate_dir = "var"\n[observe]\nlisten = "127.0.0.1:{self.observe}"\n'
            f'[dns]\nlisten = ["127.0.0.1:{self.port}"]\n'
        )
        self.environ = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
        self.written = ""

    def start(self, content: str = "good", wait: bool = True) -> Running:
        self.content.write_text(content)
        program = [sys.executable, str(PROGRAMS / "supervisor.py"), str(self.config)]
        self.process = subprocess.Popen(program, stderr=subprocess.PIPE, text=True, env=self.environ)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if wait:
            until(lambda: "edgeplane ready" in self.written or "edgeplane degraded" in self.written, self)
        return self

    def _read(self) -> None:
        for line in self.process.stderr:
            self.written += line

    def do(self, verb: str, **args: Any) -> Any:
        return call(self.state_dir, verb, timeout=PATIENCE_S, **args)

    def child(self, name: str) -> int:
        return next(p["pid"] for p in self.do("status")["processes"] if p["name"] == name)

    def answer(self, timeout: float = PATIENCE_S) -> int:
        """The generation that a datagram is answered with."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(timeout)
            sock.sendto(b"?", ("127.0.0.1", self.port))
            return int(sock.recv(512))

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.observe}{path}", timeout=PATIENCE_S) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def ended(self) -> int:
        code = self.process.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.ended()
        self.process.stderr.close()


def free_port() -> int:
    """A port that was free for TCP and UDP a moment ago."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        return tcp.getsockname()[1]


def until(condition: Callable[[], Any], node: Running | None = None, patience: float = PATIENCE_S) -> Any:
    """Waits for something that another process does."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    pytest.fail(f"nothing came of it within {patience} s\n{node.written if node else ''}")


@pytest.fixture
def make_node(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Makes nodes in one directory that end with the test."""
    made: list[Running] = []

    def make(**environ: str) -> Running:
        made.append(Running(tmp_path, **environ))
        return made[-1]

    yield make
    for node in made:
        if hasattr(node, "process"):
            node.close()


@pytest.fixture
def node(make_node: Callable[..., Running]) -> Running:
    """A node that serves."""
    return make_node().start()
