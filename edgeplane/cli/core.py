"""The calls into the core that commands make, in one place: a missing core is a sentence, a refusal is its faults."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgpack

from edgeplane.errors import ContentError, EdgeplaneError, Fault
from edgeplane.node.service import refusal
from edgeplane.node.source import Source


def compile_plan(source: Source, generation: int, out: Path, current: Path | None = None) -> dict[str, Any]:
    """Writes a plan file; returns {"warnings", "zones": [{"name", "records", "names", "serial", "octets"}]}.

    current: a plan whose unchanged sections and slots are kept. Raises ContentError with the core's faults.
    """
    _core()
    from edgeplane.node.builder import build

    return _right(build(source, generation, out, current))


def trial(source: Source, current: Path | None = None) -> dict[str, Any]:
    """Compiles to a place that is gone afterwards; returns the report of `compile_plan`."""
    with TemporaryDirectory(prefix="edgeplane-") as folder:
        return compile_plan(source, 1, Path(folder, "trial.plan"), current)


def compile_zone_file(path: Path, origin: str | None) -> dict[str, Any]:
    """Compiles one zone file by itself; returns the report of `compile_plan`. Raises ContentError."""
    zone_file = {"path": str(path.absolute()), "origin": origin}
    source = {"generation": 1, "source": str(path), "dns": {"zone_files": [zone_file]}}
    with TemporaryDirectory(prefix="edgeplane-") as folder:
        packed = _call("build_plan", msgpack.packb(source), str(Path(folder, "trial.plan")), None)
        return _right(msgpack.unpackb(packed))


def export_zone(plan: Path, name: str) -> str:
    """A zone of a plan file in master-file form."""
    return str(_call("export_zone", str(plan), name))


def plan_changes(old: Path, new: Path) -> list[dict[str, Any]]:
    """What differs: {"zone", "added", "removed", "changed", "more"} a zone. Raises ContentError for a damaged file."""
    changes: list[dict[str, Any]] = msgpack.unpackb(_call("plan_diff", str(old), str(new)))
    return changes


def explain(plan: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Why a plan file's snapshot answers as it does; see "Explain" in docs/ARCHITECTURE.md."""
    found: dict[str, Any] = msgpack.unpackb(_call("explain", str(plan), msgpack.packb(request)))
    return found


def _call(function: str, *args: Any) -> Any:
    call: Callable[..., Any] | None = getattr(_core(), function, None)
    if call is None:
        raise EdgeplaneError(f"the core of this installation has no {function}; install edgeplane anew")
    try:
        return call(*args)
    except EdgeplaneError:
        raise
    except (ValueError, OSError, RuntimeError) as error:
        raise refusal(error) from error


def _core() -> Any:
    try:
        return import_module("edgeplane._core")
    except ImportError as error:
        raise EdgeplaneError(f"the core is not built ({error}); run: make build") from None


def _right(report: dict[str, Any]) -> dict[str, Any]:
    if report.get("faults"):
        raise ContentError(map(Fault.from_document, report["faults"]))
    return report
