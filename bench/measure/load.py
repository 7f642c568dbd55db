"""The load generator: built once, run on its own CPU."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Generator:
    """The program, and the CPU that it runs on."""

    binary: Path
    cpu: int


def binary() -> Path:
    """Where cargo puts the generator."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "edgeplane-load"


def build() -> Path:
    """Builds the generator with the release profile and returns the binary."""
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "edgeplane-load"], cwd=ROOT, check=True)
    return binary()
