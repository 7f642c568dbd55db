"""h2spec, the public judge of HTTP/2 framing."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "h2spec"
RUN_S = 200.0


def failed(port: int, report: Path, *parts: str) -> tuple[list[str], int]:
    """Over TLS: what failed and why, and how many were tried; all parts, or those named (`generic`, `http2`)."""
    assert PROGRAM.exists(), "h2spec is missing: make judges"
    argv = [
        str(PROGRAM),
        *parts,
        "--tls",
        "--insecure",
        "--host",
        "localhost",
        "--port",
        str(port),
        "--junit-report",
        str(report),
        "--timeout",
        "5",
    ]
    subprocess.run(argv, capture_output=True, timeout=RUN_S, check=False)
    cases = ElementTree.parse(report).getroot().findall(".//testcase")  # noqa: S314 - our own program wrote it
    found = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return [_why(case) for case in found], len(cases)


def _why(case: ElementTree.Element) -> str:
    said = " ".join("".join(case.itertext()).split())
    return f"{case.get('package')}: {case.get('classname')}: {said}"
