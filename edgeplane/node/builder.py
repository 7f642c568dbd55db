"""The builder: reads the configuration and all that it names, writes a plan file, prints a report, and ends.

`python -m edgeplane.node.builder CONFIG --generation N --out PATH [--current PATH]`. A process of its own, so that the
memory it takes goes back to the host, and so that what kills it kills nothing else.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgpack

from edgeplane.errors import ContentError, EdgeplaneError, Fault, FaultsError
from edgeplane.node import limits
from edgeplane.node.lines import encode
from edgeplane.node.plans import slots_of
from edgeplane.node.source import Source, read_source
from edgeplane.observe import logs


def main() -> None:
    """One JSON line on stdout: {"ok": report} or {"faults": […]}; exit code 0, 1 (content) or 2 (settings)."""
    parser = argparse.ArgumentParser(prog="edgeplane.node.builder", description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--generation", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the plan file to write")
    parser.add_argument("--current", type=Path, help="the plan that is served: its sections are reused, its slots kept")
    parser.add_argument("--log-format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    logs.set_up(options.log_format)
    sys.exit(_report(options.config, options.generation, options.out, options.current))


def build(source: Source, generation: int, out: Path, current: Path | None = None) -> dict[str, Any]:
    """Writes a plan file: {"generation", "zones", "warnings", …} as the core reports it.

    current: the plan that is served, or none. Raises FaultsError.
    """
    from edgeplane import _core

    before = current if current and current.exists() else None
    document = source.document(generation, slots_of(before) if before else {})
    if len(document["dns"]["checks"]) > limits.HEALTH_SLOTS:
        raise ContentError.one(str(source.path), f"a node holds at most {limits.HEALTH_SLOTS} health checks")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        packed = _core.build_plan(msgpack.packb(document), str(out), str(before) if before else None)
    except ContentError as error:
        raise ContentError(source.with_lines(error.faults)) from None
    report: dict[str, Any] = msgpack.unpackb(packed)
    if report.get("faults"):
        raise ContentError(source.with_lines(map(Fault.from_document, report["faults"])))
    warnings = source.with_lines(map(Fault.from_document, report.get("warnings", [])))
    return {**report, "warnings": [warning.document() for warning in warnings]}


def _report(config: Path, generation: int, out: Path, current: Path | None) -> int:
    document: dict[str, Any]
    try:
        document = {"ok": build(read_source(config), generation, out, current)}
        code = 0
    except EdgeplaneError as error:
        faults = error.faults if isinstance(error, FaultsError) else (Fault(str(config), 0, str(error)),)
        document, code = {"faults": [fault.document() for fault in faults]}, error.exit_code
    sys.stdout.buffer.write(encode(document))
    return code


if __name__ == "__main__":
    main()
