"""A plan file that somebody hands to the node: looked at before it is copied, copied for nobody else to read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from edgeplane.node import limits
from edgeplane.node.plans import MAGIC, PlanFileError


def copy_plan(source: Path, copy: Path) -> None:
    """Copies a regular file that begins like a plan and is not too large; PlanFileError names what else was meant.

    Blocks, but not for ever: no device is read, and what grows meanwhile only as far as it was long at first.
    """
    # Not blocking: a FIFO without a writer opens at once, and is then seen to be one.
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise PlanFileError(f"{source}: {error.strerror}") from error
    try:
        _copy(descriptor, _size_of_plan(source, descriptor), copy)
    finally:
        os.close(descriptor)


def _size_of_plan(source: Path, descriptor: int) -> int:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise PlanFileError(f"{source} is no regular file")
    if status.st_size > limits.PLAN_OCTETS:
        raise PlanFileError(f"{source} has {status.st_size} octets; {limits.PLAN_OCTETS} is the most")
    if os.pread(descriptor, len(MAGIC), 0) != MAGIC:
        raise PlanFileError(f"{source} is not a plan file")
    return status.st_size


def _copy(descriptor: int, size: int, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    target = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        at = 0
        while at < size and (sent := os.sendfile(target, descriptor, at, size - at)):
            at += sent
    finally:
        os.close(target)
