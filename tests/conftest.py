"""Nodes for every test: `make_node(…)` makes one of the folder's kind, `node` has started; they end with the test.

A folder says what its kind is with a fixture `kind_of_node`, a subclass of `Running`. `make_edge(port, …)` makes nodes
with a distribution in front of an origin, `origin` is one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .edge import Edge
from .origin import Origin
from .running import Running


@pytest.fixture
def kind_of_node() -> type[Running]:
    """What `make_node` makes: called with the test's directory, and with what the test says."""
    return Running


@pytest.fixture
def make_node(tmp_path: Path, kind_of_node: type[Running]) -> Iterator[Callable[..., Any]]:
    """Makes nodes in one directory; they end with the test."""
    with contextlib.ExitStack() as made:
        yield lambda *args, **named: made.enter_context(kind_of_node(tmp_path, *args, **named))


@pytest.fixture
def node(make_node: Callable[..., Any]) -> Any:
    """A node that serves."""
    return make_node().start()


@pytest.fixture
def make_edge(tmp_path: Path) -> Iterator[Callable[..., Edge]]:
    """Makes nodes with an edge in one directory; they end with the test."""
    with contextlib.ExitStack() as made:
        yield lambda *args, **named: made.enter_context(Edge(tmp_path, *args, **named))


@pytest.fixture
def origin() -> Iterator[Origin]:
    """An origin that says `ok` to everything, and what must not be stored, until a test says otherwise."""
    with Origin() as listening:
        yield listening
