"""One event is one line, or one line and what is indented under it."""

import json
import logging
import sys

from edgeplane.observe.logs import JsonLine, TextLine


def record(message: str, *, failed: bool = False) -> logging.LogRecord:
    found = None
    if failed:
        try:
            raise ValueError("two\nlines")
        except ValueError:
            found = sys.exc_info()
    made = logging.LogRecord("edgeplane.node", logging.WARNING, __file__, 1, message, (), found)
    made.created = 1_700_000_000.25
    return made


def test_text_starts_with_time_level_and_origin():
    assert TextLine().format(record("gone")) == "2023-11-14T22:13:20.250Z WARNING edgeplane.node: gone"


def test_what_follows_a_line_break_is_indented():
    lines = TextLine().format(record("a\nb", failed=True)).split("\n")
    assert all(line.startswith("    ") for line in lines[1:])


def test_json_is_one_document_in_one_line():
    line = JsonLine().format(record("a\nb", failed=True))
    assert "\n" not in line
    document = json.loads(line)
    assert (document["level"], document["target"]) == ("WARNING", "edgeplane.node")
    assert document["message"].startswith("a\nb\nTraceback")


def test_what_a_terminal_would_obey_is_shown() -> None:
    assert TextLine().format(record("a \x1b[2J\u202e\nb")).endswith(": a \\x1b[2J\\u202e\n    b")
