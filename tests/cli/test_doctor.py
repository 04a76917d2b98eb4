"""`triglot doctor`, in folders with and without a configuration, and what other commands say where it helps."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import run
from tests.doctor.conftest import programs_without, rpy2_of_another_r
from tests.functional.running import EXAMPLES, quick, triglot
from tests.helpers import require

BROKEN = {"rpy2": "3.6.9", "rpy2_rinterface": "3.6.7", "rpy2_robjects": "3.6.6"}


def looked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit code and what was found, by check."""
    capsys.readouterr()
    code = run("doctor", "--json", *arguments)
    found = json.loads(capsys.readouterr().out)
    assert code == any(finding["verdict"] == "fail" for finding in found)
    return code, {finding["check"]: finding for finding in found}


def author(here: Path, *, script: str = "iris.R") -> None:
    """Make the folder an author's."""
    shutil.copy(EXAMPLES / "data" / "iris.data", here)
    shutil.copy(EXAMPLES / "iris-r" / "iris.R", here)
    text = (EXAMPLES / "iris-r" / "triglot-config.py").read_text().replace("/../data", "")
    (here / "triglot-config.py").write_text(text)


@pytest.fixture
def python_alone(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let neither R nor Julia be found, where a look at them would tell nothing more."""
    monkeypatch.setenv("PATH", programs_without(tmp_path / "bin", "R", "Rscript", "julia"))
    monkeypatch.setenv("TRIGLOT_HOME", str(here))
    for variable in ("TRIGLOT_R_HOME", "JULIA_EXE"):
        monkeypatch.delenv(variable, raising=False)


def test_all_is_looked_at_without_a_configuration_and_nothing_is_left(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for language in ("r", "julia"):
        require(language)
    code, found = looked(capsys)
    assert code == 0, found
    assert list(found) == [
        *("Python", "Python worker", "R", "rpy2", "Julia", "libjulia"),
        *("run directory", "temporary files", "signing key", "store", "port", "disk", "clock"),
    ]
    assert list(here.iterdir()) == []


@pytest.mark.usefixtures("python_alone")
@pytest.mark.parametrize("config", ["{'models': ['a']}", "{'workers': 'r'}", "{'server': {'port': 99_999}}"])
def test_an_entry_of_another_kind_is_a_finding_and_stops_no_other_look(
    here: Path, capsys: pytest.CaptureFixture[str], config: str
) -> None:
    (here / "triglot-config.py").write_text(config)
    code, found = looked(capsys)
    assert code == 1
    assert "; write a " in found["configuration"]["found"]
    assert found["Python worker"]["verdict"] == "ok"


def test_a_named_language_is_looked_at_alone_and_must_be_there(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("TRIGLOT_R_HOME", raising=False)
    code, found = looked(capsys, "r")
    assert code == 1
    assert list(found) == ["R"]
    assert "R is not installed" in found["R"]["found"]


@pytest.mark.usefixtures("python_alone")
def test_a_language_that_the_configuration_needs_must_be_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    author(here)
    code, found = looked(capsys)
    assert code == 1
    assert found["R"]["verdict"] == "fail"
    assert found["Julia"]["verdict"] == "off"


@pytest.mark.usefixtures("python_alone")
def test_a_broken_configuration_keeps_nobody_from_looking_at_the_languages(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "triglot-config.py").write_text("{'model': ")
    code, found = looked(capsys)
    assert code == 1
    assert "triglot-config.py, line 1" in found["configuration"]["found"]
    assert {"Python", "R", "Julia", "disk"} <= found.keys()


@pytest.mark.usefixtures("python_alone")
def test_a_store_that_does_not_answer_keeps_nobody_from_looking(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGLOT_STORE", "postgresql://nobody@127.0.0.1:1/models")
    code, found = looked(capsys)
    assert code == 1
    assert "check that the database runs" in found["store"]["found"]
    assert found["clock"]["verdict"] == "ok"


@pytest.mark.usefixtures("python_alone")
def test_what_is_wrong_with_one_entry_is_told_in_its_own_words_and_keeps_nobody_from_looking_further(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = {"messages": {"orders": {"url": "amqp://host", "prefetch": 0}}, "model_persister": {"!": "pathlib.Path"}}
    (here / "triglot-config.py").write_text(repr(config))
    code, found = looked(capsys)
    assert code == 1
    assert found["messages"]["found"] == "messages: orders: prefetch: 0; write a whole number from 1 to 10,000"
    assert found["store"]["found"].startswith("model_persister is of type PosixPath and no persister: it lacks ")
    assert found["clock"]["verdict"] == "ok"


@pytest.mark.usefixtures("python_alone")
def test_fix_runs_the_commands_and_looks_again(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "run").mkdir()
    (here / "run").chmod(0o755)
    done = quick("doctor", cwd=here)
    assert done.returncode == 1
    assert f"→ chmod 700 {here}/run\n" in done.stdout

    done = quick("doctor", "--fix", cwd=here)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"\n$ chmod 700 {here}/run\n" in done.stdout
    assert done.stdout.endswith("UTC\n")
    assert (here / "run").stat().st_mode & 0o777 == 0o700


def test_a_model_is_told_by_name_after_its_fit(lent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require("r")
    author(lent)
    assert run("fit") == 0
    code, found = looked(capsys)
    assert code == 0, found
    assert found["versions"]["found"].startswith("iris-r version 1: R ")
    assert found["store"]["found"].endswith("1 version of 1 model, writable")


def test_an_rpy2_that_does_not_fit_is_told_by_the_doctor_and_by_a_fit(here: Path, tmp_path: Path) -> None:
    require("r")
    author(here)
    if _is_new_r():
        pytest.skip("this R is one that the newer rpy2 is for")
    path = str(rpy2_of_another_r(tmp_path / "other", **BROKEN))

    seen = triglot("doctor", "r", cwd=here, PYTHONPATH=path)
    fitted = triglot("fit", cwd=here, PYTHONPATH=path)

    assert seen.returncode == fitted.returncode == 1
    cause = "rpy2 3.6.9 does not fit R "
    assert cause in seen.stdout
    assert f"triglot: r is off: {cause}" in fitted.stderr
    for said in (seen.stdout, fitted.stderr):
        assert "-m pip uninstall --yes rpy2 rpy2-rinterface rpy2-robjects\n" in said
        assert "-m pip install --no-cache-dir rpy2==3.5.17\n" in said
    assert fitted.stderr.endswith("or have them run by: triglot doctor --fix r\n")
    assert "Traceback" not in fitted.stderr


def test_an_rpy2_that_was_built_against_another_r_is_told_with_what_is_missing(here: Path, tmp_path: Path) -> None:
    require("r")
    path = str(rpy2_of_another_r(tmp_path / "other"))
    seen = triglot("doctor", "r", cwd=here, PYTHONPATH=path)
    assert seen.returncode == 1
    assert "does not load (" in seen.stdout
    assert "undefined symbol: R_getVar" in seen.stdout

    path_without = programs_without(tmp_path / "bin", "gcc", "make")
    seen = triglot("doctor", "r", cwd=here, PYTHONPATH=path, PATH=path_without)
    assert "; besides, there is no gcc and no make" in seen.stdout
    if shutil.which("apt-get"):
        assert "apt-get install --yes --no-install-recommends " in seen.stdout


def _is_new_r() -> bool:
    from triglot.languages.r import r_executable
    from triglot.languages.remedy import numbers, r_version

    program = r_executable(os.environ)
    assert program is not None
    return numbers(r_version(program.parent.parent) or "") >= (4, 5)
