"""The command line as a whole: help that teaches, exit codes, and errors that name file, key and remedy."""

import os
from pathlib import Path

import pytest

from tests.functional.running import triglot
from triglot import __version__
from triglot.cli.main import main

COMMANDS = ("fit", "test", "list", "activate", "delete", "serve", "supervisor-config", "worker", "version")


def write(folder: Path, text: str) -> None:
    """Write a configuration file where commands find it by themselves."""
    (folder / "triglot-config.py").write_text(text, "utf-8")


def test_the_commands_are_those_that_are_tested_here() -> None:
    assert sorted(main.commands) == sorted(COMMANDS)


def test_help_lists_every_command_and_the_exit_codes(tmp_path: Path) -> None:
    done = triglot("--help", cwd=tmp_path)

    assert done.returncode == 0
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)
    assert "Exit codes: 0 done, 1 " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_says_what_it_does_and_shows_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"], prog_name="triglot")

    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert said.startswith(f"Usage: triglot {command}")
    # what it is called with, not how it is reached
    assert command == "version" or "Example: " in said
    assert max(map(len, said.splitlines())) <= 80


def test_version_is_printed(tmp_path: Path) -> None:
    done = triglot("version", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, f"{__version__}\n")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("fitt",), "No such command 'fitt'"),
        (("list", "--jason"), "No such option: --jason"),
        (("activate", "zero", "iris"), "'zero' is not a valid integer"),
        (("activate", "0", "iris"), "0 is not in the range x>=1"),
        (("delete",), "Missing argument 'VERSION'"),
        (("serve", "--port", "99999"), "99999 is not in the range 1<=x<=65535"),
        (("serve", "--workers", "cobol=1"), "'cobol=1': write LANGUAGE=N with a language of python, r, julia"),
        (("worker", "cobol"), "'cobol' is not one of 'python', 'r', 'julia'"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    told: str,
) -> None:
    write(tmp_path, "{}")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(list(arguments))

    assert ended.value.code == 2
    assert told in capsys.readouterr().err


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
def test_a_bad_configuration_names_file_key_and_remedy(tmp_path: Path, text: str, told: list[str]) -> None:
    write(tmp_path, text)

    done = triglot("fit", cwd=tmp_path)

    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("triglot: ")]
    assert [part for part in told if part not in done.stderr] == []
    assert str(tmp_path / "triglot-config.py") in line
    assert "Traceback" not in done.stderr


def test_without_a_configuration_the_places_to_put_one_are_named(tmp_path: Path) -> None:
    done = triglot("fit", cwd=tmp_path)

    assert done.returncode == 1
    assert "triglot-config.py" in done.stderr
    assert "TRIGLOT_CONFIG" in done.stderr


def test_a_model_that_is_not_configured_is_named_with_those_that_are(tmp_path: Path) -> None:
    write(tmp_path, "{'models': {'rose': {}, 'iris': {}}}")

    done = triglot("fit", "tulip", cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr == "triglot: no model 'tulip' is configured; known are rose, iris\n"


def test_debug_shows_the_trace(tmp_path: Path) -> None:
    done = triglot("--debug", "fit", "tulip", cwd=tmp_path)

    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stderr


def test_configuration_files_are_merged_left_to_right_and_may_be_given_by_the_environment(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("{'model_name': 'rose', 'model': None}")
    (tmp_path / "b.py").write_text("{'model_name': 'iris'}")

    given = triglot("-c", "a.py", "-c", "b.py", "activate", "1", cwd=tmp_path)
    inherited = triglot("activate", "1", cwd=tmp_path, TRIGLOT_CONFIG="a.py,b.py")

    for done in (given, inherited):
        assert done.returncode == 1
        assert "'iris'" in done.stderr
