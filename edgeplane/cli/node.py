"""What the commands that talk to a running node share: how they find it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource

from edgeplane.config import VARIABLE, default_path, state_directory
from edgeplane.errors import ConfigError, Fault

Command = TypeVar("Command", bound=Callable[..., Any])


def node_options(command: Command) -> Command:
    """Adds `--config` and `--state-dir`, passed as `config` and `state_dir`."""
    command = click.option(
        "-s",
        "--state-dir",
        type=click.Path(file_okay=False),
        help="State directory of the node; then no config is read.",
    )(command)
    return config_option("Its configuration.")(command)


def config_given(command: Command) -> Command:
    """Adds CONFIG and its other spelling `--config`, passed as one, `config`: what is written beats the environment."""

    @wraps(command)
    def either(config: str | None, named: str | None, **rest: Any) -> Any:
        source = click.get_current_context().get_parameter_source("named")
        if config and named != config and source is ParameterSource.COMMANDLINE:
            raise click.UsageError("CONFIG is given twice: by itself and by -c")
        return command(config=config or named, **rest)

    option = config_option("The same as CONFIG.", "named")(either)
    argued = click.argument("config", required=False, type=click.Path(dir_okay=False))(option)
    return cast(Command, argued)


def config_option(meaning: str, *name: str) -> Callable[[Command], Command]:
    """`-c`, `--config`, or the environment: `click.Path` of a file that need not be there."""
    kind = click.Path(dir_okay=False)
    return click.option("-c", "--config", *name, envvar=VARIABLE, show_envvar=True, type=kind, help=meaning)


def state_dir_of(config: str | None, state_dir: str | None) -> Path:
    """The state directory of the node that is meant. Raises ConfigError."""
    if state_dir:
        return Path(state_dir)
    try:
        return state_directory(default_path(config))
    except ConfigError as error:
        hint = Fault(str(default_path(config)), 0, "a node that runs is found by its state directory too: -s DIR")
        raise ConfigError([*error.faults, hint]) from None
