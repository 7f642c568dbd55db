"""A whole node of real processes, with small programs in place of the core (see programs/)."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from ...running import PATIENCE_S, TOML, Running

PROGRAMS = Path(__file__).parent / "programs"


class StandIn(Running):
    """A supervisor over the programs; `content` is what they make a plan from, where the configuration names it."""

    def __init__(self, directory: Path, content: bool = True, **environ: str) -> None:
        toml = 'templates = ["content"]\n' + TOML if content else TOML
        super().__init__(directory, toml, program=[sys.executable, str(PROGRAMS / "supervisor.py")], **environ)
        self.content = directory / "content"

    def start(self, content: str = "good", wait: bool = True) -> StandIn:
        """Starts it with that content."""
        self.content.write_text(content)
        super().start(wait)
        return self

    def answer(self, timeout: float = PATIENCE_S) -> int:
        """The generation that a datagram is answered with."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(timeout)
            sock.sendto(b"?", ("127.0.0.1", self.port))
            return int(sock.recv(512))


@pytest.fixture
def kind_of_node() -> type[StandIn]:
    """Of these tests."""
    return StandIn
