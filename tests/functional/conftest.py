"""One store with every model, fitted once, and services that start from a copy of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.functional.running import AUTHORS, COMMAND_S, DEMO_LANGUAGES, Running, environment, folder
from triglot.launch import LANGUAGES, missing

CONFIG = AUTHORS / "everything.py"
MOODY_LANGUAGES = {f"moody-{language}": language for language in LANGUAGES}

Serve = Callable[..., Running]


def installed() -> list[str]:
    """Return the languages that there are."""
    return [language for language in LANGUAGES if missing(language, os.environ) is None]


@pytest.fixture(scope="session")
def fitted() -> Iterator[Path]:
    """Hold a folder with a store of every model that can be fitted here; the moody ones have a second version.

    Julia takes longest, so it is fitted beside the others.
    """
    by_language = {
        language: [name for name, of in {**DEMO_LANGUAGES, **MOODY_LANGUAGES}.items() if of == language]
        for language in installed()
    }
    julia = by_language.pop("julia", [])
    others = [name for names in by_language.values() for name in names]
    with folder() as place:
        for tag, names in (("1", (others, julia)), ("2", ([n for n in others if "moody" in n], []))):
            activate = [] if tag == "1" else ["--no-activate"]
            running = [
                subprocess.Popen(
                    [sys.executable, "-m", "triglot", "-c", str(CONFIG), "fit", *activate, *some],
                    cwd=place,
                    env=environment(TAG=tag),
                    stdin=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                )
                for some in names
                if some
            ]
            for process in running:
                _, said = process.communicate(timeout=COMMAND_S)
                assert process.returncode == 0, said
        yield place


@pytest.fixture(scope="module")
def serve(fitted: Path) -> Iterator[Serve]:
    """Give the function that starts a service on a copy of the store, and wait until it is ready."""
    started: list[Running] = []
    with folder() as place:

        def start(**workers: int) -> Running:
            mine = place / str(len(started))
            mine.mkdir()
            shutil.copy(fitted / "triglot.db", mine)
            counts = {language: workers.get(language, 1) if language in installed() else 0 for language in LANGUAGES}
            service = Running(mine, CONFIG, *(f"--workers={name}={count}" for name, count in counts.items()))
            started.append(service)
            service.wait_until_ready()
            return service

        try:
            yield start
        finally:
            for service in started:
                service.close()
