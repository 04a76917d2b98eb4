"""The command line as a whole: help that teaches, exit codes, and errors that name file, key and remedy."""

import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.cli.conftest import run
from tests.functional.running import environment, quick, triglot
from triglot import __version__, cli
from triglot.cli.main import PLACES, main

GROUPS = ("jobs",)
COMMANDS = sorted(set(PLACES) - set(GROUPS))


def write(folder: Path, text: str) -> None:
    """Write a configuration file where commands find it by themselves."""
    (folder / "triglot-config.py").write_text(text, "utf-8")


def test_help_lists_every_command_and_the_exit_codes(tmp_path: Path) -> None:
    done = triglot("--help", cwd=tmp_path)

    assert done.returncode == 0
    assert all(f"\n  {command} " in done.stdout for command in (*PLACES, "version"))
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


def test_every_command_has_its_own_name_and_no_module_of_commands_is_forgotten() -> None:
    named = {name: main.get_command(click.Context(main), name) for name in PLACES}
    assert {name: command.name if command else None for name, command in named.items()} == {
        name: name for name in PLACES
    }
    without = {"beside", "children", "failures", "main", "pld", "scopes", "tables", "tethered"}
    modules = {module.name for module in pkgutil.iter_modules(cli.__path__)} - without
    assert {place.partition(":")[0] for place in PLACES.values()} == modules


def test_version_is_printed(tmp_path: Path) -> None:
    done = triglot("version", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, f"{__version__}\n")
    assert os.listdir(tmp_path) == []


def test_the_option_for_the_version_names_the_program_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"triglot {__version__}\n"


def test_quiet_leaves_results_warnings_and_errors_and_verbose_tells_more(tmp_path: Path) -> None:
    (tmp_path / "xy.csv").write_text("x,y\n1,a\n2,b\n3,a\n4,b\n")
    loader = "{'!': 'triglot.dataset.CSV', 'path': here + '/xy.csv', 'target_column': 'y'}"
    model = "{'!': 'sklearn.linear_model.LogisticRegression'}"
    write(tmp_path, f"{{'dataset_loader_train': {loader}, 'dataset_loader_test': {loader}, 'model': {model}}}")

    usual, silent, listed = (quick(*words, cwd=tmp_path) for words in (("fit",), ("-q", "fit"), ("-q", "list")))
    missed = quick("--quiet", "fit", "tulip", cwd=tmp_path)

    assert "INFO:triglot:Wrote model with version 1 to " in usual.stderr
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")
    assert len(listed.stdout.splitlines()) == 3
    assert missed.stderr.startswith("triglot: no model 'tulip' is configured")


def test_how_much_is_told_may_be_said_by_the_environment_and_not_in_two_ways(tmp_path: Path) -> None:
    silent = quick("list", cwd=tmp_path, TRIGLOT_LOG_LEVEL="warning")
    wrong = quick("list", cwd=tmp_path, TRIGLOT_LOG_LEVEL="loud")
    both = quick("--quiet", "--verbose", "list", cwd=tmp_path)

    assert (silent.returncode, silent.stderr) == (0, "")
    assert wrong.returncode == 1
    assert wrong.stderr == "triglot: TRIGLOT_LOG_LEVEL is 'loud'; write one of debug, info, warning, error\n"
    assert both.returncode == 2
    assert "--quiet and --verbose (or --debug) contradict each other" in both.stderr


def test_a_shell_completes_commands_and_options(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("triglot")
    program = f"""
        source <(_TRIGLOT_COMPLETE=bash_source {command})
        complete() {{ COMPREPLY=(); _triglot_completion {command}; echo "${{COMPREPLY[@]}}"; }}
        COMP_WORDS=({command} act); COMP_CWORD=1; complete
        COMP_WORDS=({command} serve --po); COMP_CWORD=2; complete
    """

    done = subprocess.run(["bash", "-c", program], cwd=tmp_path, env=environment(), capture_output=True, text=True)

    assert done.stdout.splitlines() == ["activate", "--port"], done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("fitt",), "No such command 'fitt'"),
        (("list", "--jason"), "--jason"),
        (("activate", "zero", "iris"), "'zero' is not a valid integer"),
        (("activate", "0", "iris"), "0 is not in the range x>=1"),
        (("delete",), "Missing argument 'VERSION'"),
        (("serve", "--port", "99999"), "99999 is not in the range 1<=x<=65535"),
        (("serve", "--workers", "r=many"), "'r=many': write NAME=N with a group, or a language of python, r, julia"),
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

    done = quick("fit", "tulip", cwd=tmp_path)
    debugged = quick("--debug", "fit", "tulip", cwd=tmp_path)

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
