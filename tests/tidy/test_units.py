"""The systemd units are right, and the service is fenced in."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "config" / "systemd"
EXPOSURE = 2.0
"""Of 10; `systemd-analyze security` calls below 2.5 OK and a plain service 9.6."""


@pytest.fixture(autouse=True)
def _systemd() -> None:
    assert shutil.which("systemd-analyze"), "the package systemd is missing: sudo make packages"


def analyze(*args: str) -> str:
    run = subprocess.run(["systemd-analyze", *args], capture_output=True, text=True, timeout=60)
    return run.stdout + run.stderr


def test_systemd_understands_the_units(tmp_path):
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/opt/edgeplane/bin/edgeplane", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    for unit in sorted(tmp_path.iterdir()):
        assert analyze("verify", str(unit)) == ""


def test_the_service_is_hardened():
    report = analyze("security", "--offline=true", str(UNITS / "edgeplane.service"))
    exposure = re.search(r"exposure level for edgeplane.service: ([0-9.]+)", report)
    assert exposure is not None, report
    assert float(exposure[1]) <= EXPOSURE
