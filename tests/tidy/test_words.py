"""What must not stand in the repository: work left open, panics in the data plane, places of one machine."""

import re

import pytest

from .test_sizes import ROOT, files, name

OPEN = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|to" r"do!|unimplem" r"ented!|NotImplem" r"entedError)\b")
IGNORED = re.compile(r"^\s*#\[ignore\b")
PLACES = re.compile(r"/(wo" r"rk|ro" r"ot|ho" r"me/\w+)/")
DATA_PLANE = ("base", "net", "geo", "policy", "dns", "node", "py")


def lines(path):
    return enumerate(path.read_text().splitlines(), 1)


@pytest.mark.parametrize("pattern", [OPEN, PLACES], ids=["open", "places"])
def test_no_line_says(pattern):
    kinds = (".py", ".rs", ".md", ".toml", ".yaml", "Makefile")
    found = [f"{name(path)}:{n}" for path in files(*kinds) for n, line in lines(path) if pattern.search(line)]
    assert not found


def test_no_test_is_left_out():
    """A measurement is an example, with its command; what a test runs in a child is that test."""
    assert not [f"{name(path)}:{n}" for path in files(".rs") for n, line in lines(path) if IGNORED.search(line)]


def test_no_file_of_the_data_plane_switches_a_lint_off_that_guards_against_panics():
    wrong = []
    for path in files(".rs"):
        if path.relative_to(ROOT).parts[:1] != ("rust",) or path.relative_to(ROOT).parts[1] not in DATA_PLANE:
            continue
        before_tests = path.read_text().split("#[cfg(test)]")[0]
        if "/tests/" not in str(path) and path.name != "tests.rs":
            wrong += [name(path) for lint in ("unwrap_used", "expect_used", "clippy::panic") if lint in before_tests]
    assert not wrong


def test_every_test_folder_is_a_package():
    folders = {path.parent for path in files(".py") if path.relative_to(ROOT).parts[0] == "tests"}
    assert not [name(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_the_version_is_that_of_the_workspace():
    import tomllib

    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()
