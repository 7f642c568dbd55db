"""What README.md and docs/guide show is what happens: each page's `console` blocks, in order, on a fresh example site.

`$ command` is run by a shell; below it is what it prints, `…` for anything; `[exit 1]` is another exit code.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..running import PATIENCE_S, ROOT, Running, free_port

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
STEP = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
EXIT = re.compile(r"^\[exit (\d+)\]\n", re.MULTILINE)
SITE = Path("config", "examples", "site")


def steps(page: Path) -> list[tuple[str, str, int]]:
    """(command, what it prints, exit code)."""
    found = [step for block in BLOCK.findall(page.read_text()) for step in STEP.findall(block)]
    return [(command, EXIT.sub("", said), int((EXIT.findall(said) or [0])[0])) for command, said in found]


def says(expected: str, printed: str) -> bool:
    """Whether the text matches, where `…` stands for anything."""
    pattern = ".*".join(map(re.escape, expected.strip().split("…")))
    return (
        re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed.strip().splitlines()), re.DOTALL) is not None
    )


class Site(Running):
    """The example site in a folder of its own, on ports of its own."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(ROOT / SITE, folder / SITE, ignore=shutil.ignore_patterns("var"))
        super().__init__(folder / SITE, (ROOT / SITE / "edgeplane.toml").read_text())
        self.folder = folder
        self.ports = {"5300": self.port, "9900": self.observe, "5302": free_port(), "9902": free_port()}
        self.ports |= {"8080": free_port(), "8000": free_port()}
        for path in [self.config, *self.directory.glob("*.yaml")]:
            path.write_text(self.moved(path.read_text()))
        binaries = str(Path(sys.executable).parent)
        self.environ |= {"EDGEPLANE_CONFIG": str(SITE / "edgeplane.toml"), "PATH": f"{binaries}:{os.environ['PATH']}"}

    def moved(self, text: str) -> str:
        """The ports of the pages → the ports of this node."""
        return re.sub(r"\b(5300|9900|5302|9902|8080|8000)\b", lambda port: str(self.ports[port[0]]), text)

    def run(self, command: str) -> tuple[str, int]:
        """What a command prints, and its exit code."""
        shell = ["bash", "-o", "pipefail", "-c", self.moved(command)]
        done = subprocess.run(
            shell, cwd=self.folder, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        return done.stdout, done.returncode


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made.start()
    made.close()


@pytest.mark.parametrize("page", [page for page in PAGES if steps(page)], ids=lambda page: page.name)
def test_a_page_shows_what_happens(page: Path, site: Site):
    for command, expected, code in steps(page):
        if not shutil.which(command.split()[0], path=site.environ["PATH"]):
            pytest.fail(f"{command.split()[0]} is not installed: sudo make packages")
        printed, ended = site.run(command)
        assert (says(site.moved(expected), printed), ended) == (True, code), f"$ {command}\n{printed}[exit {ended}]"


def test_the_first_lines_are_the_two_commands():
    assert re.match(r"# edgeplane\n```\nmake serve .*\nmake test ", (ROOT / "README.md").read_text())
