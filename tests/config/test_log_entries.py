"""The entry `log`: what it may say, and how it reaches the processes that read no configuration."""

from pathlib import Path
from typing import Any

import pytest

from triglot import assembly
from triglot.config.log_entries import KEPT_BYTES, LogEntries
from triglot.errors import ConfigError
from triglot.project import Project


def project(tmp_path: Path, said: Any, **environ: str) -> Project:
    config = tmp_path / "config.py"
    config.write_text(repr({"log": said}))
    return Project([config], environ, tmp_path)


def test_nothing_said_is_text_without_an_access_log_and_a_bounded_copy() -> None:
    assert LogEntries.said({}) == LogEntries("text", 0.0, KEPT_BYTES)


@pytest.mark.parametrize(("said", "share"), [("off", 0.0), ("whole", 1.0), (1, 1.0), (0.25, 0.25)])
def test_the_access_log_is_off_whole_or_a_share(tmp_path: Path, said: Any, share: float) -> None:
    known = project(tmp_path, {"access": said})
    assert known.log.access == share
    assert assembly.hooks(known).hears("request_answered") == (share > 0)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("json", r"log: 'json'; write a mapping such as \{'format': 'json', 'access': 'whole'\}"),
        ({"level": "info"}, "log: unknown level; known are access, format, kept_bytes"),
        ({"format": "xml"}, "log: format: 'xml'; write one of text, json"),
        ({"access": 2}, "log: access: 2; write 'whole', 'off', or the share of answers, such as 0.01"),
        ({"access": True}, "log: access: True; write"),
        ({"access": "some"}, "log: access: 'some'; write"),
        ({"access": float("nan")}, "log: access: nan; write"),
        ({"kept_bytes": -1}, "log: kept_bytes: -1; write a whole number of bytes, 0 to keep nothing"),
        ({"kept_bytes": "1 MB"}, "log: kept_bytes: '1 MB'; write"),
    ],
)
def test_a_slip_is_told_with_what_to_write(said: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        LogEntries.said(said)


def test_the_format_reaches_every_process_and_the_environment_comes_first(tmp_path: Path) -> None:
    named = project(tmp_path, {"format": "json"})
    assert named.environ["TRIGLOT_LOG_FORMAT"] == named.own_environment()["TRIGLOT_LOG_FORMAT"] == "json"
    other = project(tmp_path, {"format": "json"}, TRIGLOT_LOG_FORMAT="text")
    assert other.environ["TRIGLOT_LOG_FORMAT"] == "text"
    assert "TRIGLOT_LOG_FORMAT" not in other.own_environment()
