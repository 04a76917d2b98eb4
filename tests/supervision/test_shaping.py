"""What programs and supervisord say, as lines of one shape: in pieces of any length, whoever wrote them."""

import io
import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from supervisor import loggers

from triglot.logs.lines import JSON, TEXT, Line, read
from triglot.supervision.kept_log import FILE, followed, records
from triglot.supervision.shaping import Kept, Output, OwnLines

OURS = b"2026-01-31 12:00:00,123 WARNING r-0: [a7 iris 3] NAs introduced\n    | in f(x)\n"
FOREIGN = [
    (b"[WARNING] Killing worker-1\n", "WARNING", "Killing worker-1"),
    (b"Loading required package: lattice\r\n", "INFO", "Loading required package: lattice"),
    (b"Traceback (most recent call last):\n", "ERROR", "Traceback (most recent call last):"),
    (b'  File "x.py", line 1\n', "ERROR", '  File "x.py", line 1'),
    (b"ModuleNotFoundError: No module named 'x'\n", "ERROR", "ModuleNotFoundError: No module named 'x'"),
    (b"gr\xfc\xdfe\x1b[2K\n", "INFO", "gr\\xfc\\xdfe\\x1b[2K"),
]


def output(form: str) -> tuple[Output, io.BytesIO, list[bytes]]:
    written, kept = io.BytesIO(), []
    log = loggers.getLogger()
    handler = loggers.StreamHandler(written)
    log.addHandler(handler)
    return Output(log, "r-0", form, kept.append), written, kept


def test_our_own_lines_pass_as_they_are() -> None:
    made, written, kept = output(TEXT)
    made.info(OURS)
    made.info(b'{"time": "2026-01-31T12:00:00.123+00:00", "level": "INFO"}\n')
    assert written.getvalue().startswith(OURS)
    assert b"".join(kept) == written.getvalue()


@pytest.mark.parametrize("form", [TEXT, JSON])
def test_foreign_lines_get_time_level_and_program(form: str) -> None:
    made, written, _ = output(form)
    for said, _, _ in FOREIGN:
        made.info(said)
    found = [read(line) for line in written.getvalue().decode().splitlines()]
    told = [(line.program, line.level) for line in found if line is not None]
    assert told == [("r-0", level) for _, level, _ in FOREIGN]
    messages = [line.message for line in found if line is not None]
    assert messages[:5] == [message for *_, message in FOREIGN[:5]]
    assert all(line.isprintable() for line in messages) == (form == TEXT)


def test_lines_that_come_in_pieces_are_put_together_and_the_last_is_told_at_the_end() -> None:
    whole = (OURS + b"".join(said for said, *_ in FOREIGN)) * 20 + b"Segmentation fault"
    chance = random.Random(1)
    made, written, _ = output(TEXT)
    while whole:
        size = chance.randrange(1, 200)
        made.info(whole[:size])
        whole = whole[size:]
    assert b"Segmentation" not in written.getvalue()
    made.flush()
    made.flush()
    lines = written.getvalue().decode().splitlines()
    assert len(lines) == 20 * (2 + len(FOREIGN)) + 1
    assert all(read(line) for line in lines if not line.startswith("    | "))
    assert lines[-1].endswith(" ERROR r-0: Segmentation fault")


def test_a_line_without_an_end_does_not_fill_the_memory() -> None:
    made, written, _ = output(TEXT)
    for _ in range(200):
        made.info(b"." * 1_000)
    assert 100_000 < len(written.getvalue()) < 250_000
    made.info(b"\n" + OURS)
    assert written.getvalue().endswith(OURS)


def own_lines(level: int, monkeypatch: pytest.MonkeyPatch, *said: tuple[int, str]) -> list[Line]:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=written))
    options: Any = SimpleNamespace(loglevel=level)
    log = loggers.getLogger(level)
    log.addHandler(OwnLines(options, TEXT, lambda lines: None))
    for number, message in said:
        log.log(number, message)
    monkeypatch.undo()
    return [line for text in written.getvalue().decode().splitlines() if (line := read(text))]


SCARE = (50, "Server 'unix_http_server' running without any HTTP authentication checking")
END = (30, "received SIGTERM indicating exit request")
CRASH = (30, "exited: r-0 (exit status 71; not expected)")


def test_supervisord_says_nothing_that_scares_at_a_normal_start_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    found = own_lines(20, monkeypatch, SCARE, (20, "spawned: 'web' with pid 1"), END, CRASH)
    assert [(line.level, line.program, line.message.split()[0]) for line in found] == [
        ("INFO", "supervisor", "spawned:"),
        ("INFO", "supervisor", "received"),
        ("WARNING", "supervisor", "exited:"),
    ]
    assert [line.message for line in own_lines(30, monkeypatch, SCARE, END, CRASH)] == [CRASH[1]]


def test_the_copy_is_begun_anew_and_read_across_both_files(tmp_path: Path) -> None:
    kept = Kept(tmp_path, 1_000)
    lines = [f"2026-01-31 12:00:00,123 INFO web: line {number}\n    | below" for number in range(40)]
    following = followed(tmp_path, poll_s=0.0)
    seen = []
    for line in lines:
        kept.keep(line.encode() + b"\n")
        while text := next(following):
            seen.append(text)
    following.close()
    kept.close()
    assert seen == lines
    assert (tmp_path / FILE).stat().st_size <= 1_100
    left = list(records(tmp_path))
    assert left == lines[-len(left) :]
    assert 15 <= len(left) < 40


def test_the_copy_that_cannot_be_written_costs_nothing_but_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Kept(tmp_path, 1_000)
    kept.stream.close()
    for _ in range(3):
        kept.keep(b"a line\n")
    assert capsys.readouterr().err.count("service.log cannot be written, and is no longer kept: ") == 1


def test_json_is_one_object_a_line() -> None:
    made, written, _ = output(JSON)
    made.info(b'a "quoted"\tthing\n')
    assert json.loads(written.getvalue())["message"] == 'a "quoted"\tthing'
