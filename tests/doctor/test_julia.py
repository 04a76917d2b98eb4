"""Julia as the doctor sees it."""

import os
from pathlib import Path

from tests.doctor.conftest import OF_32_BITS, script, verdicts
from tests.helpers import require
from triglot.doctor import julia
from triglot.languages.elf import misfit


def test_the_julia_that_is_here_starts() -> None:
    require("julia")
    found = list(julia.look(os.environ, wanted=True))
    assert verdicts(found) == {"Julia": "ok", "libjulia": "ok"}


def test_no_julia_is_a_failure_only_where_it_is_asked_for(tmp_path: Path) -> None:
    environ = {"PATH": "/nonexistent", "TRIGLOT_HOME": str(tmp_path)}
    (missed,) = julia.look(environ, wanted=True)
    (noticed,) = julia.look(environ, wanted=False)
    assert (missed.verdict, noticed.verdict) == ("fail", "off")
    (command,) = missed.commands
    shell, installer, prefix = command.arguments
    assert shell == "bash"
    assert Path(installer).is_file()
    assert prefix == str(tmp_path / "julia")


def test_a_variable_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (found,) = julia.look({**os.environ, "JULIA_EXE": str(tmp_path / "julia")}, wanted=False)
    assert found.verdict == "fail"
    assert "there is no such file" in found.found
    assert found.advice == "unset JULIA_EXE"


def test_a_julia_of_32_bits_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    program = tmp_path / "julia"
    program.write_bytes(OF_32_BITS)
    (found,) = julia.look({**os.environ, "JULIA_EXE": str(program), "TRIGLOT_HOME": str(tmp_path)}, wanted=False)
    assert found.verdict == "fail"
    assert found.found == f"{program} cannot be used: 32 bits, and this Python has 64"
    assert found.commands
    assert found.advice == f"then take the new one: export JULIA_EXE={tmp_path}/julia/bin/julia"


def test_a_julia_that_does_not_run_is_told_with_its_own_words(tmp_path: Path) -> None:
    program = script(tmp_path / "julia", "echo 'libunwind.so.8: no such file' >&2; exit 127")
    (found,) = julia.look({**os.environ, "JULIA_EXE": str(program)}, wanted=False)
    assert found.found == f"{program} cannot be used: libunwind.so.8: no such file"


def test_a_julia_that_dies_of_an_exception_is_told(tmp_path: Path) -> None:
    program = script(tmp_path / "julia", 'case "$1" in --version) echo julia version 1.5.3;; *) kill -SEGV $$;; esac')
    (found,) = julia.look({**os.environ, "JULIA_EXE": str(program)}, wanted=False)
    assert found.found == f"{program} cannot be used: it dies of an exception"


def test_a_julia_that_answers_in_part_is_told_with_what_it_left_out(tmp_path: Path) -> None:
    program = script(tmp_path / "julia", "printf '(bits)\\t64\\n'")
    (found,) = julia.look({**os.environ, "JULIA_EXE": str(program)}, wanted=False)
    assert found.found == f"{program} cannot be used: it does not tell its language and its library"


def test_only_what_the_kernel_would_refuse_is_a_misfit(tmp_path: Path) -> None:
    other = tmp_path / "other"
    own = Path("/proc/self/exe").read_bytes()[:64]
    other.write_bytes(own[:18] + b"\xf3\x7f" + own[20:])
    assert misfit(other) == "for another kind of processor"
    assert misfit(Path("/proc/self/exe")) is None
    assert misfit(script(tmp_path / "script", "true")) is None
    assert misfit(tmp_path / "absent") is None
