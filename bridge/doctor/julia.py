"""Julia: found, of this machine's kind, with its library beside it; a worker of it starts."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import triglot
from triglot.doctor.asking import by_script, said, start
from triglot.doctor.finding import Finding
from triglot.errors import TriglotError
from triglot.languages.elf import misfit
from triglot.languages.julia import julia_executable
from triglot.languages.prefix import user_prefix
from triglot.languages.remedy import Command, Trouble

_INSTALLER = Path(triglot.__file__).parent / "scripts" / "install_julia.sh"


def look(environ: Mapping[str, str], wanted: bool) -> Iterator[Finding]:
    """Yield what there is of Julia, up to the first thing that is wrong."""
    named = environ.get("JULIA_EXE")
    program = julia_executable(environ)
    if named and program != Path(named):
        yield Finding("Julia", "fail", f"JULIA_EXE is {named!r} and there is no such file", advice="unset JULIA_EXE")
        return
    if program is None:
        cause = "Julia is not installed: neither JULIA_EXE, PATH nor the private prefix leads to it"
        yield Finding.of("Julia", "fail" if wanted else "off", Trouble(cause, _install(environ)))
        return
    why = misfit(program.resolve()) or said([program, "--version"], environ)[1]
    here = {} if why else by_script("julia", program, (), environ)
    if not here:
        yield _unfit(program, why or "it dies of an exception", environ)
    elif lacking := [f"its {key}" for key in ("bits", "language", "library") if f"({key})" not in here]:
        yield _unfit(program, f"it does not tell {' and '.join(lacking)}", environ)
    elif here["(bits)"] != "64":
        yield _unfit(program, f"{here['(bits)']} bits", environ)
    elif not here["(library)"]:
        yield _unfit(program, "built without libjulia.so, its shared library", environ)
    else:
        yield Finding("Julia", "ok", f"{here['(language)']} in {program}")
        yield _started(environ)


def _started(environ: Mapping[str, str]) -> Finding:
    try:
        seconds = start("julia", environ)
    except TriglotError as error:
        return Finding("libjulia", "fail", str(error), advice="name another Julia with JULIA_EXE")
    return Finding("libjulia", "ok", f"a Julia worker was ready after {seconds:.1f} s")


def _unfit(program: Path, why: str, environ: Mapping[str, str]) -> Finding:
    private = _private(environ) / "bin" / "julia"
    advice = "" if program == private else f"then take the new one: export JULIA_EXE={private}"
    return Finding("Julia", "fail", f"{program} cannot be used: {why}", _install(environ), advice)


def _install(environ: Mapping[str, str]) -> tuple[Command, ...]:
    """Return what puts a Julia into the user's own prefix, where it is found without a variable."""
    return (Command(("bash", str(_INSTALLER), str(_private(environ))), (("PYTHON", sys.executable),)),)


def _private(environ: Mapping[str, str]) -> Path:
    return user_prefix(environ) / "julia"
