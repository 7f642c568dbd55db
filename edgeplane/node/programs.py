"""The programs that a supervisor runs, and the short-lived one that builds plans."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeplane.config import Settings
from edgeplane.errors import ConfigError, ContentError, Fault, FaultsError
from edgeplane.node import limits
from edgeplane.node.child import python


@dataclass(frozen=True)
class Programs:
    """Command lines. The control channel is descriptor 3, the health table 4 and listeners follow."""

    config: Path
    front: Sequence[str]
    checker: Sequence[str]
    builder: Sequence[str]

    @classmethod
    def of(cls, config: Path, settings: Settings) -> Programs:
        """Those of this installation."""
        state_dir, log_format = str(settings.node.state_dir), settings.observe.log_format
        checker = ("--control-fd", "3", "--health-fd", "4", "--state-dir", state_dir, "--log-format", log_format)
        return cls(
            config=config,
            front=python("edgeplane.node.front"),
            checker=python("edgeplane.health.checker", *checker),
            builder=python("edgeplane.node.builder", str(config.absolute()), "--log-format", log_format),
        )

    async def build(self, generation: int, out: Path, current: Path) -> dict[str, Any]:
        """Has the configuration built into a plan file at `out`; returns the builder's report.

        Raises ConfigError for settings of the host, ContentError for all else, OSError where no process can be had.
        """
        argv = [*self.builder, "--generation", str(generation), "--out", str(out), "--current", str(current)]
        process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
        try:
            # From here: in there a second of imports would have taken turns with answers before.
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, process.pid, limits.NICENESS)
            printed, _ = await asyncio.wait_for(process.communicate(), limits.BUILD_S)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            if isinstance(error, TimeoutError):
                raise ContentError.one("builder", f"did not finish within {limits.BUILD_S:g} s") from None
            raise
        return _report(printed, process.returncode or 0)


def _report(printed: bytes, code: int) -> dict[str, Any]:
    try:
        document = json.loads(printed)
        faults = [Fault.from_document(fault) for fault in document.get("faults", [])]
    except (ValueError, AttributeError, KeyError):
        raise ContentError.one("builder", f"ended with {code} and no report; the log has more") from None
    if faults or "ok" not in document:
        kind: type[FaultsError] = ConfigError if code == ConfigError.exit_code else ContentError
        raise kind(faults)
    report: dict[str, Any] = document["ok"]
    return report
