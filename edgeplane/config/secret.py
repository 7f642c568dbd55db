"""Files with keys: who may read them, and the keys of DNS cookies (RFC 9018)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from edgeplane.errors import ConfigError

KEY_OCTETS = 16
_SIZES = (KEY_OCTETS, 2 * KEY_OCTETS)
_READ = 4096
_OTHERS = stat.S_IRWXO | stat.S_IWGRP


def read_cookie_secret(path: Path | None) -> bytes:
    """16 or 32 octets, or none without a path. Raises ConfigError when the file is missing, open to others or odd.

    All nodes behind one address share it, so that a line end more or less must not make it another: what can be read as
    hexadecimal digits of such a length is.
    """
    if path is None:
        return b""
    try:
        octets = read_secret(path)
    except ValueError as error:
        raise ConfigError.one(str(path), f"cookie secret {error}") from None
    key = next((each for each in (_from_hexadecimal(octets), octets) if len(each) in _SIZES), None)
    if key is None:
        raise ConfigError.one(
            str(path),
            f"must hold 16 or 32 octets, raw or as hexadecimal digits; make one with: openssl rand -hex 16 > {path}",
        )
    return key


def read_secret(path: Path, most: int = _READ, problem: Callable[[bytes], str | None] = lambda _: None) -> bytes:
    """The first octets of a file that is closed to others; raises ValueError with the rest of a sentence.

    problem: what is wrong with the octets, or None; it is said before who may read them.
    """
    try:
        with path.open("rb") as file:
            octets, mode = file.read(most), os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from None
    if said := problem(octets):
        raise ValueError(said)
    if mode & _OTHERS:
        raise ValueError(f"is open to other users; run: chmod 0640 {path}")
    return octets


def _from_hexadecimal(octets: bytes) -> bytes:
    try:
        return bytes.fromhex(octets.decode("ascii"))
    except ValueError:
        return b""
