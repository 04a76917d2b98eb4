"""The command line as a whole: help that teaches, exit codes, and errors that name file, key and remedy."""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import run
from tests.functional.running import triglot
from triglot import __version__
from triglot.cli.main import main

GROUPS = ("jobs",)
COMMANDS = sorted(set(main.commands) - {*GROUPS, "version"})


def write(folder: Path, text: str) -> None:
    """Write a configuration file where commands find it by themselves."""
    (folder / "triglot-config.py").write_text(text, "utf-8")


def test_help_lists_every_command_and_the_exit_codes(tmp_path: Path) -> None:
    done = triglot("--help", cwd=tmp_path)

    assert done.returncode == 0
    assert all(f"\n  {command} " in done.stdout for command in main.commands)
    assert "Exit codes: 0 done, 1 " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_says_what_it_does_and_shows_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, "--help") == 0

    said = capsys.readouterr().out
    assert said.startswith(f"Usage: triglot {command}")
    assert "Example: " in said
    assert max(map(len, said.splitlines())) <= 80


def test_version_is_printed(tmp_path: Path) -> None:
    done = triglot("version", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, f"{__version__}\n")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("fitt",), "No such command 'fitt'"),
        (("list", "--jason"), "--jason"),
        (("activate", "zero", "iris"), "'zero' is not a valid integer"),
        (("activate", "0", "iris"), "0 is not in the range x>=1"),
        (("delete",), "Missing argument 'VERSION'"),
        (("serve", "--port", "99999"), "99999 is not in the range 1<=x<=65535"),
        (("serve", "--workers", "cobol=1"), "'cobol=1': write LANGUAGE=N with a language of python, r, julia"),
        (("worker", "cobol"), "'cobol' is not one of 'python', 'r', 'julia'"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    write(here, "{}")

    assert run(*arguments) == 2
    assert told in capsys.readouterr().err


def test_a_wrong_command_line_is_exit_code_2_of_the_process(tmp_path: Path) -> None:
    done = triglot("lost", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'lost'" in done.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{'model': ", ["triglot-config.py, line 1", "must be one Python expression"]),
        ("[1]", ["triglot-config.py", "gives list; it must give a dict"]),
        ("{'url': environ['NOT_THERE_AT_ALL']}", ["'NOT_THERE_AT_ALL' is not set", "environ.get("]),
        (
            "{'model': {'!': 'sklearn.linear_model.LogisticRegresion'}, 'dataset_loader_train': None}",
            ["triglot-config.py: model: ", "LogisticRegresion", "LogisticRegression"],
        ),
        (
            "{'model': {'!': 'triglot.estimators.RClassifier', 'skript': 'a.R'}, 'dataset_loader_train': None}",
            ["triglot-config.py: model: ", "has no argument 'skript'", "'script'"],
        ),
    ],
)
def test_a_bad_configuration_names_file_key_and_remedy(
    here: Path, capsys: pytest.CaptureFixture[str], text: str, told: list[str]
) -> None:
    write(here, text)

    assert run("fit") == 1
    said = capsys.readouterr().err
    assert said.startswith(f"triglot: {here / 'triglot-config.py'}")
    assert [part for part in told if part not in said] == []


def test_an_error_of_the_process_is_told_without_a_trace_and_with_debug_by_one(tmp_path: Path) -> None:
    write(tmp_path, "{'models': {'rose': {}, 'iris': {}}}")

    done = triglot("fit", "tulip", cwd=tmp_path)
    debugged = triglot("--debug", "fit", "tulip", cwd=tmp_path)

    assert (done.returncode, debugged.returncode) == (1, 1)
    assert done.stderr == "triglot: no model 'tulip' is configured; known are rose, iris\n"
    assert "Traceback (most recent call last)" in debugged.stderr


def test_without_a_configuration_the_places_to_put_one_are_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fit") == 1
    said = capsys.readouterr().err
    assert "triglot-config.py" in said
    assert "TRIGLOT_CONFIG" in said


def test_configuration_files_are_merged_left_to_right_and_may_be_given_by_the_environment(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "a.py").write_text("{'model_name': 'rose', 'model': None}")
    (here / "b.py").write_text("{'model_name': 'iris'}")

    assert run("-c", "a.py", "-c", "b.py", "activate", "1") == 1
    assert "'iris'" in capsys.readouterr().err
    monkeypatch.setenv("TRIGLOT_CONFIG", "b.py,a.py")
    assert run("activate", "1") == 1
    assert "'rose'" in capsys.readouterr().err
