"""`triglot run`: a pipeline of the configuration from the command line, its exit codes and what it says."""

from pathlib import Path

import pytest

from tests.cli.conftest import run

CONFIG = """{
    'pipelines': {
        'sums': {
            'parameters': {'day': {'type': 'date'}, 'times': {'type': 'integer', 'default': 1}},
            'steps': [
                {'!': 'triglot.pipelines.load.File', 'path': '{day}.csv'},
                {'!': 'triglot.util.Partial', 'func': 'mine.multiplied'},
            ],
        },
        'rows': {'rows': True, 'steps': [{'!': 'triglot.util.Partial', 'func': 'mine.multiplied', 'times': 10}]},
        'unknown': {'steps': [{'!': 'mine.Nothing'}]},
        'raises': {'steps': [{'!': 'mine.Raises'}]},
        'fails': {'rows': True, 'steps': [{'!': 'triglot.util.Partial', 'func': 'mine.fails'}]},
    },
}"""
MINE = """
def multiplied(table, times):
    return table * times


def fails(table):
    return table["colour"]


class Raises:
    def __init__(self):
        raise RuntimeError("no such place")
"""


@pytest.fixture
def place(here: Path) -> Path:
    (here / "triglot-config.py").write_text(CONFIG)
    (here / "mine.py").write_text(MINE)
    (here / "2026-11-30.csv").write_text("x\n1\n2\n")
    return here


@pytest.mark.usefixtures("place")
def test_a_run_gets_its_parameters_and_says_what_each_step_did(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        assert run("run", "sums", "--param", "day=2026-11-30", "-p", "times=3", "--output", "-") == 0
    assert capfd.readouterr().out == '{"x":3}\n{"x":6}\n'
    assert "step 1 of 2, File: 2 rows" in caplog.text
    assert "step 2 of 2, multiplied: 2 rows" in caplog.text
    assert "sums: 2 steps, 2 rows" in caplog.text


def test_rows_come_from_a_file_and_the_last_table_goes_into_one(place: Path) -> None:
    assert run("run", "rows", "--rows", "2026-11-30.csv", "--output", "out.csv") == 0
    assert (place / "out.csv").read_text() == "x\n10\n20\n"


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["nights"], 1, "triglot: no pipeline 'nights' is declared; known are sums, rows, unknown, raises, fails"),
        (["sums"], 1, "field 'day': is missing; say a date such as 2026-11-30"),
        (
            ["sums", "-p", "day=2026-11-30", "-p", "tims=2"],
            1,
            "field 'tims': is no parameter of this pipeline; they are",
        ),
        (["sums", "-p", "day=2026-11-30", "-p", "times=x"], 1, "field 'times': must be a whole number, not 'x'"),
        (["sums", "-p", "day"], 2, "'day': write KEY=VALUE"),
        (["sums", "-p", "day=2026-11-29"], 1, "step 1 of 2, File: there is no file '2026-11-29.csv'"),
        (["sums", "-p", "day=2026-11-30", "-o", "x.xls"], 1, "--output: path: 'x.xls' has none of the endings"),
        (["rows"], 1, "field 'rows': are missing; this pipeline begins with those of its run"),
        (["rows", "--rows", "nowhere.csv"], 1, "there is no file 'nowhere.csv'"),
        (["unknown"], 1, "pipelines -> unknown -> steps[0]: mine.Nothing: module 'mine' has no 'Nothing'"),
        (["raises"], 1, "pipelines -> raises -> steps[0]: mine.Raises failed: RuntimeError: no such place"),
        (["fails", "--rows", "2026-11-30.csv"], 1, "triglot: step 1 of 1, fails: KeyError: 'colour'"),
    ],
)
def test_what_cannot_be_run_is_told_in_a_line(
    capfd: pytest.CaptureFixture[str], arguments: list[str], code: int, why: str
) -> None:
    assert run("run", *arguments) == code
    said = capfd.readouterr().err
    assert why in said
    assert "triglot/pipelines" not in said
