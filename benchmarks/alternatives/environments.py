"""Private virtual environments under build/bench, made once from pinned requirements.

An environment is as good as its mark, a file with the digest of the requirements that were installed. One that could
not be made leaves the reason instead, which a run reports.
"""

import functools
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.processes import ROOT

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements"
FOLDER = ROOT / "build" / "bench"
PLUMBER = "plumber"
HINT = "not installed: run make bench-alternatives"


def names() -> list[str]:
    """Return the environments that there are requirements for."""
    return sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))


def python(name: str, folder: Path = FOLDER) -> Path:
    """Return the interpreter of an environment."""
    return folder / name / "bin" / "python"


def absent(name: str, folder: Path = FOLDER) -> str | None:
    """Return why an environment cannot be used, or None."""
    if name == PLUMBER:
        return _absent_plumber()
    mark = folder / name / "installed"
    if mark.exists() and mark.read_text("ascii") == _digest(name):
        return None
    reason = folder / f"{name}.reason"
    return reason.read_text("utf-8") if reason.exists() else HINT


def install(name: str, folder: Path = FOLDER) -> str | None:
    """Make an environment, unless it is there; return why it could not be made, or None."""
    if absent(name, folder) is None:
        return None
    shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    reason = folder / f"{name}.reason"
    pip = [str(python(name, folder)), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    steps = (
        [sys.executable, "-m", "venv", str(folder / name)],
        [*pip, "install", "--prefer-binary", "--requirement", str(REQUIREMENTS / f"{name}.txt")],
    )
    for step in steps:
        run = subprocess.run(step, capture_output=True, text=True)
        if run.returncode:
            said = [line for line in run.stderr.splitlines() if line.startswith("ERROR")] or run.stderr.splitlines()
            reason.write_text(f"pip could not install it: {said[-1] if said else run.returncode}", "utf-8")
            return reason.read_text("utf-8")
    reason.unlink(missing_ok=True)
    (folder / name / "installed").write_text(_digest(name), "ascii")
    return None


def version(name: str) -> str:
    """Return the pinned version of what an environment is named after."""
    if name == PLUMBER:
        return _plumber_version().stdout.strip()
    for line in (REQUIREMENTS / f"{name}.txt").read_text("ascii").splitlines():
        package, _, pinned = line.partition("==")
        if package.lower() == name:
            return pinned
    raise ValueError(f"{name}.txt does not pin {name}")


def _absent_plumber() -> str | None:
    if shutil.which("Rscript") is None:
        return "R is not installed"
    run = _plumber_version()
    return run.stderr.strip() if run.returncode else None


@functools.cache
def _plumber_version() -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["Rscript", str(HERE / "plumber_version.R")], capture_output=True, text=True)


def _digest(name: str) -> str:
    return hashlib.sha256((REQUIREMENTS / f"{name}.txt").read_bytes()).hexdigest()
