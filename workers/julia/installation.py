"""Which Julia there is on this machine, and where it keeps its parts."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from triglot.errors import LanguageUnavailable
from triglot.languages.elf import OURS, kind
from triglot.languages.julia import julia_executable

_LIBRARY_NAMES = ("libjulia.so", "libjulia.so.1")
_WHERE = Path(__file__).resolve().parent / "where.jl"
_ANSWER_S = 60  # a launcher may first bring its Julia up to date


@dataclass(frozen=True, slots=True)
class Installation:
    """Where one Julia keeps its parts."""

    bindir: Path
    library: Path
    image: Path


def find(environ: Mapping[str, str]) -> Installation:
    """Return the Julia of JULIA_EXE, else of PATH, else of the user's prefix; raises `LanguageUnavailable`."""
    named = environ.get("JULIA_EXE")
    if named and not Path(named).is_file():
        raise LanguageUnavailable(f"JULIA_EXE is {named!r} and there is no such file; correct or unset it")
    executable = julia_executable(environ)
    if executable is None:
        raise LanguageUnavailable(
            "Julia is not installed: neither JULIA_EXE, PATH nor the private prefix leads to it; "
            "install Julia 1.5 or later, or set JULIA_EXE to its executable"
        )
    found = _beside(executable) or _asked(executable)
    _check_kind(executable, found.library)
    return found


def _beside(executable: Path) -> Installation | None:
    """Return the installation as its folders show it, which spares the start of a Julia process."""
    bindir = executable.resolve().parent
    lib = bindir.parent / "lib"
    for folder in (lib, bindir.parent / "lib64", *sorted(lib.glob("*-linux-gnu*"))):
        image = folder / "julia" / "sys.so"
        for name in _LIBRARY_NAMES:
            if (folder / name).is_file() and image.is_file():
                return Installation(bindir, folder / name, image)
    return None


@cache
def _asked(executable: Path) -> Installation:
    """Return the installation as Julia itself tells it; needed where `julia` is a launcher (juliaup)."""
    command = [str(executable), "--startup-file=no", str(_WHERE)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_ANSWER_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _silent(executable, str(error)) from error
    said = done.stdout.splitlines()[-3:]
    if done.returncode or len(said) < 3:
        raise _silent(executable, done.stderr.strip()[-500:] or f"exit code {done.returncode}")
    bindir, library, image = map(Path, said)
    if not library.is_file():
        raise LanguageUnavailable(
            f"{executable} has no shared library to load; install an official build of Julia and set JULIA_EXE"
        )
    return Installation(bindir, library, image)


def _silent(executable: Path, why: str) -> LanguageUnavailable:
    return LanguageUnavailable(
        f"{executable} does not tell where its library is ({why}); set JULIA_EXE to Julia's own executable"
    )


def _check_kind(executable: Path, library: Path) -> None:
    """Raise `LanguageUnavailable` where the library is for machines, or words, of another kind than this Python."""
    ours, theirs = kind(OURS), kind(library)
    if ours is None or theirs is None or ours == theirs:
        return  # of what is no library at all, the loader has its own words
    raise LanguageUnavailable(
        f"{executable} is a Julia of {theirs[0]} bits for another kind of process than this Python of {ours[0]} bits, "
        "which is to load it; install the Julia for the machine that `uname -m` names, and set JULIA_EXE to its "
        "executable"
    )
