"""Imports go down the house's levels, never up, and never from pillar to pillar."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]

CRATES = {
    "base": 1,
    "net": 2,
    "sign": 2,
    "geo": 3,
    "policy": 3,
    "http": 3,
    "dns": 4,
    "edge": 4,
    "node": 5,
    "py": 6,
}
"""Crate → level (docs/ARCHITECTURE.md, "Rooms")."""

SIDEWAYS = {("policy", "geo")}
"""Crates of one level that may meet."""

PACKAGES = {
    "errors": 0,
    "core": 1,
    "observe": 1,
    "health": 2,
    "config": 2,
    "template": 3,
    "dns": 4,
    "edge": 4,
    "node": 5,
    "cli": 6,
}
"""Python room → level."""

UPWARDS = {("config", "dns")}
"""Named exceptions: names of DNS are spelled by `dns.name`."""


def crate_edges() -> list[tuple[str, str]]:
    edges = []
    for manifest in ROOT.glob("rust/*/Cargo.toml"):
        if manifest.parent.name in CRATES:
            needs = tomllib.loads(manifest.read_text()).get("dependencies", {})
            edges += [(manifest.parent.name, n.removeprefix("edgeplane-")) for n in needs if n.startswith("edgeplane-")]
    return edges


def room(path: Path) -> str:
    return path.relative_to(ROOT / "edgeplane").parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def package_edges() -> dict[tuple[str, str], Path]:
    edges = {}
    for path in (ROOT / "edgeplane").rglob("*.py"):
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "edgeplane" and len(parts) > 1 and parts[1] in PACKAGES:
                edges.setdefault((room(path), parts[1]), path)
    return edges


def test_crates_need_only_what_lies_below():
    edges = crate_edges()
    assert edges, "the manifests were not read"
    wrong = [(a, b) for a, b in edges if CRATES[b] >= CRATES[a] and (a, b) not in SIDEWAYS]
    assert not wrong


def test_packages_import_only_what_lies_below():
    edges = package_edges()
    assert ("cli", "node") in edges, "the imports were not read"
    wrong = {
        (a, b): str(path.relative_to(ROOT))
        for (a, b), path in edges.items()
        if a in PACKAGES and a != b and PACKAGES[b] >= PACKAGES[a] and (a, b) not in UPWARDS
    }
    assert not wrong
    assert set(edges) >= UPWARDS, "an exception that nobody needs"


def test_no_room_is_without_a_level():
    rooms = {room(path) for path in (ROOT / "edgeplane").rglob("*.py")}
    assert rooms - set(PACKAGES) == {"__init__", "__main__"}
    crates = {manifest.parent.name for manifest in ROOT.glob("rust/*/Cargo.toml")}
    assert crates - {"fuzz"} == set(CRATES)


def test_only_the_face_knows_the_interpreter_and_only_net_is_unsafe():
    for manifest in ROOT.glob("rust/*/Cargo.toml"):
        if manifest.parent.name != "py":
            assert "pyo3" not in tomllib.loads(manifest.read_text()).get("dependencies", {}), manifest
    for source in ROOT.glob("rust/*/src/**/*.rs"):
        if "allow(unsafe_code)" in source.read_text():
            assert source.relative_to(ROOT).parts[1] == "net", source
