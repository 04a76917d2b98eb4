"""Worker processes as data: the command line and the environment of each.

Nothing here imports a worker: whoever starts one (supervisord, the command line, a cluster's executor) runs
this command line.
"""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triglot.errors import ConfigError
from triglot.languages import known
from triglot.languages.known import LANGUAGES

EXIT_UNAVAILABLE = 69  # sysexits.h: EX_UNAVAILABLE; how a worker ends whose language is off


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where fresh workers come from.

    environ says where the languages are, key_file signs (None is the user's own key), python_path holds the folders
    of the author's Python modules.
    """

    environ: Mapping[str, str]
    key_file: Path | None = None
    python_path: tuple[str, ...] = ()


def worker_command(
    language: str, name: str, run_dir: Path, *, key_file: Path | None = None, group: str = "", live: bool = False
) -> list[str]:
    """Return the command line of one worker process, of a group of models if there is one.

    live: what the author's code prints goes to standard output at once, and the log to standard error. Python's alone.
    """
    program = known.language(language).command or (sys.executable, "-m", "triglot.workers", language)
    command = [*program, "--name", name, "--run-dir", str(run_dir), *(["--group", group] if group else [])]
    command += ["--live"] if live else []
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
    record = known.language(language)
    variables = {**algebra_environment(environ, threads), "PYTHONUNBUFFERED": "1", **record.environment}
    return {key: value for key, value in variables.items() if key not in environ} | dict(record.imposed)


# What languages find code by: folders, parted as PATH is, which may be relative to where a process is started.
_SEARCHED = (
    "PYTHONPATH",
    "R_LIBS",
    "R_LIBS_USER",
    "R_LIBS_SITE",
    "JULIA_PROJECT",
    "JULIA_LOAD_PATH",
    "JULIA_DEPOT_PATH",
)


def absolute(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a process that works in another folder and finds the same code."""
    return {name: _absolute(value) if name in _SEARCHED else value for name, value in environ.items()}


def _absolute(folders: str) -> str:
    """Return folders with those that are here by their whole paths; all else, such as Julia's `@stdlib`, as it is."""
    parts = folders.split(os.pathsep)
    return os.pathsep.join(os.path.abspath(part) if part and os.path.exists(part) else part for part in parts)


HELD_VARIABLE = "TRIGLOT_WORKER_VERSIONS"
HELD_VERSIONS = 64  # of models that one worker holds, by default; the one that was asked for longest ago goes
MEMORY_VARIABLE = "TRIGLOT_WORKER_MEMORY"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def held_of(text: str) -> int:
    """Return how many versions a worker holds at most; raises `ConfigError` where the text is no such number."""
    if not text:
        return HELD_VERSIONS
    if not text.isdecimal() or not int(text):
        raise ConfigError(f"worker_versions: {text!r}; write how many versions a worker may hold, from 1")
    return int(text)


def held_variables(said: Any) -> dict[str, str]:
    """Return the variable by which workers know a configuration's `worker_versions`; none where that is None."""
    if said is None:
        return {}
    held_of(str(said))
    return {HELD_VARIABLE: str(said)}


def memory_variables(said: Any) -> dict[str, str]:
    """Return the variable by which workers know a configuration's `worker_memory`; none where that is None."""
    return {} if said is None else {MEMORY_VARIABLE: memory_text(said)}


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
