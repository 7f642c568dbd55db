"""What http-cache-tests says of the edge may not become worse; what it says of others shows that it is heard right."""

from __future__ import annotations

import json
from pathlib import Path

from ...edge import cache_policy
from .caches import nginx
from .scores import HERE, run, suite_origin

SCORE = HERE / "score.json"
PUBLISHED = {"required": 94, "optimal": 50}
"""nginx 1.17 in results/nginx.json of the suite, counted as here."""


def test_nginx_has_the_score_that_was_published(tmp_path: Path) -> None:
    """Within what versions and settings make of it."""
    with suite_origin(tmp_path) as origin, nginx(tmp_path / "nginx", origin) as cache:
        score = run(cache.http)
    print(score.counts)
    assert all(abs(score.counts[kind][0] - PUBLISHED[kind]) <= 12 for kind in PUBLISHED), score.counts


def test_the_edge_keeps_its_score(make_edge, tmp_path: Path) -> None:
    """No scored test that passed fails now (asked again if one does); one that passes anew is to be committed."""
    committed = json.loads(SCORE.read_text())
    with suite_origin(tmp_path) as origin:
        edge = make_edge(origin, semantics="rfc9111", policy=cache_policy(), threads=2).start()
        score = run(edge.http)
        if fallen := set(score.missed) - set(committed["missed"]):
            score = score.without(fallen - set(run(edge.http, *sorted(fallen)).missed))
    assert {id_: why for id_, why in score.missed.items() if id_ not in committed["missed"]} == {}
    document = json.dumps(score.document(), indent=1)
    assert committed == score.document(), f"the edge can more than {SCORE} says; write there:\n{document}"
