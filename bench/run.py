#!/usr/bin/env python3
"""Measures edgeplane beside another server: same content, same questions, same CPU, in interleaved rounds.

examples:
  bench/run.py --list                                      what can be measured
  bench/run.py static --rival gdnsd                        20 rounds, saturated and at half of gdnsd's peak
  bench/run.py static --rival knot --rounds 3 --seconds 1  a quick look; not kept under bench/runs
  bench/run.py weighted --rival plain                      a policy beside edgeplane's own plain records
  bench/run.py static --subject knot --rival gdnsd         two others
  bench/run.py load-1m --rival knot --rounds 5             a million names: time and memory
  bench/run.py http-hit-1k --rival nginx                   an HTTP cache: hits, misses, memory (http-…)
  bench/run.py check-load                                  the load generator beside dnsperf
  bench/run.py check-sign                                  a new signed URL beside openssl's bare signature

bench/README.md says what the columns mean and what makes a run void.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from measure import checkload, checksign, idle, machine, million, report, rounds
from measure import load as loading
from measure.ratio import Ratio, paired
from measure.trial import Bench, Sample, compare, prepare, running, warm_up
from rival import DNS, HTTP, MODULES, module
from scenario import Material, Scenario, all_scenarios

YARDSTICKS = {"echo": ("echo", "gdnsd"), "bare": ("bare",), "": ()}
"""Server without work → who is measured beside subject and rival. The last one must be slower than it; or the rival."""
IDLE = 2000


def main() -> int:
    options = parser().parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # Servers are stopped on the way out.
    if options.list:
        return list_scenarios()
    if check := {"check-load": check_load, "check-sign": check_sign}.get(options.scenario):
        return check(options)
    scenario = all_scenarios()[options.scenario]
    over_http = scenario.name.startswith("http-")
    options.rival = options.rival or ("nginx" if over_http else "gdnsd")
    if wrong := {options.rival, options.subject} & set(DNS if over_http else HTTP):
        print(f"{', '.join(wrong)}: does not speak the protocol of {scenario.name}", file=sys.stderr)
        return 2
    bench, material = arrange(options, scenario)
    measure = {"rounds": run_rounds, "load": run_load, "reload": run_reload, "idle": run_idle}[scenario.kind]
    return measure(options, bench, material)


def parser() -> argparse.ArgumentParser:
    out = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = out.add_argument
    add(
        "scenario",
        nargs="?",
        default="static",
        choices=[*all_scenarios(), "check-load", "check-sign"],
        metavar="SCENARIO",
    )
    add("--list", action="store_true", help="list the scenarios and servers")
    add("--rival", choices=MODULES, help="what edgeplane is measured beside (gdnsd; nginx for http-…)")
    add("--subject", default="edgeplane", choices=MODULES, help="what is measured (edgeplane)")
    add("--rounds", type=int, default=20, help="rounds; 20 or more are kept under bench/runs (20)")
    add(
        "--seconds",
        type=float,
        default=3.0,
        help="seconds of load on each server in a round, in turns (3; reload-1m: all of its load)",
    )
    add(
        "--mode", default="both", choices=("saturate", "half", "both"), help="closed loop, open loop at half peak, both"
    )
    add("--rate", type=float, help="queries a second of half; without it, half of gdnsd's peak, measured first")
    add("--server-cpu", type=int, default=0, help="CPU of the servers (0)")
    add("--load-cpu", type=int, default=1, help="CPU of the load generator and of this program (1)")
    add("--outstanding", type=int, help="DNS: queries in flight at saturation (128)")
    add("--sockets", type=int, help="DNS: source ports of the load (4)")
    add("--connections", type=int, help="HTTP: connections of the load (32)")
    add("--port", type=int, default=5400, help="port of the servers on 127.0.0.1; the next one is used too (5400)")
    add("--seed", type=int, default=1, help="of the order of servers within rounds (1)")
    add("--work", type=Path, default=loading.ROOT / "var" / "bench", help="working folder (var/bench)")
    add("--no-build", action="store_true", help="take the load generator as it is (CARGO_TARGET_DIR or target)")
    add("--no-compare", action="store_true", help="do not compare the answers of both sides first")
    return out


def arrange(options: argparse.Namespace, scenario: Scenario) -> tuple[Bench[Any], Material]:
    """Builds the load generator, writes the content, and moves this program to the load's CPU."""
    binary = loading.binary() if options.no_build else loading.build()
    os.sched_setaffinity(0, {options.load_cpu})
    work = options.work.resolve()
    material = scenario.make(work / "data" / scenario.name)
    servers = work / "servers"
    shutil.rmtree(servers, ignore_errors=True)
    servers.mkdir(parents=True)
    generator = loading.Generator(binary, options.load_cpu)
    return Bench(servers, options.server_cpu, generator, tuned(options, material.traffic), options.port), material


def tuned(options: argparse.Namespace, traffic: Any) -> Any:
    """With what was said on the command line about the load."""
    own = {field.name for field in fields(traffic)}
    given = {name: getattr(options, name) for name in ("outstanding", "sockets", "connections")}
    return replace(traffic, **{name: value for name, value in given.items() if value and name in own})


def run_rounds(options: argparse.Namespace, bench: Bench[Any], material: Material) -> int:
    yardsticks = YARDSTICKS[bench.traffic.floor]
    modes = ("saturate", "half") if options.mode == "both" else (options.mode,)
    if "gdnsd" not in yardsticks:
        modes = ("saturate",)
    sides = contents(options, material, yardsticks)
    with material.alive():
        if not options.no_compare:
            compare(
                bench, {name: sides[name] for name in (options.subject, options.rival) if name not in yardsticks[:1]}
            )
        rate = options.rate
        if "half" in modes and not rate:
            rate = rounds.peak(bench, "gdnsd", material.plain, min(options.seconds, 2.0)) / 2
        plan = rounds.Plan(sides, options.rounds, options.seconds, modes, rate, options.seed)
        with progress(plan.steps()) as step:
            samples = rounds.run(bench, plan, step)
    found = tell(options, bench, list(sides), samples, modes, rate)
    reasons = report.void(samples, modes, bench.traffic, next(iter(yardsticks[1:]), options.rival))
    extra = {"rate": rate, "ratios": {mode: {t: vars(r) for t, r in each.items()} for mode, each in found.items()}}
    return conclude(options, bench, sides, samples, reasons, extra)


def tell(
    options: argparse.Namespace,
    bench: Bench[Any],
    servers: Sequence[str],
    samples: Sequence[Sample],
    modes: Sequence[str],
    rate: float | None,
) -> dict[str, dict[str, Ratio]]:
    """Prints tables and ratios; returns these by mode."""
    console, unit = wide(), bench.traffic.unit
    found: dict[str, dict[str, Ratio]] = {}
    for mode in modes:
        at = f" ({rate:,.0f} q/s, open loop)" if mode == "half" else " (closed loop)"
        console.print(report.table(samples, servers, mode, unit))
        found[mode] = report.ratios(samples, options.subject, options.rival, mode, unit)
        for title, ratio in found[mode].items():
            console.print(f"{options.subject} / {options.rival}, {mode}{at}, {title}: {ratio}")
    return found


def contents(options: argparse.Namespace, material: Material, yardsticks: Sequence[str]) -> dict[str, Any]:
    """Who takes part, and what each serves: the subject and a second edgeplane the scenario's own, all others plain."""
    names = dict.fromkeys((options.subject, options.rival, *yardsticks))
    return {name: material.content if name == "edgeplane" else material.plain for name in names}


def run_idle(options: argparse.Namespace, bench: Bench[Any], material: Material) -> int:
    sides = contents(options, material, ())
    found = []
    with material.alive(), progress(options.rounds * len(sides)) as step:
        for number in range(options.rounds):
            for name, content in sides.items():
                found.append(idle.idle_once(bench, name, content, IDLE))
                step(f"round {number + 1}: {name}")
    columns = {
        "bytes a connection": ("bytes_a_connection", 1.0),
        "of them its place": ("bytes_a_place", 1.0),
        "PSS before MB": ("pss_before", 1e-6),
        "PSS after MB": ("pss_after", 1e-6),
        "closed": ("closed", 1.0),
    }
    wide().print(report.plain_table(f"{IDLE:,} idle connections, one response each", found, columns))
    ours, theirs = ([row.bytes_a_connection for row in found if row.server == name] for name in list(sides)[:2])
    ratio = paired(ours, theirs)
    wide().print(f"{options.subject} / {options.rival}, memory of a connection: {ratio}")
    closed = sum(row.closed for row in found)
    reasons = report.disturbed(found) + ([f"servers closed {closed} connections"] if closed else [])
    return conclude(options, bench, sides, found, reasons, {"ratios": {"memory of a connection": vars(ratio)}})


def run_load(options: argparse.Namespace, bench: Bench[Any], material: Material) -> int:
    names = list(dict.fromkeys((options.subject, options.rival)))
    found = []
    with progress(options.rounds * len(names)) as step:
        for number in range(options.rounds):
            for name in names:
                found.append(million.load_once(bench, name, material.content, material.plain, 1_000_000))
                step(f"round {number + 1}: {name}")
    columns = {
        "seconds": ("seconds", 1.0),
        "empty s": ("seconds_empty", 1.0),
        "CPU s": ("cpu_seconds", 1.0),
        "peak RSS MB": ("rss_peak", 1e-6),
        "RSS MB": ("rss", 1e-6),
        "PSS MB": ("pss", 1e-6),
        "empty PSS MB": ("pss_empty", 1e-6),
        "bytes a record": ("bytes_a_record", 1.0),
    }
    wide().print(report.plain_table("1,000,000 names: start to first correct answer", found, columns))
    ours, theirs = ([row.seconds - row.seconds_empty for row in found if row.server == name] for name in names[:2])
    ratio = paired(ours, theirs)
    wide().print(f"{options.subject} / {options.rival}, load time over an empty server's: {ratio}")
    extra = {"ratios": {"load time over an empty server's": vars(ratio)}}
    return conclude(options, bench, dict.fromkeys(names, material.content), found, report.disturbed(found), extra)


def run_reload(options: argparse.Namespace, bench: Bench[Any], material: Material) -> int:
    names = list(dict.fromkeys((options.subject, options.rival)))
    seconds = max(options.seconds, 20.0)
    found = []
    with progress(options.rounds * len(names)) as step:
        for number in range(options.rounds):
            for name in names:
                found.append(million.reload_once(bench, name, material.content, seconds))
                step(f"round {number + 1}: {name}")
    columns = {
        "seconds": ("seconds", 1.0),
        "rate q/s": ("rate", 1.0),
        "lost": ("lost", 1.0),
        "wrong": ("wrong", 1.0),
        "p99 µs": ("p99", 1.0),
        "p999 µs": ("p999", 1.0),
        "RSS before MB": ("rss_before", 1e-6),
        "peak MB": ("rss_peak", 1e-6),
        "after MB": ("rss_after", 1e-6),
    }
    wide().print(report.plain_table("1,000,000 names reloaded at half of each server's own peak", found, columns))
    return conclude(options, bench, dict.fromkeys(names, material.content), found, report.disturbed(found), {})


def check_load(options: argparse.Namespace) -> int:
    """dnsperf and our generator in turn, both against Knot: saturated, and at one third of what it answers."""
    if not checkload.dnsperf_installed():
        print("dnsperf is missing: apt-get install dnsperf", file=sys.stderr)
        return 2
    bench, material = arrange(options, all_scenarios()["static"])
    repeats = min(options.rounds, 5)
    with running(bench, "knot", material.plain):
        warm_up(bench)
        third = checkload.ours(bench, 1.0, None) / 3
        for title, rate in (("saturated", None), (f"at {third:,.0f} q/s", third)):
            pairs = [
                (checkload.ours(bench, options.seconds, rate), checkload.dnsperf(bench, options.seconds, rate))
                for _ in range(repeats)
            ]
            ours, theirs = ([pair[side] for pair in pairs] for side in (0, 1))
            ratio = median(a / b for a, b in pairs)
            spread = max(max(side) / min(side) - 1 for side in (ours, theirs))
            print(f"{title}: ours {median(ours):,.0f} q/s, dnsperf {median(theirs):,.0f} q/s", end="; ")
            print(f"ratio {ratio:.3f}, spread within one generator {spread:.1%}")
    return 0


def check_sign(options: argparse.Namespace) -> int:
    """URLs that were never seen, and signatures alone, in turn on the server's CPU."""
    os.sched_setaffinity(0, {options.server_cpu})
    folder = Path(options.work).absolute() / "sign"
    signed = [checksign.Signed.make(algorithm, folder) for algorithm in checksign.ALGORITHMS]
    samples = [each.round(number) for number in range(options.rounds) for each in signed]
    columns = {"URL, µs": ("url_us", 1.0), "openssl speed, µs": ("openssl_us", 1.0)}
    Console().print(report.plain_table("CPU of a signature that was never seen, medians", samples, columns))
    ratios = {}
    for each in signed:
        mine = [sample for sample in samples if sample.server == each.algorithm.name]
        ratios[each.algorithm.name] = paired([s.url_us for s in mine], [s.openssl_us for s in mine])
        print(f"{each.algorithm.name}: URL / openssl {ratios[each.algorithm.name]}")
    rows = [sample.document() for sample in samples]
    document = {"machine": machine.describe(), "ratios": {k: asdict(v) for k, v in ratios.items()}, "samples": rows}
    path = report.save(document, "check-sign", "openssl", options.rounds, Path(options.work).absolute())
    print(f"raw results: {os.path.relpath(path)}")
    return 0


def conclude(
    options: argparse.Namespace,
    bench: Bench[Any],
    sides: dict[str, Any],
    rows: Sequence[report.Documented],
    void: list[str],
    extra: dict[str, Any],
) -> int:
    """Writes the raw result and says whether the run counts; the exit status."""
    setups = {name: prepare(bench, name, content) for name, content in sides.items()}
    servers = {
        name: {"version": module(name).version(), "argv": setup.argv, "configs": setup.configs}
        for name, setup in setups.items()
    }
    given = {key: value for key, value in vars(options).items() if key not in ("list", "work", "no_build")}
    example = bench.traffic.argv(bench.generator, bench.port, options.seconds, extra.get("rate"))
    document: dict[str, Any] = {
        "options": given,
        "machine": machine.describe(),
        "load": [word for word in example if word != str(bench.generator.binary)],
        "servers": servers,
        "void": void,
    }
    document |= extra
    document["samples"] = [row.document() for row in rows]
    path = report.save(document, options.scenario, options.rival, options.rounds, options.work.resolve())
    for reason in void:
        wide().print(f"VOID: {reason}", style="bold red")
    print(f"raw results: {os.path.relpath(path)}")
    return 1 if void else 0


def wide() -> Console:
    """Tables need 120 columns, also in a pipe."""
    console = Console(highlight=False)
    return console if console.width >= 120 else Console(width=120, highlight=False)


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on stderr where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=total)
        yield lambda what: bar.update(task, advance=1, description=what)


def list_scenarios() -> int:
    for scenario in all_scenarios().values():
        print(f"{scenario.name:16} {scenario.summary}")
    print(f"\nservers: {', '.join(MODULES)} (plain: edgeplane without the scenario's policies)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
