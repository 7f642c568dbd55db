"""Where and with what a run was made. Nothing that names a person, a host or a path."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from measure.load import ROOT

SETTINGS = ("net/core/rmem_default", "net/core/rmem_max", "net/core/wmem_default", "net/core/netdev_max_backlog")


def describe() -> dict[str, Any]:
    """Kernel, CPU, memory, socket settings, compiler, commit."""
    return {
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "cpu_model": _field("/proc/cpuinfo", "model name"),
        "memory_kb": int(_field("/proc/meminfo", "MemTotal").split()[0]),
        "sysctl": {name.replace("/", "."): _text(f"/proc/sys/{name}") for name in SETTINGS},
        "clocksource": _text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "hypervisor": "hypervisor" in _field("/proc/cpuinfo", "flags").split(),
        "load_average": os.getloadavg(),
        "python": platform.python_version(),
        "rustc": first_line("rustc", "--version"),
        "commit": first_line("git", "-C", str(ROOT), "rev-parse", "HEAD"),
        "uncommitted_changes": bool(
            first_line("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no")
        ),
    }


def first_line(*argv: str, containing: str = "") -> str:
    """The first line with a text in it that a command prints, on either output; empty when it cannot run."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return next((line for line in (done.stdout + done.stderr).splitlines() if containing in line), "")


def _field(path: str, key: str) -> str:
    for line in _text(path).splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
