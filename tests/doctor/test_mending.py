"""The commands of findings, run."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from triglot.doctor.finding import Finding
from triglot.doctor.mending import Mender
from triglot.languages.remedy import Command, installed_rpy2, pip, rpy2_commands


def touch(path: Path) -> Command:
    """Return a command that makes a file."""
    return Command(("touch", str(path)))


@pytest.fixture
def nobody() -> Iterator[None]:
    """Be another user than root for a while."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    yield
    os.seteuid(before)


def mended(*findings: Finding, **environ: str) -> str:
    """Return what is printed while findings are mended."""
    with tempfile.TemporaryFile("w+") as out:
        Mender({**os.environ, **environ}, out).mend(findings)
        out.seek(0)
        return out.read()


def test_commands_are_told_before_they_are_run_and_their_output_follows(tmp_path: Path) -> None:
    say = Command((sys.executable, "-c", "import os; print(os.environ['WORD'])"), (("WORD", "mended"),))
    told = mended(Finding("a", "fail", "broken", (say, touch(tmp_path / "a"))))
    assert told.splitlines() == [f"$ {say}", "mended", f"$ touch {tmp_path}/a"]
    assert (tmp_path / "a").exists()


def test_what_is_well_or_off_is_left_alone(tmp_path: Path) -> None:
    commands = (touch(tmp_path / "a"),)
    assert mended(Finding("a", "ok", "", commands), Finding("b", "off", "", commands), Finding("c", "fail", "")) == ""
    assert not (tmp_path / "a").exists()


def test_a_command_that_fails_ends_its_own_finding_alone(tmp_path: Path) -> None:
    fails, absent = Command(("false",)), Command(("no-such-program",))
    told = mended(
        Finding("a", "fail", "", (fails, touch(tmp_path / "a"))),
        Finding("b", "fail", "", (absent, touch(tmp_path / "b"))),
        Finding("c", "warn", "", (touch(tmp_path / "c"),)),
    )
    assert "a: that ended with an error; its own words are above" in told
    assert "no-such-program: No such file or directory" in told
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_a_command_is_run_once_only(tmp_path: Path) -> None:
    findings = [Finding("a", "fail", "", (touch(tmp_path / "a"),))]
    with tempfile.TemporaryFile("w+") as out:
        mender = Mender(os.environ, out)
        assert mender.mend(findings)
        assert not mender.mend(findings)


@pytest.mark.usefixtures("nobody")
def test_what_is_roots_is_left_to_root_and_said_with_sudo() -> None:
    command = Command(("true",), as_root=True)
    assert str(command) == "sudo true"
    told = mended(Finding("R", "fail", "", (command,)))
    assert told == "R: only root may do this; run it yourself, then triglot doctor --fix again\n"


def test_without_an_index_nothing_is_uninstalled() -> None:
    before = installed_rpy2()
    commands = rpy2_commands("/usr/lib/R", "4.2.2")
    assert commands[0] == pip("uninstall", "--yes", "rpy2", "rpy2-rinterface", "rpy2-robjects")
    told = mended(Finding("rpy2", "fail", "", commands), PIP_NO_INDEX="1", PIP_FIND_LINKS="/nonexistent")
    assert told.startswith("rpy2: nothing was changed, because pip gets no packages: ")
    assert installed_rpy2() == before
