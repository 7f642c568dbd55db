"""The file with the keys of DNS cookies (RFC 9018): shared by all nodes behind one address."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from edgeplane.errors import ConfigError

KEY_OCTETS = 16
_SIZES = (KEY_OCTETS, 2 * KEY_OCTETS)
_READ = 4096


def read_cookie_secret(path: Path | None) -> bytes:
    """16 or 32 octets, or none without a path. Raises ConfigError when the file is missing, open to others or odd."""
    if path is None:
        return b""
    try:
        with path.open("rb") as file:
            octets, mode = file.read(_READ), os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise ConfigError.one(str(path), f"cookie secret cannot be read ({error.strerror})") from None
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise ConfigError.one(str(path), f"cookie secret is open to other users; run: chmod 0640 {path}")
    key = octets if len(octets) in _SIZES else _from_hexadecimal(octets)
    if len(key) not in _SIZES:
        raise ConfigError.one(
            str(path),
            f"must hold 16 or 32 octets, raw or as hexadecimal digits; make one with: openssl rand -hex 16 > {path}",
        )
    return key


def _from_hexadecimal(octets: bytes) -> bytes:
    try:
        return bytes.fromhex(octets.decode("ascii"))
    except ValueError:
        return b""
