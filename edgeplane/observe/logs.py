"""The log on stderr: lines for people, or one JSON document a line.

any thread ─ Relay ─► queue of fixed size ─► one thread ─► stderr
"""

from __future__ import annotations

import atexit
import json
import logging
import queue
import sys
import threading
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TextIO

from edgeplane.errors import visible

Format = Literal["text", "json"]

WAITING_RECORDS = 8192
"""Records that wait while nobody reads stderr; what comes then is counted and thrown away."""

LAST_S = 1.0
"""Seconds that the end of the process waits for a reader."""

_PLAIN = {"plain": True}


def set_up(log_format: Format = "text", level: int = logging.INFO) -> None:
    """Sends the log of this process to stderr; a second call changes the format."""
    relay = Relay(sys.stderr)
    relay.setFormatter(JsonLine() if log_format == "json" else TextLine())
    for before in logging.getLogger().handlers:
        before.flush()
    logging.basicConfig(level=level, handlers=[relay], force=True)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    atexit.register(relay.flush)


def say(log: logging.Logger, line: str) -> None:
    """A line for the person who started the process: as it is, or as a document like all others."""
    log.info("%s", line, extra=_PLAIN)


class Relay(logging.Handler):
    """Hands lines to a thread, so that a reader of the stream who stands still holds up nobody else."""

    def __init__(self, stream: TextIO, waiting: int = WAITING_RECORDS) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[str] = queue.Queue(waiting)
        self._lost = 0
        self._taken = 0
        self._written = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Does not wait."""
        try:
            if self._lost and self._put(self._loss(record)):
                self._lost = 0
            if not self._put(self.format(record)):
                self._lost += 1
        except Exception:  # logging must not raise
            self.handleError(record)

    def flush(self) -> None:
        """Waits until what was said is written, at most LAST_S."""
        deadline = time.monotonic() + LAST_S
        while self._written < self._taken and time.monotonic() < deadline:
            time.sleep(0.001)

    def _put(self, line: str) -> bool:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            return False
        self._taken += 1
        return True

    def _loss(self, record: logging.LogRecord) -> str:
        message = f"{self._lost} lines were lost while nobody read them"
        return self.format(logging.LogRecord(__name__, logging.WARNING, record.pathname, 0, message, (), None))

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            try:
                self._stream.write(f"{line}\n")
                self._stream.flush()
            except (OSError, ValueError):
                pass  # nobody reads stderr any more; there is no other place to say so
            self._written += 1


class TextLine(logging.Formatter):
    """`2026-01-31T12:00:00.123Z  INFO edgeplane.node.child: the front ended`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; what follows a line break is indented, so that a line that starts with a time is a new event."""
        if getattr(record, "plain", False):
            return visible(record.getMessage())
        line = f"{_time(record)} {record.levelname:>5} {record.name}: {_message(self, record)}"
        return "\n    ".join(map(visible, line.split("\n")))


class JsonLine(logging.Formatter):
    """`{"timestamp", "level", "target", "message"}`."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON document without line breaks."""
        document = {
            "timestamp": _time(record),
            "level": record.levelname,
            "target": record.name,
            "message": _message(self, record),
        }
        return json.dumps(document, ensure_ascii=False)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Any:
    if issubclass(kind, KeyboardInterrupt):
        return sys.__excepthook__(kind, error, trace)
    return logging.getLogger("edgeplane").critical("the process ends", exc_info=(kind, error, trace))


def _time(record: logging.LogRecord) -> str:
    when = datetime.fromtimestamp(record.created, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    text = record.getMessage()
    return f"{text}\n{formatter.formatException(record.exc_info)}" if record.exc_info else text
