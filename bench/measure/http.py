"""Requests over HTTP/1.1 to a cache, and whether it does the work: the right content, and from where it should come."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from measure import traffic
from measure.load import Generator
from measure.origin import Origin
from measure.traffic import Window

SAMPLES = 20
READY = "/ready"
"""A target beside those of the file."""


@dataclass(frozen=True)
class Requests:
    """GET for the targets of a file, in turn, each connection with one request at a time.

    hits: what share the cache must answer by itself: 1.0, 0.0, or None for what it can.
    once: each window goes on where the one before it ended, after so many as were `asked`.
    block: the generator sleeps while it waits, because the origin needs its CPU.
    key: what the origin is asked for a target.
    """

    file: Path
    host: str
    origin: Origin
    hits: float | None = 1.0
    once: bool = False
    block: bool = False
    connections: int = 32
    warm_up_s: float = 0.5
    turn_s: float = 0.25
    unit: str = "request"
    floor: str = "bare"
    curl: tuple[str, ...] = ("--http1.1",)
    scheme: str = "http"
    key: Callable[[str], str] = str
    asked: list[int] = field(default_factory=lambda: [0])

    def answers(self, port: int, bare: bool) -> bool:
        target = self.targets()[-1] if self.key is not str else READY
        content = self.get(port, target)
        return content is not None and (bare or content == self.origin.content(self.key(target)))

    def argv(self, generator: Generator, port: int, seconds: float, rate: float | None = None) -> list[str]:
        where = ["--server", f"127.0.0.1:{port}", "--targets", str(self.file), "--host", self.host]
        options = ["--connections", str(self.connections), "--length", str(self.origin.length)]
        pace = ["--cpu", str(generator.cpu), "--duration", str(seconds), *(["--block"] if self.block else [])]
        return [str(generator.binary), "http", *where, *options, *pace]

    def run(self, generator: Generator, port: int, seconds: float, rate: float | None = None) -> Window:
        """A closed loop; there is no `rate`."""
        before = self.origin.requests()
        skip = ["--skip", str(self.asked[0])] if self.once else []
        document = self.document([*self.argv(generator, port, seconds), *skip])
        self.asked[0] += document["sent"]
        return window(document, self.origin.requests() - before)

    def document(self, argv: list[str]) -> dict[str, Any]:
        """What the generator says."""
        return traffic.run(argv)

    def targets(self) -> list[str]:
        return lines(self.file)

    def get(self, port: int, target: str) -> bytes | None:
        """Content by curl, which others wrote; None for anything but 200 and what was to be had in time."""
        url = f"{self.scheme}://{self.host}:{port}{target}"
        with tempfile.NamedTemporaryFile() as out:
            resolve = ["--resolve", f"{self.host}:{port}:127.0.0.1", "--output", out.name]
            options = ["--silent", "--insecure", "--max-time", "10", "--write-out", "%{http_code} %{http_version}"]
            argv = ["curl", *options, *self.curl, *resolve, "--header", f"Host: {self.host}", url]
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            status, _, version = done.stdout.partition(" ")
            right = status == "200" and version == self.curl[0].removeprefix("--http")
            return Path(out.name).read_bytes() if right else None

    def examine(self, port: int) -> list[Any]:
        """Content is the origin's; asked again, it comes from the cache, or from the origin, as it should."""
        targets = self.targets()
        sample = targets[:: max(1, len(targets) // SAMPLES)][:SAMPLES]
        for target in sample if self.hits else ():
            self._right(port, target)
        before = self.origin.requests()
        for target in sample:
            self._right(port, target)
        fetched = self.origin.requests() - before
        expected = None if self.hits is None else round((1 - self.hits) * len(sample))
        if expected is not None and fetched != expected:
            raise ValueError(f"{fetched} of {len(sample)} requests reached the origin; {expected} should have")
        return sample

    def _right(self, port: int, target: str) -> None:
        if self.get(port, target) != self.origin.content(self.key(target)):
            raise ValueError(f"{target}: not the content of the origin")

    def compare(self, given: dict[str, list[Any]]) -> None:
        """Each was compared with the origin."""

    def void(self, windows: Sequence[Any]) -> list[str]:
        reasons = []
        if wrong := sum(each.wrong for each in windows):
            reasons.append(f"{wrong} responses were not 200, or not of {self.origin.length} octets")
        fetched = sum(round((1 - each.hits) * each.answered) for each in windows)
        if self.hits == 1.0 and fetched:
            reasons.append(f"{fetched} requests reached the origin, which should be none")
        if self.hits == 0.0 and (found := max(each.hits for each in windows)) > 0:
            reasons.append(f"{found:.2%} of the requests did not reach the origin, which all should")
        return reasons


@cache
def lines(file: Path) -> list[str]:
    return file.read_text().splitlines()


def window(document: dict[str, Any], fetched: int) -> Window:
    """What the generator says, in the words of every protocol."""
    latency, received = document["latency_us"], document["received"]
    return Window(
        answered=received,
        seconds=document["seconds"],
        p50=latency["p50"],
        p99=latency["p99"],
        p999=latency["p999"],
        lost=document["lost"],
        wrong=document["malformed"] + sum(n for status, n in document["statuses"].items() if status != "200"),
        raw=document,
        hits=1 - fetched / max(received, 1),
    )
