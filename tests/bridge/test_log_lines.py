"""A line of the log: what it shows, how it is read again, and that nobody's text makes another one."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from triglot.config import RawConfig
from triglot.config.process import configure_logging
from triglot.errors import ConfigError
from triglot.logs import JsonLines, TextLines, about, format_of
from triglot.logs.lines import FORMATS, JSON, Line, read

NOON = datetime(2026, 1, 31, 12, 0, 0, 123_000, tzinfo=UTC)
FORGED = 'fine\n2026-01-31 12:00:00,123 ERROR web: [a7 iris 3] nothing works\x1b[2K\r\u2028{"time": 1}'


def record(message: str, *values: object, **said: Any) -> logging.LogRecord:
    return logging.getLogger("triglot.test").makeRecord(
        "triglot.test", logging.WARNING, __file__, 1, message, values, None, extra=about(**said)
    )


def shown(formatter: logging.Formatter, made: logging.LogRecord) -> str:
    """Return a line without its time."""
    return formatter.format(made).partition(",")[2][4:]


def test_a_line_has_what_it_is_about_in_brackets_and_its_values_at_the_end() -> None:
    lines = TextLines()
    assert shown(lines, record("it is %s", "full")) == "WARNING triglot: it is full"
    assert shown(lines, record("late", request_id="a7")) == "WARNING triglot: [a7] late"
    assert shown(lines, record("late", model="iris", version=3)) == "WARNING triglot: [- iris 3] late"
    told = record("answered", request_id="a7", model="two words", version=3, rows=2, ms=0.5, why="a b")
    assert shown(lines, told) == 'WARNING triglot: [a7 "two words" 3] answered rows=2 ms=0.50 why="a b"'


def test_what_has_lines_of_its_own_stands_below_and_in_json_inside() -> None:
    made = record("no answer", request_id="a7", trace="in f:\n  x / 0")
    assert shown(TextLines(), made) == "WARNING triglot: [a7] no answer\n    | in f:\n    |   x / 0"
    said = json.loads(JsonLines().format(made))
    assert (said["request_id"], said["message"], said["trace"]) == ("a7", "no answer", "in f:\n  x / 0")
    assert said["logger"] == "triglot.test"
    assert datetime.fromisoformat(said["time"]).utcoffset() is not None


def test_a_trace_of_pythons_is_there_in_both_formats() -> None:
    try:
        raise ValueError(FORGED)
    except ValueError:
        made = record("it failed")
        made.exc_info = sys.exc_info()
    below = shown(TextLines(), made).splitlines()[1:]
    assert below[0] == "    | Traceback (most recent call last):"
    assert all(line.startswith("    | ") for line in below)
    assert "Traceback" in json.loads(JsonLines().format(made))["trace"]


@pytest.mark.parametrize("form", FORMATS)
@given(message=st.text(), model=st.text(max_size=20), ids=st.text(max_size=20), value=st.text())
@example(message=FORGED, model=FORGED, ids=FORGED, value=FORGED)
@example(message="[a7 iris 3] forged", model="", ids="", value="")
@example(message="] x", model="a] b", ids="- x", value="1 status=200")
def test_nobodys_text_begins_a_line_or_claims_what_is_not_so(
    form: str, message: str, model: str, ids: str, value: str
) -> None:
    line = Line(NOON, "WARNING", "web", message, ids, model, 3 if model else 0, {"code": value})
    written = line.written(form)
    assert len(written.splitlines()) == 1
    assert written.isprintable() or any(ord(letter) > 127 for letter in written)
    found = read(written)
    assert found is not None
    assert found[0:3] == line[0:3]
    if form == JSON:
        assert found[3:] == line[3:]
    else:
        unsaid = "-" if ids == "-" else ""
        assert (found.request_id or unsaid, found.model, found.version) == (ids, model, line.version)


def test_what_is_no_line_is_not_read() -> None:
    for text in ("", "hello", "{}", "{", '{"time": 1}', "2026-13-31 12:00:00,123 INFO web: x", "    | below"):
        assert read(text) is None


def test_formats_of_a_configuration_may_name_what_a_line_is_about() -> None:
    root = logging.getLogger()
    kept = root.handlers[:]
    try:
        formatter = {"format": "%(program)s %(request_id)s %(model)s/%(version)s %(message)s"}
        handlers = {"kept": {"class": "logging.handlers.BufferingHandler", "capacity": 9, "formatter": "mine"}}
        said = {"formatters": {"mine": formatter}, "handlers": handlers, "root": {"handlers": ["kept"]}}
        configure_logging(RawConfig({"logging": said}))
        (handler,) = root.handlers
        logging.getLogger("other").error("hello")
        logging.getLogger("triglot").error("late", extra=about("a7", "iris", 3, trace="in f"))
        told = [handler.format(each) for each in handler.buffer]  # type: ignore[attr-defined]
    finally:
        root.handlers[:] = kept
    assert told == ["triglot  /0 hello", "triglot a7 iris/3 late\nin f"]


def test_the_environment_says_text_or_json() -> None:
    assert [format_of({"TRIGLOT_LOG_FORMAT": said}) for said in ("", "JSON", "text")] == ["text", "json", "text"]
    with pytest.raises(ConfigError, match="TRIGLOT_LOG_FORMAT is 'xml'; write one of text, json"):
        format_of({"TRIGLOT_LOG_FORMAT": "xml"})
