"""`edgeplane completion bash|zsh|fish`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that teaches a shell to complete edgeplane's commands.

    \b
    Examples:
      eval "$(edgeplane completion bash)"
      edgeplane completion zsh > ~/.zfunc/_edgeplane
      edgeplane completion fish > ~/.config/fish/completions/edgeplane.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"click has no completion for {shell}")
    click.echo(kind(ctx.find_root().command, {}, "edgeplane", "_EDGEPLANE_COMPLETE").source())
