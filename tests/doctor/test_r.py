"""R as the doctor sees it: the one that is here, and made ones that lack what a real one cannot be made to lack."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.doctor.conftest import OF_32_BITS, programs_without, r_home, script, verdicts
from tests.helpers import require
from tests.reading import ROOT
from triglot.doctor import r, tools
from triglot.languages.remedy import Command, fitting_rpy2, pip, rpy2_trouble


def nowhere(**more: str) -> dict[str, str]:
    """Return an environment from which nothing leads to an R."""
    return {"PATH": "/nonexistent", "HOME": "/nonexistent", **more}


def test_the_r_that_is_here_starts() -> None:
    require("r")
    found = list(r.look(os.environ, wanted=True))
    assert verdicts(found) == {"R": "ok", "rpy2": "ok"}
    assert "an R worker was ready after" in found[1].found


def test_no_r_is_a_failure_only_where_it_is_asked_for() -> None:
    (missed,) = r.look(nowhere(), wanted=True)
    (noticed,) = r.look(nowhere(), wanted=False)
    assert missed.verdict == "fail"
    assert noticed.verdict in ("warn", "off")  # by whether rpy2 is installed
    assert "neither TRIGLOT_R_HOME nor PATH leads to it" in missed.found
    if shutil.which("apt-get"):
        assert missed.commands[-1].arguments[-2:] == ("r-base-core", "r-base-dev")
    else:
        assert "install R with its headers" in missed.advice


def test_a_home_without_r_is_told_by_the_variable_that_named_it(tmp_path: Path) -> None:
    (found,) = r.look(nowhere(TRIGLOT_R_HOME=str(tmp_path)), wanted=True)
    assert found.verdict == "fail"
    assert "TRIGLOT_R_HOME names a home without a working R" in found.found


def test_an_r_that_fails_is_told_with_its_own_words(tmp_path: Path) -> None:
    script(tmp_path / "bin" / "R", "echo 'libreadline.so.8: cannot open shared object file' >&2; exit 127")
    (found,) = r.look(nowhere(TRIGLOT_R_HOME=str(tmp_path)), wanted=True)
    assert "libreadline.so.8: cannot open shared object file" in found.found


def test_an_r_without_its_shared_library_is_told(tmp_path: Path) -> None:
    home = r_home(tmp_path)
    *_, found = r.look(nowhere(TRIGLOT_R_HOME=str(home)), wanted=True)
    assert (found.check, found.verdict) == ("libR", "fail")
    assert found.found.startswith(f"there is no lib/libR.so in R's home '{home}'")
    assert "--enable-R-shlib" in found.advice


def test_an_r_of_another_machine_is_told(tmp_path: Path) -> None:
    home = r_home(tmp_path, library=OF_32_BITS)
    *_, found = r.look(nowhere(TRIGLOT_R_HOME=str(home)), wanted=True)
    assert found.verdict == "fail"
    assert found.found.endswith("libR.so is 32 bits, and this Python has 64")


def test_of_two_rs_the_one_that_is_taken_is_told_and_the_other(tmp_path: Path) -> None:
    for name, version in (("first", "4.1.0"), ("second", "4.9.9")):
        r_home(tmp_path / name, version)
    path = os.pathsep.join(str(tmp_path / name / "bin") for name in ("first", "second"))

    told, _ = r.look(nowhere(PATH=path), wanted=True)
    assert told.verdict == "warn"
    assert told.found == f"4.1.0 in {tmp_path}/first; not taken: 4.9.9 in {tmp_path}/second"
    assert told.advice.endswith(f"export TRIGLOT_R_HOME={tmp_path}/first")

    chosen, _ = r.look(nowhere(PATH=path, TRIGLOT_R_HOME=str(tmp_path / "second")), wanted=True)
    assert chosen.verdict == "ok"
    assert chosen.found.startswith(f"4.9.9 in {tmp_path}/second (TRIGLOT_R_HOME); not taken: 4.1.0")


@pytest.mark.parametrize(
    ("version", "rpy2"), [("4.0.5", "3.5.17"), ("4.2.2", "3.5.17"), ("4.4.3", "3.5.17"), ("4.5.0", "3.6.9")]
)
def test_each_r_has_its_rpy2_for_the_doctor_as_for_the_set_up(version: str, rpy2: str, tmp_path: Path) -> None:
    assert fitting_rpy2(version) == rpy2
    for_set_up = [str(ROOT / "scripts" / "rpy2_for_r.sh"), str(r_home(tmp_path, version))]
    assert subprocess.run(for_set_up, capture_output=True, text=True, check=True).stdout.strip() == rpy2


@pytest.mark.parametrize(
    ("version", "installed", "cause"),
    [
        ("4.2.2", {}, "the Python package rpy2 is not installed"),
        ("4.2.2", {"rpy2": "3.6.9", "rpy2-rinterface": "3.6.7"}, "rpy2 3.6.9 does not fit R 4.2.2, which needs rpy2 3"),
        ("4.5.1", {"rpy2": "3.5.17"}, "rpy2 3.5.17 does not fit R 4.5.1, which needs rpy2 3.6.9"),
        (
            "4.2.2",
            {"rpy2": "3.5.17", "rpy2-rinterface": "3.6.7", "rpy2-robjects": "3.6.6"},
            "rpy2-rinterface 3.6.7, rpy2-robjects 3.6.6 are left over and in the way of rpy2 3.5.17",
        ),
        ("4.2.2", {"rpy2-robjects": "3.6.6"}, "rpy2-robjects 3.6.6 is left over and in the way of rpy2 3.5.17"),
        ("4.2.2", {"rpy2": "3.5.17"}, "rpy2 3.5.17 does not load (why); it was built against another R than 4.2.2"),
    ],
)
def test_what_is_wrong_with_rpy2_is_told_and_mended(version: str, installed: dict[str, str], cause: str) -> None:
    trouble = rpy2_trouble("/opt/R", version, installed, "why")

    assert trouble.cause.startswith(cause)
    *before, install = trouble.commands
    assert install == Command(
        pip("install", "--no-cache-dir", f"rpy2=={fitting_rpy2(version)}").arguments,
        variables=(("R_HOME", "/opt/R"),),
        path_first="/opt/R/bin",
    )
    assert before == ([pip("uninstall", "--yes", *installed)] if installed else [])


def test_commands_are_told_as_a_shell_takes_them(tmp_path: Path) -> None:
    command = Command(("echo", "two words"), (("A", "b c"),), path_first="/opt/my R/bin")
    assert str(command) == "A='b c' PATH='/opt/my R/bin':\"$PATH\" echo 'two words'"
    assert command.environment({"PATH": "/bin"}) == {"PATH": "/opt/my R/bin:/bin", "A": "b c"}


def test_what_compiles_is_told_to_be_there_or_missing(tmp_path: Path) -> None:
    require("r")
    home = os.environ.get("TRIGLOT_R_HOME") or "/usr/lib/R"
    assert tools.lacking(home, os.environ) is None

    lack = tools.lacking(home, {**os.environ, "PATH": programs_without(tmp_path / "bin", "gcc", "make")})
    assert lack is not None
    assert lack.cause == "there is no gcc and no make to compile rpy2 with"
    if shutil.which("apt-get"):
        assert lack.commands[0] == Command(("apt-get", "update"), as_root=True)
        assert "--no-install-recommends" in lack.commands[1].arguments


def test_an_r_that_nothing_can_be_compiled_against_is_told(tmp_path: Path) -> None:
    home = tmp_path / "R"
    script(home / "bin" / "R", "echo -lan_unknown_library")
    lack = tools.lacking(str(home), os.environ)
    assert lack is not None
    assert lack.cause.startswith("nothing can be compiled against R (")
