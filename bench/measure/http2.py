"""Requests over TLS and HTTP/2, by h2load of nghttp2."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from measure.http import Requests
from measure.load import Generator

STREAMS = 10
COUNTS = re.compile(
    r"^requests: \d+ total, (\d+) started, (\d+) done, \d+ succeeded, (\d+) failed, (\d+) errored", re.M
)
STATUSES = re.compile(r"^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", re.M)
TRAFFIC = re.compile(r"\((\d+)\) data$", re.M)


@dataclass(frozen=True)
class Streams(Requests):
    """Ten requests at a time on each connection. There is no bare server beside, and h2load counts in seconds."""

    floor: str = ""
    turn_s: float = 1.0
    curl: tuple[str, ...] = ("--http2",)
    scheme: str = "https"

    def argv(self, generator: Generator, port: int, seconds: float, rate: float | None = None) -> list[str]:
        place = ["taskset", "--cpu-list", str(generator.cpu), "h2load", "--threads", "1", "--npn-list", "h2"]
        pace = ["--clients", str(self.connections), "--max-concurrent-streams", str(STREAMS)]
        where = ["--connect-to", f"127.0.0.1:{port}", "--input-file", str(self.file)]
        return [*place, *pace, "--duration", str(max(1, round(seconds))), *where, "--base-uri", f"https://{self.host}"]

    def document(self, argv: list[str]) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile(dir="/dev/shm") as log:
            done = subprocess.run([*argv, "--log-file", log.name], capture_output=True, text=True, check=True)
            lines = Path(log.name).read_text().splitlines()
        seconds = float(argv[argv.index("--duration") + 1])
        return document(done.stdout, [line.split("\t") for line in lines], seconds, self.origin.length)


def document(printed: str, lines: list[list[str]], seconds: float, length: int) -> dict[str, Any]:
    """As the generator for HTTP/1.1 says it. `lines`: start in µs, status, duration in µs."""
    counts, statuses, data = COUNTS.search(printed), STATUSES.search(printed), TRAFFIC.search(printed)
    if not counts or not statuses or not data or not lines:
        raise ValueError(f"h2load did not say what came back:\n{printed}")
    received, wrong = int(counts[2]), sum(map(int, statuses.groups()[1:]))
    durations = [int(line[2]) for line in lines]
    cuts = quantiles(durations, n=1000)
    return {
        "seconds": seconds,
        "sent": int(counts[1]),
        "received": received,
        "lost": int(counts[3]) + int(counts[4]),
        "malformed": 0 if int(data[1]) >= int(statuses[1]) * length else int(statuses[1]),
        "statuses": {"200": int(statuses[1])} | ({"other": wrong} if wrong else {}),
        "latency_us": {"p50": cuts[499], "p99": cuts[989], "p999": cuts[998], "max": max(durations)},
        "wraps": 0,
    }
