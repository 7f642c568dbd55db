"""What the commands that talk to a running node share: how they find it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from edgeplane.config import default_path, load

Command = TypeVar("Command", bound=Callable[..., Any])


def node_options(command: Command) -> Command:
    """Adds `--config` and `--state-dir`, passed as `config` and `state_dir`."""
    command = click.option(
        "-s",
        "--state-dir",
        type=click.Path(file_okay=False),
        help="State directory of the node; then no config is read.",
    )(command)
    return click.option(
        "-c", "--config", envvar="EDGEPLANE_CONFIG", type=click.Path(dir_okay=False), help="Its configuration."
    )(command)


def state_dir_of(config: str | None, state_dir: str | None) -> Path:
    """The state directory of the node that is meant. Raises ConfigError."""
    return Path(state_dir) if state_dir else load(default_path(config)).node.state_dir
