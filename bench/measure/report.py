"""Tables for people, documents for the record, and the verdict whether a run counts."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from rich.table import Table

from measure.load import ROOT
from measure.ratio import Ratio, paired
from measure.traffic import Traffic
from measure.trial import Sample

COMMITTED_FROM = 20
FOREIGN_LIMIT = 0.05
RATIOS = {"CPU": "cpu_us", "user CPU": "user_us", "system CPU": "system_us"}


class Documented(Protocol):
    @property
    def server(self) -> str: ...

    def document(self) -> dict[str, Any]: ...


def of(samples: Sequence[Sample], server: str, mode: str) -> list[Sample]:
    return [sample for sample in samples if sample.server == server and sample.mode == mode]


def middle(samples: Sequence[Any], field: str) -> float:
    return float(median(getattr(sample, field) for sample in samples))


def table(samples: Sequence[Sample], servers: Sequence[str], mode: str, unit: str) -> Table:
    """Medians over rounds; lost and wrong are sums."""
    out = Table(title=f"{mode}: medians over rounds, CPU in µs a {unit}, latency in µs")
    cached = any(sample.hits is not None for sample in samples)
    headings = ["server", f"{unit[0]}/s", "CPU", "user", "system", "p50", "p99", "busy", "lost", "wrong", "RSS MB"]
    for heading in [*headings, "PSS MB", *(["hits"] if cached else [])]:
        out.add_column(heading, justify="left" if heading == "server" else "right")
    for server in servers:
        mine = of(samples, server, mode)
        out.add_row(
            server,
            f"{middle(mine, 'per_second'):,.0f}",
            *(f"{middle(mine, field):.3f}" for field in ("cpu_us", "user_us", "system_us")),
            *(f"{middle(mine, field):,.0f}" for field in ("p50", "p99")),
            f"{middle(mine, 'busy'):.0%}",
            *(str(sum(getattr(sample, field) for sample in mine)) for field in ("lost", "wrong")),
            *(f"{middle(mine, field) / 1e6:.1f}" for field in ("rss", "pss")),
            *([f"{middle(mine, 'hits'):.2%}"] if cached else []),
        )
    return out


def ratios(samples: Sequence[Sample], subject: str, rival: str, mode: str, unit: str) -> dict[str, Ratio]:
    """Subject / rival, paired by round; CPU below 1 and answers a second above 1 speak for the subject."""
    ours, theirs = of(samples, subject, mode), of(samples, rival, mode)
    fields = {f"{title} a {unit}": field for title, field in RATIOS.items()}
    fields |= {f"{unit[0]}/s": "per_second"} if mode == "saturate" else {"p99": "p99"}
    values = {title: ([getattr(s, f) for s in ours], [getattr(s, f) for s in theirs]) for title, f in fields.items()}
    return {title: paired(a, b) for title, (a, b) in values.items() if all(a) and all(b)}


def void(samples: Sequence[Sample], modes: Sequence[str], traffic: Traffic, beaten: str) -> list[str]:
    """Why a run says nothing; empty when it counts. `beaten`: who must be slower than the server without work."""
    reasons = []
    if "saturate" in modes and traffic.floor:
        floor, other = (middle(of(samples, name, "saturate"), "per_second") for name in (traffic.floor, beaten))
        if floor <= other:
            reasons.append(f"{traffic.floor} ({floor:,.0f} a second) does not beat {beaten} ({other:,.0f})")
    reasons += disturbed(samples)
    for name in dict.fromkeys(sample.server for sample in samples if sample.server != traffic.floor):
        reasons += [f"{name}: {why}" for why in traffic.void([s for s in samples if s.server == name])]
    return reasons


def disturbed(rows: Sequence[Any]) -> list[str]:
    """Whether something beside the servers was at work on their CPU."""
    foreign = middle(rows, "foreign")
    found = f"something else used {foreign:.0%} of the servers' CPU (median)"
    return [found] if foreign > FOREIGN_LIMIT else []


def save(document: dict[str, Any], scenario: str, rival: str, rounds: int, private: Path) -> Path:
    """Under `bench/runs` when it has rounds enough to be committed, else in the working folder."""
    folder = ROOT / "bench" / "runs" if rounds >= COMMITTED_FROM else private / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{datetime.date.today()}-{scenario}-{rival}"
    taken = len(list(folder.glob(f"{stem}*.json")))
    path = folder / f"{stem}{f'-{taken + 1}' if taken else ''}.json"
    samples = ",\n".join(f"  {json.dumps(row, default=str)}" for row in document.pop("samples"))
    text = json.dumps(document, indent=1, default=str).removesuffix("\n}") + f',\n "samples": [\n{samples}\n ]\n}}'
    path.write_text(text.replace(str(private), "$WORK").replace(str(ROOT), "$ROOT") + "\n")
    return path


def plain_table(title: str, rows: Sequence[Documented], columns: dict[str, tuple[str, float]]) -> Table:
    """Medians by server. `columns`: heading → field and the factor that turns it into the heading's unit."""
    out = Table(title=title)
    out.add_column("server")
    for heading in columns:
        out.add_column(heading, justify="right")
    for server in dict.fromkeys(row.server for row in rows):
        mine = [row for row in rows if row.server == server]
        cells = (median(getattr(row, field) for row in mine) * factor for field, factor in columns.values())
        out.add_row(server, *(f"{cell:,.2f}".rstrip("0").rstrip(".") for cell in cells))
    return out
