"""A click group that imports a command's module only when the command is used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from edgeplane.errors import EdgeplaneError, nearest


class NearestGroup(click.Group):
    """A group that names the command which may have been meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; a usage error with `unknown` for a name that is no command."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            ctx.fail(f"{args[0]!r} is no command{self.unknown(ctx, args)}")
        return super().resolve_command(ctx, args)

    def unknown(self, ctx: click.Context, args: list[str]) -> str:
        """What to say of arguments whose first is no command."""
        return nearest(args[0], self.list_commands(ctx))


class LazyGroup(NearestGroup):
    """Commands of a package: each is in the module of its name, under its name. One broken module costs one command.

    said: command → the first sentence of its help. Help and completion show that, and import nothing for it.
    """

    def __init__(self, *args: Any, package: str, said: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package, self._said = package, said

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(self._said)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """What help and completion show; None where no such name is known. The command itself: `resolve_command`."""
        return click.Command(name, help=self._said[name]) if name in self._said else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the command itself, or one that says why it cannot be had."""
        name, known, rest = super().resolve_command(ctx, args)
        return name, self._load(name) if name and known else None, rest

    def _load(self, name: str) -> click.Command:
        try:
            command: click.Command = getattr(import_module(f"{self._package}.{name}"), name)
        except (ImportError, AttributeError) as error:
            return _broken(name, error)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; a refusal becomes its lines on stderr and its exit code."""
        try:
            return super().invoke(ctx)
        except EdgeplaneError as error:
            from edgeplane.cli.output import print_error

            print_error(error)
            sys.exit(error.exit_code)


def _broken(name: str, error: Exception) -> click.Command:
    def refuse(**_: Any) -> None:
        raise click.ClickException(f"this installation has no working `{name}`: {error}")

    return click.Command(
        name,
        callback=refuse,
        help=f"Not available in this installation: {error}",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
