"""Is the load generator to be trusted? dnsperf, which others wrote, says how many queries the same server answers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from measure.dns import Queries
from measure.trial import Bench


def dnsperf(bench: Bench[Queries], seconds: float, rate: float | None) -> float:
    """Queries a second that dnsperf saw answered, on the same CPU, with as many sockets and queries in flight."""
    pace = ["-Q", f"{rate:.0f}"] if rate else []
    in_flight = ["-c", str(bench.traffic.sockets), "-q", str(bench.traffic.outstanding)]
    argv = ["dnsperf", "-s", "127.0.0.1", "-p", str(bench.port), "-d", str(bench.traffic.file), "-l", str(int(seconds))]
    pinned = ["taskset", "--cpu-list", str(bench.generator.cpu), *argv, *in_flight, *pace]
    out = subprocess.run(pinned, capture_output=True, text=True, check=True).stdout
    return _number(out, "Queries per second")


def ours(bench: Bench[Queries], seconds: float, rate: float | None) -> float:
    return bench.load(seconds, rate).per_second


def _number(text: str, label: str) -> float:
    found = re.search(rf"{re.escape(label)}:\s+([0-9.]+)", text)
    if not found:
        raise ValueError(f"dnsperf did not print `{label}`")
    return float(found[1])


def dnsperf_installed() -> bool:
    return Path("/usr/bin/dnsperf").exists()
