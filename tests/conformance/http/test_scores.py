"""What http-cache-tests says of the edge may not become worse; what it says of others shows that it is heard right."""

from __future__ import annotations

from pathlib import Path

from .caches import nginx
from .scores import run, suite_origin

PUBLISHED = {"required": 94, "optimal": 50}
"""nginx 1.17 in results/nginx.json of the suite, counted as here."""


def test_nginx_has_the_score_that_was_published(tmp_path: Path) -> None:
    """Within what versions and settings make of it."""
    with suite_origin(tmp_path) as origin, nginx(tmp_path / "nginx", origin) as cache:
        score = run(cache.http)
    print(score.counts)
    assert all(abs(score.counts[kind][0] - PUBLISHED[kind]) <= 12 for kind in PUBLISHED), score.counts
