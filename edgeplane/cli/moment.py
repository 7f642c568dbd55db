"""Points in time as people write them on a command line."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import click

_SPAN = re.compile(r"([0-9]{1,9})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def moment(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """A callback of click: Unix seconds, from `15m`, `2h`, `7d` or `1w` from now, `2026-12-31T23:59:59Z` (UTC without a
    zone) or Unix seconds.
    """
    if value is None:
        return None
    if span := _SPAN.fullmatch(value):
        return int(time.time()) + int(span[1]) * _SECONDS[span[2]]
    if value.isascii() and value.isdigit() and len(value) <= 12:
        return int(value)
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no time; write 2h, 7d, 2026-12-31T23:59:59Z or Unix seconds") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
