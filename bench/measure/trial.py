"""One server, started on content, asked, stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from measure import dns, process
from measure.load import Load
from rival import MODULES, Content, Setup, module

START_S = 120.0
WARM_UP_S = 0.3


@dataclass(frozen=True)
class Bench:
    """What all trials of a run share."""

    folder: Path
    cpu: int
    load: Load
    queries: Path
    ready: str
    port: int


@dataclass(frozen=True)
class Sample:
    """One measured window. Times a query are CPU of the whole process tree, in µs; latencies in µs; memory in bytes.

    busy: share of the window that the tree was on its CPU. foreign: share taken there by anything else.
    """

    server: str
    mode: str
    queries_per_second: float
    cpu_us: float
    user_us: float
    system_us: float
    p50: float
    p99: float
    p999: float
    lost: int
    wrong: int
    busy: float
    foreign: float
    steal: float
    rss: int
    pss: int
    load: dict[str, Any]

    def document(self) -> dict[str, Any]:
        return asdict(self)


def prepare(bench: Bench, name: str, content: Content) -> Setup:
    folder = bench.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    setup: Setup = module(name).prepare(folder, bench.port, content)
    return setup


@contextmanager
def running(bench: Bench, name: str, content: Content) -> Iterator[process.Server]:
    """The server, ready and pinned; its end when the block ends."""
    setup = prepare(bench, name, content)
    server = process.Server(setup.argv, bench.cpu, bench.folder / name / "log")
    try:
        wait_ready(bench, name, server)
        server.pin()
        yield server
    finally:
        server.stop()


def wait_ready(bench: Bench, name: str, server: process.Server, each: Callable[[], None] = lambda: None) -> None:
    """Until the first correct answer; an echo has none to give, it only has to send something back.

    `each` is called between attempts.
    """

    def attempt() -> None:
        each()
        if not server.alive():
            raise ChildProcessError("the process ended")

    try:
        if MODULES[name] == "echo":
            _until(lambda: dns.ask(bench.port, bench.ready, 0.05) is not None)
        else:
            dns.wait_answer(bench.port, bench.ready, START_S, attempt)
    except (TimeoutError, ChildProcessError) as error:
        tail = server.log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{name} is not ready: {error}\n{tail}") from error


def warm_up(bench: Bench) -> None:
    bench.load.run(bench.port, bench.queries, WARM_UP_S)


def measure(bench: Bench, server: process.Server, name: str, mode: str, seconds: float, rate: float | None) -> Sample:
    """One window of load; `rate` in queries a second, None for as fast as it answers."""
    watch, cpu = process.Watch(bench.cpu), server.cpu_now()
    load = bench.load.run(bench.port, bench.queries, seconds, rate)
    cost = process.cost(cpu, server.cpu_now())
    foreign, steal = watch.shares(cost.total)
    memory = server.memory()
    answered = max(load["received"], 1)
    rcodes = load["rcodes"]
    return Sample(
        server=name,
        mode=mode,
        queries_per_second=load["queries_per_second"],
        cpu_us=cost.total / answered * 1e6,
        user_us=cost.user / answered * 1e6,
        system_us=cost.system / answered * 1e6,
        p50=load["latency_us"]["p50"],
        p99=load["latency_us"]["p99"],
        p999=load["latency_us"]["p999"],
        lost=load["timeouts"] + load["send_errors"],
        wrong=load["mismatches"] + sum(n for rcode, n in rcodes.items() if rcode not in ("NOERROR", "NXDOMAIN")),
        busy=cost.total / load["seconds"] if load["seconds"] else 0.0,
        foreign=foreign,
        steal=steal,
        rss=memory.rss,
        pss=memory.pss,
        load=load,
    )


def compare(bench: Bench, sides: dict[str, Content], same: bool, count: int = 300) -> None:
    """Raises ValueError where two servers answer differently: in records, or (`same` false) in how many there are."""
    lines = bench.queries.read_text().splitlines()
    sample = lines[:: max(1, len(lines) // count)]
    given = {}
    for name, content in sides.items():
        with running(bench, name, content):
            given[name] = [dns.ask(bench.port, line) for line in sample]
    (first, ours), (second, theirs) = given.items()
    for line, a, b in zip(sample, ours, theirs, strict=True):
        if a is None or b is None or _shape(a, same) != _shape(b, same):
            raise ValueError(f"different answers to `{line}`:\n  {first}: {a}\n  {second}: {b}")


def _shape(answer: dns.Answer, same: bool) -> object:
    return answer if same else (answer.rcode, len(answer.records))


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + START_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("no reply")
        time.sleep(0.01)
