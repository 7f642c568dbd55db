"""One server, started on content, asked, stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any, Generic, TypeVar

from measure import process
from measure.load import Generator
from measure.traffic import Traffic, Window
from rival import MODULES, Setup, module

START_S = 120.0
ASKS_S = 0.002

T = TypeVar("T", bound=Traffic, covariant=True)


@dataclass(frozen=True)
class Bench(Generic[T]):
    """What all trials of a run share."""

    folder: Path
    cpu: int
    generator: Generator
    traffic: T
    port: int

    def load(self, seconds: float, rate: float | None = None) -> Window:
        """A window of load; `rate` a second, None for as fast as the server answers."""
        return self.traffic.run(self.generator, self.port, seconds, rate)


@dataclass(frozen=True)
class Sample:
    """The windows of one server in one round. Times an answer are CPU of the whole process tree, in µs; latencies are
    medians over the windows, in µs; memory in bytes.

    busy: share of the windows that the tree was on its CPU. foreign: share taken there by anything else.
    """

    server: str
    mode: str
    answered: int
    per_second: float
    cpu_us: float
    user_us: float
    system_us: float
    p50: float
    p99: float
    p999: float
    lost: int
    wrong: int
    hits: float | None
    busy: float
    foreign: float
    steal: float
    rss: int
    pss: int
    load: list[dict[str, Any]]

    def document(self) -> dict[str, Any]:
        return asdict(self)


def prepare(bench: Bench[Traffic], name: str, content: Any) -> Setup:
    folder = bench.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    setup: Setup = module(name).prepare(folder, bench.port, content)
    return setup


@contextmanager
def running(bench: Bench[Traffic], name: str, content: Any) -> Iterator[process.Server]:
    """The server, ready and pinned; its end when the block ends."""
    setup = prepare(bench, name, content)
    server = process.Server(setup.argv, bench.cpu, bench.folder / name / "log")
    try:
        wait_ready(bench, name, server)
        server.pin()
        yield server
    finally:
        server.stop()


def wait_ready(
    bench: Bench[Traffic], name: str, server: process.Server, each: Callable[[], object] = lambda: None
) -> None:
    """Until the first correct answer. `each` is called between attempts."""
    end, bare = time.monotonic() + START_S, MODULES[name] == bench.traffic.floor
    while not bench.traffic.answers(bench.port, bare):
        each()
        if not server.alive() or time.monotonic() > end:
            tail = server.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{name} ended or gave no correct answer within {START_S:.0f} s\n{tail}")
        time.sleep(ASKS_S)


def warm_up(bench: Bench[Traffic]) -> None:
    bench.load(bench.traffic.warm_up_s)


@dataclass(frozen=True)
class Turn:
    """One window of load, and what happened on the server's CPU meanwhile."""

    window: Window
    cost: process.Cost
    foreign: float
    steal: float


def turn(bench: Bench[Traffic], server: process.Server, seconds: float, rate: float | None) -> Turn:
    """One window of load; `rate` a second, None for as fast as it answers."""
    watch, cpu = process.Watch(bench.cpu), server.cpu_now()
    window = bench.load(seconds, rate)
    cost = process.cost(cpu, server.cpu_now())
    return Turn(window, cost, *watch.shares(cost.total))


def sample(server: process.Server, name: str, mode: str, turns: Sequence[Turn]) -> Sample:
    """What a server's turns come to."""
    windows, memory = [each.window for each in turns], server.memory()
    answered, seconds = max(sum(w.answered for w in windows), 1), sum(w.seconds for w in windows) or 1.0
    cpu, user, system = (sum(getattr(each.cost, part) for each in turns) for part in ("total", "user", "system"))
    return Sample(
        server=name,
        mode=mode,
        answered=answered,
        per_second=answered / seconds,
        cpu_us=cpu / answered * 1e6,
        user_us=user / answered * 1e6,
        system_us=system / answered * 1e6,
        p50=median(w.p50 for w in windows),
        p99=median(w.p99 for w in windows),
        p999=median(w.p999 for w in windows),
        lost=sum(w.lost for w in windows),
        wrong=sum(w.wrong for w in windows),
        hits=hits(windows),
        busy=cpu / seconds,
        foreign=mean(each.foreign for each in turns),
        steal=mean(each.steal for each in turns),
        rss=memory.rss,
        pss=memory.pss,
        load=[w.raw for w in windows],
    )


def hits(windows: Sequence[Window]) -> float | None:
    """Share of all answers that a cache gave by itself."""
    given = [(w.hits * w.answered, w.answered) for w in windows if w.hits is not None]
    return sum(hits for hits, _ in given) / max(sum(of for _, of in given), 1) if given else None


def measure(
    bench: Bench[Traffic], server: process.Server, name: str, mode: str, seconds: float, rate: float | None
) -> Sample:
    """One window alone."""
    return sample(server, name, mode, [turn(bench, server, seconds, rate)])


def compare(bench: Bench[Traffic], sides: dict[str, Any]) -> None:
    """Raises ValueError where a server answers wrongly, or two answer differently."""
    given = {}
    for name, content in sides.items():
        with running(bench, name, content):
            given[name] = bench.traffic.examine(bench.port)
    if len(given) > 1:
        bench.traffic.compare(given)
