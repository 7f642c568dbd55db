"""One event is one line, or one line and what is indented under it."""

import io
import json
import logging
import sys
import threading

from edgeplane.observe.logs import JsonLine, Relay, TextLine, say


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


def test_a_line_for_a_person_is_plain_in_text_and_a_document_in_json(caplog):
    with caplog.at_level(logging.INFO):
        say(logging.getLogger("edgeplane"), "edgeplane ready: 2 zones")
    assert TextLine().format(caplog.records[0]) == "edgeplane ready: 2 zones"
    assert json.loads(JsonLine().format(caplog.records[0]))["message"] == "edgeplane ready: 2 zones"


class Stopped(io.StringIO):
    """A pipe whose reader stands still until `go`."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()

    def write(self, text):
        self.go.wait(20)
        return super().write(text)


def test_a_reader_that_stands_still_holds_nobody_up_and_what_was_lost_is_told():
    stream = Stopped()
    relay = Relay(stream, waiting=3)
    relay.setFormatter(TextLine())
    for number in range(10):
        relay.emit(record(f"<{number}>"))
    stream.go.set()
    relay.flush()
    relay.emit(record("<after>"))
    relay.flush()
    said = stream.getvalue()
    kept = [number for number in range(10) if f"<{number}>" in said]
    assert kept == list(range(len(kept)))
    assert len(kept) in (3, 4)
    assert f"{10 - len(kept)} lines were lost" in said
    assert said.endswith("<after>\n")
