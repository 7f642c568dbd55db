"""Templates, settings and Python of README.md and docs are right: each block becomes a plan, loads, or runs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from edgeplane.cli.core import trial
from edgeplane.config import load
from edgeplane.config.generate import ROOT
from edgeplane.node.source import read_source

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOML = """
templates = ["site.yaml"]
[dns]
zone_files = ["example.net.zone"]
name_servers = ["ns1.example.net", "ns2.example.net"]
geo_database = "geo.csv"
[edge]
public_addresses = ["192.0.2.80"]
directories = {files = "."}
"""
ZONE = "@ 300 SOA ns1 hostmaster 1 7200 900 1209600 86400\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n"


def blocks(language: str) -> list[object]:
    """Blocks of a language, but those with an ellipsis, which are no whole."""
    fence = re.compile(rf"^```{language}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    found = [(page, block) for page in PAGES for block in fence.findall(page.read_text()) if "…" not in block]
    return [pytest.param(block, id=f"{page.stem}-{n}") for n, (page, block) in enumerate(found)]


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_template_becomes_a_plan(block: str, tmp_path: Path):
    shutil.copy(ROOT / "config" / "examples" / "site" / "geo.csv", tmp_path)
    (tmp_path / "edgeplane.toml").write_text(TOML)
    (tmp_path / "site.yaml").write_text(block)
    (tmp_path / "example.net.zone").write_text(ZONE)
    if "example.com" in block:
        (tmp_path / "example.net.zone").rename(tmp_path / "example.com.zone")
        (tmp_path / "edgeplane.toml").write_text(TOML.replace('"example.net.zone"', '"example.com.zone"'))
    assert trial(read_source(tmp_path / "edgeplane.toml", {}))["zones"]


@pytest.mark.parametrize("block", blocks("toml"))
def test_settings_load(block: str, tmp_path: Path):
    (tmp_path / "edgeplane.toml").write_text(block)
    load(tmp_path / "edgeplane.toml", {})


def test_the_example_of_the_readme_answers(capsys: pytest.CaptureFixture[str]):
    (code,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - the page is ours
    assert capsys.readouterr().out == "any.example.net. 300 IN A 192.0.2.80\n"


def test_every_reason_of_a_403_is_explained():
    files = (ROOT / "rust" / part for part in ("edge/src/access/refusal.rs", "sign/src/denied.rs"))
    names = {name for file in files for name in re.findall(r'=> "([A-Za-z-]+)",', file.read_text())}
    table = (ROOT / "docs" / "guide" / "edge.md").read_text().partition("### Why a 403")[2].partition("##")[0]
    assert {"ClientGeoBlocked", "missing-key"} <= names
    assert names - {"redirect-to-https"} <= set(re.findall(r"`([A-Za-z-]+)`", table))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]
