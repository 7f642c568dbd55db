"""A server under measurement: its whole process tree, kept on one CPU, and what it costs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cpu:
    """CPU time used so far. `threads`: thread id → ns on a CPU; the others: clock ticks by process id.

    `reaped`: of children that ended and were waited for, such as a process that compiled a zone.
    """

    threads: dict[int, int]
    user: dict[int, int]
    system: dict[int, int]
    reaped: dict[int, int]


@dataclass(frozen=True)
class Cost:
    """CPU time of a tree between two readings, in seconds."""

    total: float
    user: float
    system: float


@dataclass(frozen=True)
class Memory:
    """Bytes over the whole tree. `rss` counts shared pages once a process, `pss` once."""

    rss: int
    pss: int


class Server:
    """A server process and its children, started on `cpu` in a session of its own."""

    def __init__(self, argv: list[str], cpu: int, log: Path) -> None:
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                ["taskset", "--cpu-list", str(cpu), *argv], stdout=out, stderr=out, start_new_session=True
            )
        self.cpu = cpu
        self.log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def pin(self) -> None:
        """Put every thread on the CPU again: Knot spreads its own threads over all CPUs."""
        for pid in self.tree():
            for tid in _numbers(PROC / str(pid) / "task"):
                _try_pin(tid, self.cpu)

    def tree(self) -> list[int]:
        """Process ids of the tree, parents first."""
        found = [self.pid]
        for pid in found:
            found.extend(_children(pid))
        return found

    def cpu_now(self) -> Cpu:
        threads: dict[int, int] = {}
        user: dict[int, int] = {}
        system: dict[int, int] = {}
        reaped: dict[int, int] = {}
        for pid in self.tree():
            threads.update(_thread_times(pid))
            stat = _read(PROC / str(pid) / "stat").rpartition(")")[2].split()
            if stat:
                own_user, own_system, reaped_user, reaped_system = map(int, stat[11:15])
                user[pid], system[pid] = own_user + reaped_user, own_system + reaped_system
                reaped[pid] = reaped_user + reaped_system
        return Cpu(threads, user, system, reaped)

    def memory(self) -> Memory:
        tree = self.tree()
        return Memory(
            sum(_kilobytes(PROC / str(pid) / "status", "VmRSS:") for pid in tree),
            sum(_kilobytes(PROC / str(pid) / "smaps_rollup", "Pss:") for pid in tree),
        )

    def rss(self) -> int:
        """Bytes; cheap enough to be read while the server works."""
        return sum(_kilobytes(PROC / str(pid) / "status", "VmRSS:") for pid in self.tree())

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def stop(self, patience_s: float = 15.0) -> None:
        """SIGTERM, then SIGKILL to the session that was started here, and to nothing else."""
        if self.alive():
            self._process.terminate()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()


def cost(before: Cpu, after: Cpu) -> Cost:
    """CPU time between two readings. The total is exact to nanoseconds; the kernel samples how it splits."""
    total = sum(ns - before.threads.get(tid, 0) for tid, ns in after.threads.items()) / 1e9
    total += sum(ticks - before.reaped.get(pid, 0) for pid, ticks in after.reaped.items()) / TICKS
    user = sum(ticks - before.user.get(pid, 0) for pid, ticks in after.user.items())
    system = sum(ticks - before.system.get(pid, 0) for pid, ticks in after.system.items())
    share = user / (user + system) if user + system else 0.0
    return Cost(total, total * share, total * (1 - share))


class Watch:
    """What happens on a CPU beside the servers, from now on."""

    def __init__(self, cpu: int) -> None:
        self._cpu = cpu
        self._start = time.monotonic()
        self._busy, self._steal = _cpu_busy(cpu)

    def shares(self, own_s: float) -> tuple[float, float]:
        """Shares of the time since: used by others than a server that used `own_s` seconds; held by the hypervisor."""
        wall = time.monotonic() - self._start
        busy, steal = _cpu_busy(self._cpu)
        return max(0.0, busy - self._busy - own_s) / wall, (steal - self._steal) / wall


def _cpu_busy(cpu: int) -> tuple[float, float]:
    """Seconds since boot for which a CPU worked, and for which the hypervisor held it back."""
    for line in _read(PROC / "stat").splitlines():
        name, *ticks = line.split()
        if name == f"cpu{cpu}":
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
            return (user + nice + system + irq + softirq) / TICKS, steal / TICKS
    raise ValueError(f"no CPU {cpu}")


def _children(pid: int) -> Iterator[int]:
    for tid in _numbers(PROC / str(pid) / "task"):
        yield from map(int, _read(PROC / str(pid) / "task" / str(tid) / "children").split())


def _thread_times(pid: int) -> Iterator[tuple[int, int]]:
    for tid in _numbers(PROC / str(pid) / "task"):
        fields = _read(PROC / str(pid) / "task" / str(tid) / "schedstat").split()
        if fields:
            yield tid, int(fields[0])


def _numbers(folder: Path) -> list[int]:
    try:
        return [int(entry.name) for entry in folder.iterdir()]
    except OSError:
        return []


def _kilobytes(path: Path, key: str) -> int:
    for line in _read(path).splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: Path) -> str:
    """The text of a file in /proc; empty when its process is gone."""
    try:
        return path.read_text()
    except OSError:
        return ""


def _try_pin(tid: int, cpu: int) -> None:
    try:
        os.sched_setaffinity(tid, {cpu})
    except OSError:
        return
