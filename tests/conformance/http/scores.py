"""http-cache-tests, the public test suite of caches: its own origin, and its client without a browser."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...running import free_port
from .caches import listening

HERE = Path(__file__).parent
SUITE = HERE / "node_modules" / "http-cache-tests"
RUN_S = 300.0
SCORED = ("required", "optimal")


@dataclass(frozen=True)
class Score:
    """Test → why it did not pass, of those that are scored; test → kind."""

    missed: dict[str, str]
    kinds: dict[str, str]

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Passed and all, by kind."""
        of_kind = {kind: [id_ for id_, each in self.kinds.items() if each == kind] for kind in SCORED}
        return {kind: (sum(id_ not in self.missed for id_ in ids), len(ids)) for kind, ids in of_kind.items()}

    def without(self, found: set[str]) -> Score:
        """With these passed after all."""
        return Score({id_: why for id_, why in self.missed.items() if id_ not in found}, self.kinds)

    def document(self) -> dict[str, Any]:
        """As it is committed: what was missed, without the words."""
        return {kind: list(self.counts[kind]) for kind in SCORED} | {"missed": sorted(self.missed)}


@contextlib.contextmanager
def suite_origin(folder: Path) -> Iterator[int]:
    """The port of the suite's origin."""
    assert SUITE.exists(), "http-cache-tests is missing: make judges"
    port = free_port()
    told = {
        "npm_config_protocol": "http",
        "npm_config_port": str(port),
        "npm_config_pidfile": str(folder / "suite.pid"),
    }
    with listening(["env", *(f"{k}={v}" for k, v in told.items()), "node", str(SUITE / "server" / "server.mjs")], port):
        yield port


def run(port: int, *ids: str) -> Score:
    """Of the cache on that port of localhost; all tests, or those named."""
    argv = ["node", str(HERE / "cache_tests.mjs"), f"http://localhost:{port}", *ids]
    environ = os.environ | {"NODE_NO_WARNINGS": "1", "NODE_OPTIONS": "--dns-result-order=ipv4first"}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=RUN_S, env=environ, cwd=HERE, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return scored(json.loads(done.stdout))


def scored(results: dict[str, dict[str, Any]]) -> Score:
    kinds = {id_: result["kind"] for id_, result in results.items() if result["kind"] in SCORED}
    return Score({id_: results[id_]["why"] for id_ in kinds if not results[id_]["passed"]}, kinds)
