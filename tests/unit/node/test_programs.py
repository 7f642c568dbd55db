"""The programs that a supervisor runs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from edgeplane.node import limits
from edgeplane.node.programs import Programs

from ...running import PATIENCE_S

GIVES_WAY = """
import json, os, sys, time
until = time.monotonic() + float(sys.argv[1])
while os.getpriority(os.PRIO_PROCESS, 0) != int(sys.argv[2]) and time.monotonic() < until:
    time.sleep(0.001)
print(json.dumps({"ok": {"niceness": os.getpriority(os.PRIO_PROCESS, 0)}}))
"""


def test_a_builder_gives_way_to_answers_before_it_does_anything_itself(tmp_path: Path) -> None:
    builder = [sys.executable, "-c", GIVES_WAY, str(PATIENCE_S), str(limits.NICENESS)]
    programs = Programs(config=tmp_path, front=(), checker=(), builder=builder)
    assert asyncio.run(programs.build(1, tmp_path / "plan", tmp_path / "none")) == {"niceness": limits.NICENESS}
