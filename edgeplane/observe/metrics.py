"""Metrics in Prometheus' text format (exposition format 0.0.4), from what the node's parts report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType
from typing import Any, Literal

Labels = tuple[tuple[str, str], ...]
_STATES = {"healthy": 1.0, "unhealthy": 0.0}
_TRANSPORT = re.compile("queries_(udp|tcp)_(ipv4|ipv6)")
_APART: dict[str, tuple[Literal["counter", "gauge"], str]] = {
    "responses_truncated": ("counter", "truncated_total"),
    "tcp_open": ("gauge", "tcp_open"),
}
_LABELS: dict[str, tuple[str, Callable[[str], str], str]] = {
    "responses_": ("rcode", str.upper, "Answers by response code."),
    "answers_": ("policy", str, "Answers by routing policy."),
    "cookies_": ("state", str, "Queries by what their cookie was."),
}
_EDGE_LABELS = {"responses": ("status", "Responses by class of status."), "results": ("result", "Answers by source.")}
_GAUGES = ("_open", "_held", "_running", "_objects", "_used", "_limit")
"""Ends of names of the edge's numbers that are a state at this moment."""
_QUERIES = "Queries by transport and address family."
_FORBIDDEN = re.compile(r"[^a-zA-Z0-9_]")


@dataclass(frozen=True)
class Sample:
    """One number; `suffix` is what a histogram's parts add to the family's name."""

    labels: Labels
    value: float
    suffix: str = ""


@dataclass(frozen=True)
class Metric:
    """One family: its samples share name, kind and help."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: tuple[Sample, ...]

    @classmethod
    def single(cls, name: str, kind: Literal["counter", "gauge"], help_: str, value: float) -> Metric:
        """A family with one sample and no label."""
        return cls(name, kind, help_, (Sample((), value),))

    @classmethod
    def labelled(
        cls, name: str, kind: Literal["counter", "gauge"], help_: str, label: str, values: Mapping[str, float]
    ) -> Metric:
        """A family with one label: its values → numbers."""
        return cls(name, kind, help_, tuple(Sample(((label, str(key)),), value) for key, value in values.items()))


def render(metrics: Iterable[Metric]) -> str:
    """The page that Prometheus reads."""
    return "".join(line + "\n" for metric in metrics for line in _lines(metric))


def of_node(status: Mapping[str, Any]) -> Iterator[Metric]:
    """What `status` on the control socket says, as metrics."""
    processes = status["processes"]
    restarts = {p["name"]: p["restarts"] for p in processes if p["name"] != "supervisor"}
    resident = {p["name"]: p["rss"] for p in processes}
    ready = status["state"] == "ready"
    yield Metric.single("edgeplane_ready", "gauge", "1 when the node serves what it was told to.", ready)
    yield Metric.single("edgeplane_generation", "gauge", "Generation of the plan that is served.", status["generation"])
    yield Metric.single("edgeplane_zones", "gauge", "Zones served.", status["zones"])
    if (age := status.get("heartbeat_age")) is not None:
        yield Metric.single(
            "edgeplane_health_heartbeat_age_seconds", "gauge", "Since the checker's last sign of life.", age
        )
    yield Metric.labelled("edgeplane_reloads_total", "counter", "Reloads.", "outcome", status["reloads"])
    yield Metric.labelled("edgeplane_restarts_total", "counter", "Starts after a death.", "process", restarts)
    yield Metric.labelled("edgeplane_resident_memory_bytes", "gauge", "Resident memory.", "process", resident)


def of_checker(stats: Mapping[str, Any]) -> Iterator[Metric]:
    """What the checker counts: {"checks": [{"id", "path", "state"}], "probes_running", "transitions_total", …}."""
    checks = stats.get("checks", [])
    yield Metric(
        "edgeplane_health_check_state",
        "gauge",
        "1 healthy, 0 unhealthy, -1 unknown.",
        tuple(Sample((("id", c["id"]), ("path", c["path"])), _STATES.get(c["state"], -1.0)) for c in checks),
    )
    yield Metric.single("edgeplane_probes_running", "gauge", "Probes at this moment.", stats.get("probes_running", 0))
    counted = {k: v for k, v in stats.items() if k.endswith("_total")}
    yield from of_counters(counted, "edgeplane_health")
    if "probe_seconds" in stats:
        yield _histogram("edgeplane_probe_seconds", "Time that probes took.", stats["probe_seconds"])


def of_dns(totals: Mapping[str, float], help_: Mapping[str, str]) -> Iterator[Metric]:
    """The front's counters, which come flat: `responses_refused` → edgeplane_dns_responses_total{rcode="REFUSED"}.

    help_: what the core says of each counter (`_core.metrics_help`).
    """
    rest = dict(totals)
    queries = {name: rest.pop(name) for name in totals if _TRANSPORT.fullmatch(name)}
    yield Metric("edgeplane_dns_queries_total", "counter", _QUERIES, tuple(map(_query_sample, queries.items())))
    for name in sorted(rest.keys() & _APART.keys()):
        kind, new_name = _APART[name]
        yield Metric.single(f"edgeplane_dns_{new_name}", kind, _sentence(name, help_), rest.pop(name))
    for group, (label, spell, said) in _LABELS.items():
        members = {
            spell(name.removeprefix(group)): rest.pop(name)
            for name in totals
            if name.startswith(group) and name in rest
        }
        yield Metric.labelled(f"edgeplane_dns_{group}total", "counter", said, label, members)
    yield from of_counters(rest, "edgeplane_dns", help_)


def of_edge(stats: Mapping[str, Any], help_: Mapping[str, str]) -> Iterator[Metric]:
    """The edge's: {"edge": {name: value}, "edge_distributions": {id: {name: value}}, "edge_workers": [{name: value}]}.

    One that is kept for each distribution is a family with that label, without the sum of all. Those of workers,
    who share the same requests in another way, are families of their own.
    """
    apart = stats.get("edge_distributions", {})
    kept = {name for counters in apart.values() for name in counters}
    families: dict[str, list[tuple[str, Sample]]] = {}
    sets: list[tuple[str, Labels, Mapping[str, float]]] = [
        ("", (), stats.get("edge", {})),
        *(("", (("distribution", id_),), own) for id_, own in apart.items()),
        *(("worker_", (("worker", str(n)),), own) for n, own in enumerate(stats.get("edge_workers", []))),
    ]
    for prefix, labels, counters in sets:
        for name, value in counters.items():
            if labels or name not in kept:
                family, more = _edge_family(name)
                families.setdefault(prefix + family, []).append((name, Sample((*labels, *more), value)))
    for family, named in sorted(families.items()):
        group = family.removeprefix("worker_")
        said = _EDGE_LABELS[group][1] if group in _EDGE_LABELS else _sentence(named[0][0], help_)
        yield _edge_metric(family, said, tuple(sample for _, sample in named))


def _edge_family(name: str) -> tuple[str, Labels]:
    """`responses_2xx` → `responses`, status="2xx"."""
    group, _, value = name.partition("_")
    return (group, ((_EDGE_LABELS[group][0], value),)) if group in _EDGE_LABELS and value else (name, ())


def _edge_metric(family: str, said: str, samples: tuple[Sample, ...]) -> Metric:
    name = f"edgeplane_edge_{_FORBIDDEN.sub('_', family)}"
    if name.endswith(_GAUGES):
        return Metric(name, "gauge", said, samples)
    return Metric(f"{name.removesuffix('_total')}_total", "counter", said, samples)


def of_counters(
    counters: Mapping[str, Any], prefix: str = "edgeplane", help_: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Metric]:
    """Counters by name. A map of numbers becomes one family, labelled by its key: {"rcode": {"NOERROR": 3}}.

    help_: what is said of them, by name.
    """
    for key, value in sorted(counters.items()):
        name = _FORBIDDEN.sub("_", f"{prefix}_{key}").removesuffix("_total")
        if isinstance(value, int | float):
            yield Metric.single(f"{name}_total", "counter", _sentence(key, help_), value)
        elif isinstance(value, Mapping):
            label = _FORBIDDEN.sub("_", key).removesuffix("_total")
            yield Metric.labelled(f"{name}_total", "counter", _sentence(key, help_), label, value)


def _query_sample(named: tuple[str, float]) -> Sample:
    name, value = named
    _, transport, family = name.split("_")
    return Sample((("transport", transport), ("family", family)), value)


def _sentence(name: str, help_: Mapping[str, str]) -> str:
    if name in help_:
        return f"{help_[name]}."
    return f"{name.removesuffix('_total').replace('_', ' ').strip().capitalize()}, since the process began."


def _histogram(name: str, help_: str, document: Mapping[str, Any]) -> Metric:
    """{"bounds", "counts" per bucket, "sum"} → cumulative buckets."""
    upto = list(accumulate(document["counts"]))
    bounds = [*(f"{bound:g}" for bound in document["bounds"]), "+Inf"]
    samples = [Sample((("le", bound),), n, "_bucket") for bound, n in zip(bounds, upto, strict=True)]
    samples += [Sample((), document["sum"], "_sum"), Sample((), upto[-1], "_count")]
    return Metric(name, "histogram", help_, tuple(samples))


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for sample in metric.samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in sample.labels)
        braces = f"{{{inside}}}" if inside else ""
        yield f"{metric.name}{sample.suffix}{braces} {float(sample.value):.17g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
