"""The wheel, installed elsewhere and run from another directory, needs nothing of the checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD_S = 900


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A virtual environment with the wheel; what it depends on comes from the environment of the tests."""
    place = tmp_path_factory.mktemp("wheel")
    as_in_make = ["--quiet", "--locked", "--profile", "ci", "--features", "pyo3/extension-module,test-clock"]
    maturin = [sys.executable, "-m", "maturin", "build", *as_in_make, "--out", str(place)]
    subprocess.run(maturin, cwd=ROOT, check=True, timeout=BUILD_S)
    venv.create(place / "venv", with_pip=False, symlinks=True)
    (wheel,) = place.glob("*.whl")
    assert "-abi3-" in wheel.name
    pip = [sys.executable, "-m", "pip", "--python", str(place / "venv/bin/python"), "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True, timeout=120)
    return place


def run(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": sysconfig.get_paths()["purelib"]}
    return subprocess.run(
        [str(place / "venv/bin" / command[0]), *command[1:]],
        cwd=place, env=environ, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_the_command_runs_and_is_the_installed_one(installed):
    found = run(installed, "edgeplane", "version", "-o", "json")
    assert json.loads(found.stdout)["core"] != "not built", found.stderr
    where = run(installed, "python", "-c", "import edgeplane; print(edgeplane.__file__)").stdout
    assert where.startswith(str(installed))


def test_the_example_site_is_right(installed):
    found = run(installed, "edgeplane", "check", str(ROOT / "config/examples/site/edgeplane.toml"))
    assert found.returncode == 0, found.stderr


def test_types_travel_with_it(installed):
    package = Path(run(installed, "python", "-c", "import edgeplane; print(edgeplane.__file__)").stdout.strip()).parent
    assert (package / "py.typed").exists()
    assert (package / "_core.pyi").exists()
