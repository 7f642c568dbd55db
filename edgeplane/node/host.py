"""What the node needs from its host before it starts: its state directory to itself, and enough descriptors."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
from collections.abc import Iterator
from pathlib import Path

from edgeplane.errors import EdgeplaneError
from edgeplane.node import limits


class HostError(EdgeplaneError):
    """The host cannot give what the settings ask for; the text says what to do."""

    exit_code = 2


class StateLock:
    """The state directory, locked for as long as this object lives. Raises HostError."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / "lock"
        try:
            state_dir.mkdir(parents=True, exist_ok=True, mode=0o750)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise HostError(
                f"{state_dir}: {error.strerror}; let [node] state_dir name a directory that this user may write"
            ) from error
        self._take(state_dir)

    def _take(self, state_dir: Path) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(self._file, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise HostError(
                f"{state_dir} is in use by another node (process {owner}); stop it, or set another [node] state_dir"
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Lets another node have the directory."""
        os.close(self._file)


def raise_open_files(wanted: int = limits.OPEN_FILES) -> int:
    """Raises the soft limit of open descriptors as far as the hard one lets it; returns it. Children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return soft


def resident_octets(pid: int) -> int:
    """Resident memory of a process in octets; 0 where there is no such process."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * resource.getpagesize()


@contextlib.contextmanager
def socket_path(path: Path) -> Iterator[str]:
    """A path that fits into the 108 octets of a Unix socket's address, however long the directory's own is."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
