"""`triglot logs`: which lines of a service's log are shown, and how."""

import json
import threading
from pathlib import Path

import pytest

from tests.cli.conftest import run
from tests.helpers import until
from triglot.supervision.kept_log import FILE, followed

LINES = [
    '{"time": "2026-01-31T12:00:00.001+00:00", "level": "INFO", "program": "web", "request_id": "a7", "model": "iris",'
    ' "version": 3, "message": "answered", "status": 200}',
    "2026-01-31 12:00:00,002 WARNING r-0: [a7.12,a8.3 iris 3] NAs introduced\n    | in f(x)",
    "2026-01-31 12:00:00,003 ERROR r-1: [b1.1 rose/red 1] it failed",
    "2026-01-31 12:00:00,004 INFO supervisor: spawned: 'web' with pid 9",
    "2026-01-31 12:00:00,005 DEBUG jobs: no job",
]


@pytest.fixture
def kept(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TZ", "UTC")
    (here / "triglot-config.py").write_text("{}")
    (here / "run").mkdir()
    (here / "run" / FILE).write_text("\n".join(LINES) + "\n")
    return here


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("iris", [0, 1]),
        ("rose", [2]),
        ("rose/red", [2]),
        ("ro", []),
        ("--level warning", [1, 2]),
        ("--level info iris", [0, 1]),
        ("--program r", [1, 2]),
        ("--program r-1", [2]),
        ("-p supervisor", [3]),
        ("--request a7", [0, 1]),
        ("--request a8.3", [1]),
        ("-n 2", [3, 4]),
        ("--level info --lines 1", [3]),
    ],
)
def test_lines_are_chosen_by_what_they_are_about(
    kept: Path, capsys: pytest.CaptureFixture[str], options: str, shown: list[int]
) -> None:
    assert run("logs", *options.split()) == 0
    said = capsys.readouterr().out
    words = ["answered", "NAs introduced", "it failed", "spawned", "no job"]
    assert [number for number, word in enumerate(words) if word in said] == shown


def test_lines_are_for_people_whatever_the_log_is_and_json_for_programs(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("logs", "iris") == 0
    first, second, below = capsys.readouterr().out.splitlines()
    assert first.partition(",")[2] == "001 INFO web: [a7 iris 3] answered status=200"
    assert (second.partition(",")[2], below) == (LINES[1].partition(",")[2].splitlines()[0], "    | in f(x)")

    assert run("logs", "--json", "--request", "a8") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["level"], told["model"], told["version"], told["trace"]) == ("WARNING", "iris", 3, "in f(x)")


def test_where_no_service_keeps_a_log_that_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("logs") == 1
    assert "no service has kept a log in " in capsys.readouterr().err


def test_what_comes_is_followed_until_it_is_left(kept: Path) -> None:
    heard: list[str] = []
    over = threading.Event()

    def follow() -> None:
        for text in followed(kept / "run", poll_s=0.01):
            heard.append(text)
            if over.is_set():
                return

    thread = threading.Thread(target=follow)
    thread.start()
    until(lambda: heard.count("") > 0)
    with (kept / "run" / FILE).open("a") as file:
        file.write("2026-01-31 12:00:01,000 INFO web: half")
        file.flush()
        looks = heard.count("")
        until(lambda: heard.count("") > looks + 1)
        file.write(" a line\n")
    until(lambda: "2026-01-31 12:00:01,000 INFO web: half a line" in heard)
    over.set()
    thread.join()
    assert [text for text in heard if text][: len(LINES)] == LINES
