"""How long a large zone takes to load, what it weighs, and what its reload costs those who ask."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from measure import dns, process
from measure.traffic import finish, start
from measure.trial import Bench, measure, prepare, running, wait_ready, warm_up
from rival import Content, Setup

SETTLE_S = 1.0


@dataclass(frozen=True)
class Loaded:
    """`seconds` from the start of the process to the first correct answer, `seconds_empty` with an empty zone; CPU
    seconds; bytes.
    """

    server: str
    seconds: float
    seconds_empty: float
    cpu_seconds: float
    rss: int
    pss: int
    rss_peak: int
    pss_empty: int
    bytes_a_record: float
    foreign: float

    def document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Reloaded:
    """`seconds` from the order to the first answer with new content; losses over the whole window of load."""

    server: str
    seconds: float
    rate: float
    sent: int
    lost: int
    wrong: int
    p99: float
    p999: float
    rss_before: int
    rss_peak: int
    rss_after: int
    foreign: float
    load: dict[str, Any]

    def document(self) -> dict[str, Any]:
        return asdict(self)


def load_once(bench: Bench[dns.Queries], name: str, content: Content, empty: Content, records: int) -> Loaded:
    """Starts the server with nothing, then with everything."""
    asked = replace(bench.traffic, ready=bench.traffic.ready.replace("marker.", "ready."))
    begun = time.monotonic()
    with running(replace(bench, traffic=asked), name, empty) as server:
        seconds_empty = time.monotonic() - begun
        time.sleep(SETTLE_S)
        nothing = server.memory().pss
    setup = prepare(bench, name, content)
    begun, watch, sizes = time.monotonic(), process.Watch(bench.cpu), [0]
    server = process.Server(setup.argv, bench.cpu, bench.folder / name / "log")
    try:
        wait_ready(bench, name, server, lambda: sizes.append(server.rss()))
        seconds = time.monotonic() - begun
        cpu = process.cost(process.Cpu({}, {}, {}, {}), server.cpu_now()).total
        foreign, _ = watch.shares(cpu)
        time.sleep(SETTLE_S)
        memory = server.memory()
    finally:
        server.stop()
    weight = (memory.pss - nothing) / records
    peak = max(*sizes, memory.rss)
    return Loaded(name, seconds, seconds_empty, cpu, memory.rss, memory.pss, peak, nothing, weight, foreign)


def reload_once(bench: Bench[dns.Queries], name: str, content: Content, seconds: float) -> Reloaded:
    """Half of the server's own peak; in the middle of it, the zone file is replaced and the server told."""
    (origin, source), *_ = content.zones.items()
    live = bench.folder / name / source.name
    live.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, live)
    mine = Content({origin: live}, content.template, content.settings)
    setup = prepare(bench, name, mine)
    with running(bench, name, mine) as server:
        warm_up(bench)
        rate = measure(bench, server, name, "saturate", 2.0, None).per_second / 2
        before, watch, cpu = server.rss(), process.Watch(bench.cpu), server.cpu_now()
        load = start(bench.traffic.argv(bench.generator, bench.port, seconds, rate))
        time.sleep(1.0)
        _replace(source.with_name(source.name + ".next"), live)
        spent, peak = _reload(bench, server, setup, seconds - 2.0)
        document = finish(load)
        after, (foreign, _) = server.rss(), watch.shares(process.cost(cpu, server.cpu_now()).total)
    wrong = document["mismatches"] + sum(n for code, n in document["rcodes"].items() if code != "NOERROR")
    lost = document["timeouts"] + document["send_errors"]
    latency = document["latency_us"]
    tail, sizes = (latency["p99"], latency["p999"]), (before, peak, after)
    return Reloaded(name, spent, rate, document["sent"], lost, wrong, *tail, *sizes, foreign, document)


def _reload(bench: Bench[dns.Queries], server: process.Server, setup: Setup, patience_s: float) -> tuple[float, int]:
    """Seconds until the new marker is served, and the largest RSS seen on the way."""
    begun, peak = time.monotonic(), 0
    if isinstance(setup.reload, signal.Signals):
        server.signal(setup.reload)
    elif setup.reload:
        subprocess.Popen(["taskset", "--cpu-list", str(bench.cpu), *setup.reload], stdout=subprocess.DEVNULL)
    while (spent := time.monotonic() - begun) < patience_s:
        peak = max(peak, server.rss())
        answer = dns.ask(bench.port, bench.traffic.ready, 0.05)
        if answer and any(data == "c6336402" for *_, data in answer.records):
            return spent, peak
        time.sleep(0.02)
    raise TimeoutError(f"{server.log}: no new content after {patience_s:.0f} s; give more --seconds")


def _replace(source: Path, target: Path) -> None:
    """As an operator would: a whole new file under the old name."""
    copy = target.with_name(target.name + ".new")
    shutil.copyfile(source, copy)
    os.replace(copy, target)
