"""Other programs, asked: interpreters by a script of their language, and a worker by being started."""

import secrets
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from triglot.languages.launch import worker_environment
from triglot.training.fit_worker import bench

TIMEOUT_S = 180
_SCRIPTS = Path(__file__).parent


def said(command: Sequence[str | Path], environ: Mapping[str, str]) -> tuple[str | None, str]:
    """Return what a program prints and nothing, or None and why it did not run to its end."""
    asked = list(map(str, command))
    try:
        done = subprocess.run(
            asked,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
        )
    except OSError as error:
        return None, error.strerror or str(error)
    except subprocess.TimeoutExpired:
        return None, f"no answer within {TIMEOUT_S} s"
    if done.returncode:
        return None, _last_line(done.stderr) or _last_line(done.stdout) or f"exit code {done.returncode}"
    return done.stdout, ""


def by_script(language: str, program: Path, names: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return what this folder's script of the language answers: lines of a key, a tab and a value."""
    options, script = {"r": ("--vanilla", "here.R"), "julia": ("--startup-file=no", "here.jl")}[language]
    variables = {**environ, **worker_environment(language, environ)}
    text, _ = said([program, options, _SCRIPTS / script, *names], variables)
    return dict(line.split("\t", 1) for line in (text or "").splitlines() if "\t" in line)


def start(language: str, environ: Mapping[str, str]) -> float:
    """Return after how many seconds a fresh worker was ready; raises `LanguageUnavailable` with its reason.

    It signs with a key of its own, so that none is made by looking.
    """
    begun = time.monotonic()
    with bench(language, {**environ, "TRIGLOT_SIGNING_KEY": secrets.token_hex(32)}):
        return time.monotonic() - begun


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
