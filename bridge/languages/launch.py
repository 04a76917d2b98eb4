"""Worker processes as data: the languages there are, the command line and the environment of each.

Nothing here imports a worker: whoever starts one (supervisord, the command line, a cluster's executor) runs
this command line.
"""

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triglot.errors import ConfigError

NAMES = {"python": "Python", "r": "R", "julia": "Julia"}
LANGUAGES = tuple(NAMES)
EXIT_UNAVAILABLE = 69  # sysexits.h: EX_UNAVAILABLE; how a worker ends whose language is off


def language_name(language: str) -> str:
    """Return what a language is called in a sentence; one that is not started here goes by its own name."""
    return NAMES.get(language, language)


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where fresh workers come from.

    environ says where the languages are, key_file signs (None is the user's own key), python_path holds the folders
    of the author's Python modules.
    """

    environ: Mapping[str, str]
    key_file: Path | None = None
    python_path: tuple[str, ...] = ()


def worker_command(language: str, name: str, run_dir: Path, *, key_file: Path | None = None) -> list[str]:
    """Return the command line of one worker process."""
    command = [sys.executable, "-m", "triglot.workers", language, "--name", name, "--run-dir", str(run_dir)]
    return [*command, "--key-file", str(key_file)] if key_file else command


def algebra_environment(environ: Mapping[str, str], threads: int = 1) -> dict[str, str]:
    """Return the variables that bound a process's linear algebra to so many threads, where `environ` does not.

    They must be set before the process starts, because numpy's and Julia's libraries read them once, when they are
    loaded, and then start their threads.
    """
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return {name: str(threads) for name in names if name not in environ}


def worker_environment(language: str, environ: Mapping[str, str], *, threads: int = 1) -> dict[str, str]:
    """Return the variables that a worker of this language needs beside those it inherits."""
    variables = {**algebra_environment(environ, threads), "PYTHONUNBUFFERED": "1"}
    if language == "r":
        # a .Rprofile that prints breaks the start of an embedded R; source() needs a UTF-8 locale
        variables |= {"LC_ALL": "C.UTF-8", "R_PROFILE_USER": os.devnull, "R_ENVIRON_USER": os.devnull}
    if language == "julia":
        variables |= {"JULIA_NUM_THREADS": "1", "JULIA_PKG_SERVER": ""}
    return {key: value for key, value in variables.items() if key not in environ or key == "LC_ALL"}


MEMORY_VARIABLE = "TRIGLOT_WORKER_MEMORY"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def memory_text(said: Any) -> str:
    """Return a configuration's `worker_memory`, a size or a size a language, as the variable has it."""
    text = ",".join(f"{language}={size}" for language, size in said.items()) if isinstance(said, Mapping) else str(said)
    for language in LANGUAGES:
        memory_of(text, language)
    return text


def memory_of(text: str, language: str) -> int:
    """Return the bytes that a worker of the language may use: of '2G', or of 'r=2G,julia=4G'; 0 is as many as it likes.

    Raises `ConfigError` for what is no size and no language.
    """
    found = 0
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, size = part.rpartition("=")
        bytes_ = size_of(size)
        if bytes_ is None or (equals and name.strip() not in LANGUAGES):
            raise ConfigError(
                f"worker_memory: {part!r}; write a size such as '2G', or a size for each of some languages of "
                f"{', '.join(LANGUAGES)}"
            )
        if not equals or name.strip() == language:
            found = bytes_
    return found


def size_of(text: str) -> int | None:
    """Return the bytes of a size such as '2G' or '512 MiB', or None where the text is no size."""
    match = _SIZE.fullmatch(text.strip())
    return None if match is None else int(float(match[1]) * _UNITS[match[2].upper()])


def missing(language: str, environ: Mapping[str, str]) -> str | None:
    """Return why the language cannot be served here, or None where it seems to be installed."""
    if language == "r" and r_executable(environ) is None:
        return "R is not installed: neither TRIGLOT_R_HOME nor PATH leads to it"
    if language == "julia" and julia_executable(environ) is None:
        return "Julia is not installed: neither JULIA_EXE, PATH nor the private prefix leads to it"
    if language == "r" and importlib.util.find_spec("rpy2") is None:
        return "the Python package rpy2 is not installed"
    return None


def r_executable(environ: Mapping[str, str]) -> Path | None:
    """Return R: under TRIGLOT_R_HOME, else the one on PATH."""
    home = environ.get("TRIGLOT_R_HOME")
    candidates = [Path(home) / "bin" / "R"] if home else []
    on_path = shutil.which("R", path=environ.get("PATH"))
    return _first([*candidates, *([Path(on_path)] if on_path else [])])


def julia_executable(environ: Mapping[str, str]) -> Path | None:
    """Return Julia: JULIA_EXE, else the one on PATH, else the one that the set-up put into the user's own prefix."""
    candidates = [Path(environ["JULIA_EXE"])] if environ.get("JULIA_EXE") else []
    on_path = shutil.which("julia", path=environ.get("PATH"))
    candidates += [Path(on_path)] if on_path else []
    return _first([*candidates, user_prefix(environ) / "julia" / "bin" / "julia"])


def user_prefix(environ: Mapping[str, str]) -> Path:
    """Return the folder of what belongs to one user on this machine: TRIGLOT_HOME, else the XDG data folder's."""
    if environ.get("TRIGLOT_HOME"):
        return Path(environ["TRIGLOT_HOME"])
    data = environ.get("XDG_DATA_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".local" / "share"
    return Path(data) / "triglot"


def _first(candidates: list[Path]) -> Path | None:
    return next((path for path in candidates if path.is_file()), None)
