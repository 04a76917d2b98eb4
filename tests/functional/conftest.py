"""One store with every model, fitted once, and services that start from a copy of it."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.functional.running import AUTHORS, Running, environment, folder
from triglot.dataset import load
from triglot.languages.known import LANGUAGES, missing
from triglot.project import Project
from triglot.training.fit_worker import Bench
from triglot.training.pipelines import language_of

CONFIG = AUTHORS / "everything-config.py"

Benches = Callable[[str], Bench]
WORKERS = {"python": 1, "r": 2, "julia": 1}


def installed() -> list[str]:
    """Return the languages that there are."""
    return [language for language in LANGUAGES if missing(language, os.environ) is None]


@pytest.fixture(scope="session")
def fitted(benches: Benches, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a store of every model that can be fitted here; each version 1 is active.

    The moody models of Python and R have a version 2, whose answers differ. Processes that test side by side share it.
    """
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "fitted"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "whole").exists():
            _fit_everything(place, benches)
            (place / "whole").touch()
    return place


def _fit_everything(place: Path, benches: Benches) -> None:
    store = f"sqlite:///{place}/triglot.db"
    projects = {tag: Project([CONFIG], environment(TAG=tag, TRIGLOT_STORE=store), place) for tag in ("1", "2")}
    projects["1"].store.upgrade()
    # started by this thread: a worker ends with the thread that started it
    workers = [benches(language) for language in installed()]
    with ThreadPoolExecutor(len(LANGUAGES)) as pool:
        list(pool.map(lambda worker: _fit_all(projects, worker), workers))
    for project in projects.values():
        project.store.close()


def _fit_all(projects: dict[str, Project], worker: Bench) -> None:
    for tag, project in projects.items():
        for name in project.names:
            entry = project.entry(name)
            if language_of(entry.model) != worker.language or (tag == "2" and name not in ("moody-python", "moody-r")):
                continue
            fitted = worker.fit(name, entry.model, *load(entry.train), project.python_path)
            version = project.store.write(name, fitted.artefact)
            assert version == int(tag)
            if tag == "1":
                project.store.activate(name, version)


@pytest.fixture(scope="session")
def _start(fitted: Path) -> Iterator[Callable[..., Running]]:
    """Give the function that starts a service on a copy of the store; all end with the session."""
    with contextlib.ExitStack() as stack:

        def start(*languages: str, **environ: str) -> Running:
            place = stack.enter_context(folder())
            shutil.copy(fitted / "triglot.db", place)
            there = set(installed()) & set(languages or LANGUAGES)
            counts = {language: WORKERS[language] if language in there else 0 for language in LANGUAGES}
            wanted = [f"--workers={name}={count}" for name, count in counts.items()]
            made = Running(place, CONFIG, *wanted, **environ)
            stack.callback(made.close)
            return made

        yield start


@pytest.fixture(scope="session")
def _services() -> list[Running]:
    """Hold what was started so far; the last one may be alive."""
    return []


@pytest.fixture
def service(_start: Callable[..., Running], _services: list[Running]) -> Running:
    """Give a service of all models that is ready: the one of the test before, or a new one where that was stopped."""
    if not _services or not _services[-1].is_up:
        _services.append(_start())
    _services[-1].wait_until_ready()
    return _services[-1]


@pytest.fixture
def impatient(_start: Callable[..., Running]) -> Iterator[Running]:
    """Give a service of its own, in which requests wait for a worker that is not there no longer than a second."""
    made = _start(PATIENCE="1")
    made.wait_until_ready()
    yield made
    made.close()
