"""Files are rooms, functions are sentences: neither grows without end, and no room is called after what it is not."""

import ast
import re
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE_LINES = 800
FUNCTION_LINES = 60
MEDIAN_FUNCTION_LINES = 10
NAMELESS = {"utils", "util", "helpers", "helper", "misc", "common", "v2", "legacy"}

LONG_FILES: set[str] = set()
LONG_FUNCTIONS: set[str] = set()
"""Exceptions by name; one that is not needed any more fails the test."""


def files(*suffixes: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if name.endswith(suffixes) and (ROOT / name).is_file()]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def python_functions() -> dict[str, int]:
    found = {}
    for path in files(".py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[f"{name(path)}:{node.name}"] = (node.end_lineno or 0) - node.lineno + 1
    return found


def rust_functions() -> dict[str, int]:
    """Functions as rustfmt lays them out, from `fn` to the brace in its column; tests may hold long tables."""
    found = {}
    start = re.compile(r"^( *)(?:pub(?:\([a-z]+\))? )?(?:const |unsafe |async )*fn (\w+)")
    for path in files(".rs"):
        if path.name == "tests.rs" or "tests" in path.parts:
            continue
        opened: list[tuple[str, str, int]] = []
        for number, line in enumerate(path.read_text().split("#[cfg(test)]\nmod ")[0].splitlines()):
            if (match := start.match(line)) and not line.endswith(("}", ";")):
                opened.append((match[1], match[2], number))
            elif opened and line == f"{opened[-1][0]}}}":
                _, function, begun = opened.pop()
                found[f"{name(path)}:{function}"] = number - begun + 1
    return found


def test_no_file_is_too_long():
    long = {name(path) for path in files(".py", ".rs") if len(path.read_text().splitlines()) > FILE_LINES}
    assert long == LONG_FILES


def test_no_function_is_too_long():
    lengths = python_functions() | rust_functions()
    assert {function for function, lines in lengths.items() if lines > FUNCTION_LINES} == LONG_FUNCTIONS


def test_most_functions_are_short():
    for lengths in (python_functions(), rust_functions()):
        assert statistics.median(lengths.values()) <= MEDIAN_FUNCTION_LINES


def test_every_room_is_named_after_what_it_holds():
    parts = {part for path in files(".py", ".rs") for part in path.relative_to(ROOT).with_suffix("").parts}
    assert not parts & NAMELESS
