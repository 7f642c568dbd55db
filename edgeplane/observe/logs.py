"""The log on stderr: lines for people, or one JSON document a line, with the fields that Rust's tracing writes."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from edgeplane.errors import visible

Format = Literal["text", "json"]


def set_up(log_format: Format = "text", level: int = logging.INFO) -> None:
    """Sends the log of this process to stderr; a second call changes the format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLine() if log_format == "json" else TextLine())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)


class TextLine(logging.Formatter):
    """`2026-01-31T12:00:00.123Z  INFO edgeplane.node.child: the front ended`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; what follows a line break is indented, so that a line that starts with a time is a new event."""
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


def _time(record: logging.LogRecord) -> str:
    when = datetime.fromtimestamp(record.created, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    text = record.getMessage()
    return f"{text}\n{formatter.formatException(record.exc_info)}" if record.exc_info else text
