"""What commands about URLs share: how one is checked before anything is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

Command = TypeVar("Command", bound=Callable[..., Any])
URL_LENGTH = 8192
"""Longest URL (CloudFront quotas)."""


def url(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """A callback of click: `http://host/path?query`; a usage error for what a request cannot be for."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises where it is none
    except ValueError as error:
        raise click.BadParameter(f"{value}: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(f"{value} is no URL such as http://www.example.net/index.html")
    if len(value) > URL_LENGTH or not all("!" <= each <= "~" for each in value):
        raise click.BadParameter(f"a URL has at most {URL_LENGTH} characters, all of ASCII and none a space")
    return value if parts.path or parts.query else f"{value.rstrip('/')}/"


def url_argument(command: Command) -> Command:
    """Adds URL, passed as `url`."""
    return click.argument("url", callback=url)(command)


def header(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> list[tuple[str, str]]:
    """A callback of click: `Name: value` → (name, value)."""
    pairs = [value.partition(":") for value in values]
    if any(not colon or not name.strip() for name, colon, _ in pairs):
        raise click.BadParameter("write a header field as 'Name: value'")
    return [(name.strip(), value.strip()) for name, _, value in pairs]
