"""The alternatives' environments under build/bench, and R's plumber, which has none: a run reports what is absent."""

import functools
import shutil
import subprocess
from pathlib import Path

from benchmarks.private import Environments
from benchmarks.processes import ROOT

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements"
FOLDER = ROOT / "build" / "bench"
PLUMBER = "plumber"
HINT = "not installed: run make bench-alternatives"


def _all(folder: Path = FOLDER) -> Environments:
    return Environments(REQUIREMENTS, folder, HINT)


def names() -> list[str]:
    """Return the environments that there are requirements for."""
    return _all().names()


def python(name: str, folder: Path = FOLDER) -> Path:
    """Return the interpreter of an environment."""
    return _all(folder).python(name)


def absent(name: str, folder: Path = FOLDER) -> str | None:
    """Return why an environment cannot be used, or None."""
    return _absent_plumber() if name == PLUMBER else _all(folder).absent(name)


def install(name: str, folder: Path = FOLDER) -> str | None:
    """Make an environment, unless it is there; return why it could not be made, or None."""
    return _all(folder).install(name)


def version(name: str) -> str:
    """Return the pinned version of what an environment is named after."""
    if name == PLUMBER:
        return _plumber_version().stdout.strip()
    pinned = _all().version(name, name)
    if pinned is None:
        raise ValueError(f"{name}.txt does not pin {name}")
    return pinned


def _absent_plumber() -> str | None:
    if shutil.which("Rscript") is None:
        return "R is not installed"
    run = _plumber_version()
    return run.stderr.strip() if run.returncode else None


@functools.cache
def _plumber_version() -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["Rscript", str(HERE / "plumber_version.R")], capture_output=True, text=True)
