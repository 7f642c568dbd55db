"""What one probe found."""

import errno
import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """`ok` is None when the prober itself could not look (no descriptors, no permission): that is no verdict.

    `kind` is one word from a small set, for metrics; `reason` is for people.
    """

    ok: bool | None
    kind: str
    reason: str


def success(reason: str) -> Outcome:
    """The target did what it must."""
    return Outcome(True, "success", reason)


def failure(kind: str, reason: str) -> Outcome:
    """The target did not."""
    return Outcome(False, kind, reason)


def no_verdict(reason: str) -> Outcome:
    """Nothing is known of the target, because of us."""
    return Outcome(None, "local", reason)


def from_os_error(error: OSError, doing: str) -> Outcome:
    """A system call's error as an outcome. Shortage on our own side is never held against the target."""
    reason = f"{doing}: {os.strerror(error.errno) if error.errno else str(error) or type(error).__name__}"
    if error.errno in _OURS:
        return no_verdict(reason)
    return failure(_KINDS.get(error.errno or 0, "network"), reason)


_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_KINDS = {errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.EPIPE: "reset"}
