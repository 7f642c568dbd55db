"""Judging caches: what they fetched, what h2load said, what was signed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from measure import http, http2, process, trial
from measure.http import Requests
from measure.origin import Origin
from measure.report import void
from measure.traffic import Window
from scenario.http import sign

H2LOAD = """\
finished in 1.05s, 22846.00 req/s, 25.44MB/s
requests: 22846 total, 23166 started, 22846 done, 22840 succeeded, 6 failed, 2 errored, 0 timeout
status codes: 22840 2xx, 0 3xx, 4 4xx, 2 5xx
traffic: 25.44MB (26674688) total, 1.85MB (1941910) headers (space savings 41.38%), 22.31MB (23394304) data
"""
REPORT: dict[str, Any] = {
    "seconds": 2.0,
    "sent": 1000,
    "received": 1000,
    "lost": 1,
    "malformed": 2,
    "statuses": {"200": 990, "404": 10},
    "latency_us": {"p50": 1.0, "p99": 2.0, "p999": 3.0, "max": 4.0},
    "wraps": 0,
}


def asked(hits: float | None) -> Requests:
    return Requests(Path("targets"), "bench.example", Origin(1, 1024, ""), hits=hits)


def sample(server: str, window: Window, per_second: float = 500.0) -> trial.Sample:
    fields: dict[str, Any] = dict.fromkeys(trial.Sample.__dataclass_fields__, 0.0)
    own = {"server": server, "mode": "saturate", "per_second": per_second, "hits": window.hits}
    return trial.Sample(**fields | own | {"answered": window.answered, "wrong": window.wrong, "load": [window.raw]})


def test_answers_that_came_from_the_origin_are_no_hits() -> None:
    window = http.window(REPORT, 250)
    assert (window.per_second, window.hits, window.wrong, window.lost) == (500.0, 0.75, 12, 1)


def test_turns_count_by_their_answers() -> None:
    """A window with few answers weighs little: CPU an answer is that of all windows together."""
    few, many = http.window(REPORT | {"received": 100}, 100), http.window(REPORT | {"received": 900}, 0)
    turns = [
        trial.Turn(few, process.Cost(0.4, 0.1, 0.3), 0.0, 0.0),
        trial.Turn(many, process.Cost(0.6, 0.2, 0.4), 0.2, 0.0),
    ]
    server = process.Server(["sleep", "10"], 0, Path("/dev/null"))
    try:
        found = trial.sample(server, "nginx", "saturate", turns)
    finally:
        server.stop()
    assert (found.answered, found.per_second, found.hits) == (1000, 250.0, 0.9)
    assert (found.cpu_us, found.user_us, found.system_us) == pytest.approx((1000.0, 300.0, 700.0))
    assert (found.busy, found.foreign, found.wrong) == pytest.approx((0.25, 0.1, 24))


@pytest.mark.parametrize(
    ("hits", "fetched", "counts"),
    [(1.0, 0, True), (1.0, 1, False), (0.0, 1000, True), (0.0, 999, False), (None, 5, True)],
)
def test_a_cache_that_works_otherwise_than_it_should_makes_a_run_void(
    hits: float | None, fetched: int, counts: bool
) -> None:
    right = REPORT | {"malformed": 0, "statuses": {"200": 1000}}
    samples = [sample("nginx", http.window(right, fetched)), sample("bare", http.window(right, 0), 501.0)]
    assert (void(samples, ["saturate"], asked(hits), "nginx") == []) is counts


def test_wrong_answers_and_a_slow_floor_make_a_run_void() -> None:
    samples = [sample("nginx", http.window(REPORT, 0)), sample("bare", http.window(REPORT, 0))]
    reasons = void(samples, ["saturate"], asked(1.0), "nginx")
    assert len(reasons) == 2
    assert "bare" in reasons[0]
    assert "12 responses" in reasons[1]


def test_what_h2load_says_is_read() -> None:
    lines = [["1", "200", str(number)] for number in range(1, 1001)]
    found = http2.document(H2LOAD, lines, 1.0, 1024)
    window = http.window(found, 0)
    assert (found["sent"], found["received"], found["lost"], found["statuses"]) == (
        23166,
        22846,
        8,
        {"200": 22840, "other": 6},
    )
    assert [window.p50, window.p99, window.wrong] == pytest.approx([500, 990, 6], abs=1)
    assert http2.document(H2LOAD, lines, 1.0, 1025)["malformed"] == 22840
    with pytest.raises(ValueError, match="h2load"):
        http2.document("connect failed", [], 1.0, 1024)


def test_the_origin_says_what_was_asked() -> None:
    assert replace(Origin(1, 7, "")).content("/abc") == b"/abc/ab"


def test_a_signature_is_the_policy_s() -> None:
    signed = dict(pair.split("=", 1) for pair in sign("/a", 5).partition("?")[2].split("&"))
    assert signed.keys() == {"Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm"}
    assert set(signed["Signature"]) <= set(json.dumps("".join(map(chr, range(33, 127))))) - set("+=/")
    assert sign("/a", 5) != sign("/a", 6) != sign("/b", 6)
