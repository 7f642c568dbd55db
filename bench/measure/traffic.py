"""What is asked of a server, whatever the protocol: measure/dns.py and measure/http.py each have their own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any, Protocol

from measure.load import Generator


@dataclass(frozen=True)
class Window:
    """What came back in a window of load. Latencies in µs.

    lost: asked without an answer. wrong: answers that are not what was asked for.
    hits: share of the answers that a cache gave by itself; None where that is no question.
    """

    answered: int
    seconds: float
    p50: float
    p99: float
    p999: float
    lost: int
    wrong: int
    raw: dict[str, Any]
    hits: float | None = None

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds if self.seconds else 0.0


class Traffic(Protocol):
    """What is asked, and how answers are judged. `unit`: question and answer. `floor`: a server without work."""

    @property
    def unit(self) -> str: ...

    @property
    def floor(self) -> str: ...

    @property
    def warm_up_s(self) -> float: ...

    @property
    def turn_s(self) -> float:
        """Length of a window, seconds, where servers take turns."""

    def answers(self, port: int, bare: bool) -> bool:
        """Whether a server answers rightly; of a `bare` one, whether it answers at all."""

    def run(self, generator: Generator, port: int, seconds: float, rate: float | None = None) -> Window:
        """A window of load: as fast as the server answers, or at `rate` a second."""

    def argv(self, generator: Generator, port: int, seconds: float, rate: float | None = None) -> list[str]:
        """How the generator is called."""

    def examine(self, port: int) -> list[Any]:
        """Answers to a sample; ValueError for one that is wrong by itself."""

    def compare(self, given: dict[str, list[Any]]) -> None:
        """ValueError where servers answer differently."""

    def void(self, windows: list[Any]) -> list[str]:
        """Why samples of one server say nothing."""


def run(argv: list[str]) -> dict[str, Any]:
    """The document that the generator prints."""
    return finish(start(argv))


def start(argv: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the load generator ended with status {process.returncode}")
    document: dict[str, Any] = json.loads(out)
    return document
