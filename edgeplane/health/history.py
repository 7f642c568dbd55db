"""States and transitions across restarts: LMDB in `state_dir/control`, one MessagePack document a check.

The store is a convenience: whatever happens to it, probing goes on. Before it is opened, a child process reads it from
end to end, because a damaged memory map ends the process that touches it.
"""

import logging
import math
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lmdb
import msgpack

from edgeplane.health import limits
from edgeplane.health.judge import State, Status, Transition

log = logging.getLogger(__name__)

FORMAT = 1
_FORMAT_KEY = b"format"
_NEWER, _DAMAGED = 3, 4
_INSPECTION_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a check. `target` tells whether the state is about the same thing."""

    state: State
    reason: str
    target: str
    transitions: tuple[Transition, ...] = ()


class History:
    """The store. `load` once, then `save`; neither raises for what the disk does."""

    def __init__(self, directory: Path) -> None:
        """`directory` is `state_dir/control`; it is made when first needed."""
        self._directory = directory
        self._environment: Any = None
        self._failing = False
        self._lock = threading.Lock()  # a save may still run on its thread when the last one comes
        self.errors = 0

    def load(self) -> dict[str, Kept]:
        """Everything that is kept. A store that cannot be read is moved aside; a bad document is left out."""
        try:
            self._set_aside_if_unreadable()
            return self._read()
        except (lmdb.Error, OSError) as error:
            self._failed("read", error)
            return {}

    def save(self, changed: Mapping[str, Kept | None]) -> bool:
        """Write these checks (None: forget) in one transaction. False when it failed: try again later."""
        try:
            with self._lock:
                self._write(changed)
        except (lmdb.Error, OSError) as error:
            self._failed("written", error)
            return False
        if self._failing:
            log.warning("health history is written again: %s", self._directory)
            self._failing = False
        return True

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            if self._environment is not None:
                self._environment[0].close()
                self._environment = None

    def _open(self) -> tuple[Any, Any]:
        if self._environment is None:
            self._directory.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._environment = open_environment(self._directory)
        opened: tuple[Any, Any] = self._environment
        return opened

    def _write(self, changed: Mapping[str, Kept | None]) -> None:
        environment, documents = self._open()
        with environment.begin(write=True, db=documents) as transaction:
            for check_id, kept in changed.items():
                if kept is None:
                    transaction.delete(check_id.encode())
                else:
                    transaction.put(check_id.encode(), encode(kept))

    def _read(self) -> dict[str, Kept]:
        if not (self._directory / "data.mdb").exists():
            return {}
        environment, documents = self._open()
        found = {}
        with environment.begin(db=documents) as transaction:
            for key, document in transaction.cursor():
                try:
                    found[key.decode()] = decode(document)
                except ValueError as error:
                    log.warning("health history: document %r is left out: %s", key, error)
        return found

    def _set_aside_if_unreadable(self) -> None:
        why = inspect(self._directory)
        if why is None:
            return
        aside = self._directory.with_name(f"{self._directory.name}.{why.split()[0]}-{time.time_ns()}")
        self._directory.rename(aside)
        log.error("health history %s is %s; moved to %s, starting without", self._directory, why, aside)

    def _failed(self, what: str, error: Exception) -> None:
        self.errors += 1
        if not self._failing:
            log.error("health history %s cannot be %s, checks go on without: %s", self._directory, what, error)
        self._failing = True


def open_environment(directory: Path) -> tuple[Any, Any]:
    """The environment and its table of documents; marks a new store with the format."""
    environment = lmdb.open(str(directory), max_dbs=8, map_size=limits.HISTORY_MAP.default, mode=0o640)
    try:
        with environment.begin(write=True) as transaction:
            if transaction.get(_FORMAT_KEY) is None:
                transaction.put(_FORMAT_KEY, str(FORMAT).encode())
            return environment, environment.open_db(b"health", txn=transaction)
    except BaseException:
        environment.close()
        raise


# --- inspection -----------------------------------------------------------------------------------------------------


def inspect(directory: Path) -> str | None:
    """Read a store in a process of its own. None when it is sound or absent, else `newer …` or `damaged …`."""
    if not (directory / "data.mdb").exists():
        return None
    command = [sys.executable, "-m", __name__, str(directory)]
    try:
        ended = subprocess.run(command, timeout=_INSPECTION_SECONDS, capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        return "damaged (reading it does not end)"
    if ended.returncode == _NEWER:
        return "newer than this release"
    return f"damaged (status {ended.returncode})" if ended.returncode < 0 or ended.returncode == _DAMAGED else None


def _read_all(directory: Path) -> int:
    """In the child: touch every page, begin a write, leave no trace. Damage is an exit status or a signal."""
    try:
        environment = lmdb.open(str(directory), max_dbs=8, map_size=limits.HISTORY_MAP.default, create=False)
        with environment.begin() as transaction:
            if int(transaction.get(_FORMAT_KEY, b"0")) > FORMAT:
                return _NEWER
        with environment.begin(write=True) as transaction:
            documents = environment.open_db(b"health", txn=transaction)
            sum(len(key) + len(document) for key, document in transaction.cursor(documents))
            transaction.put(b"inspection", b"", db=documents)
            transaction.abort()
    except (lmdb.CorruptedError, lmdb.InvalidError, lmdb.PageNotFoundError, lmdb.VersionMismatchError, ValueError):
        return _DAMAGED
    return 0


# --- documents ------------------------------------------------------------------------------------------------------


def encode(kept: Kept) -> bytes:
    """A check's document."""
    packed: bytes = msgpack.packb(
        {
            "raw": int(kept.state.raw),
            "status": int(kept.state.status),
            "since": kept.state.since,
            "reason": kept.reason,
            "target": kept.target,
            "transitions": [[t.at, int(t.before), int(t.after), t.reason, t.consecutive] for t in kept.transitions],
        }
    )
    return packed


def decode(document: bytes) -> Kept:
    """The opposite. ValueError for anything else than what `encode` writes."""
    try:
        read = msgpack.unpackb(document)
        return Kept(
            State(Status(read["raw"]), Status(read["status"]), _moment(read["since"])),
            str(read["reason"]),
            str(read["target"]),
            tuple(_transition(*one) for one in read["transitions"][-limits.TRANSITIONS.default :]),
        )
    except (KeyError, TypeError, msgpack.UnpackException, OverflowError) as error:
        raise ValueError(f"not a health document: {error!r}") from error


def _transition(at: float, before: int, after: int, reason: str, consecutive: int) -> Transition:
    return Transition(_moment(at), Status(before), Status(after), str(reason), int(consecutive))


def _moment(seconds: float) -> float:
    if not math.isfinite(seconds):
        raise ValueError("not a moment")
    return float(seconds)


if __name__ == "__main__":
    sys.exit(_read_all(Path(sys.argv[1])))
