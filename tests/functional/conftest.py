"""One store with every model, fitted once, and services that start from a copy of it."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.functional.running import AUTHORS, Running, environment, folder
from triglot.estimators import language_of
from triglot.fitting import bench
from triglot.launch import LANGUAGES, missing
from triglot.project import Project

CONFIG = AUTHORS / "everything.py"

Serve = Callable[..., Running]


def installed() -> list[str]:
    """Return the languages that there are."""
    return [language for language in LANGUAGES if missing(language, os.environ) is None]


@pytest.fixture(scope="session")
def fitted() -> Iterator[Path]:
    """Hold a folder with a store of every model that can be fitted here; each version 1 is active.

    The moody models of Python and R have a version 2, whose answers differ.
    """
    with folder() as place:
        # The first one makes the tables, before the others write.
        projects = {tag: Project([CONFIG], environment(TAG=tag), place) for tag in ("1", "2")}
        projects["1"].store.upgrade()
        with ThreadPoolExecutor(len(LANGUAGES)) as pool:
            list(pool.map(lambda language: _fit_all(projects, language), installed()))
        for project in projects.values():
            project.store.close()
        yield place


def _fit_all(projects: dict[str, Project], language: str) -> None:
    """Fit and store all models of a language by one worker: what a fresh one does is tested elsewhere."""
    with bench(language, projects["1"].environ) as worker:
        for tag, project in projects.items():
            for name in project.names:
                if tag == "2" and name not in ("moody-python", "moody-r"):
                    continue
                entry = project.entry(name)
                if language_of(entry.model) != language:
                    continue
                fitted = worker.fit(name, entry.model, *entry.train.frame(), project.python_path)
                version = project.store.write(name, fitted.artefact)
                assert version == int(tag)
                if tag == "1":
                    project.store.activate(name, version)


@pytest.fixture(scope="module")
def serve(fitted: Path) -> Iterator[Serve]:
    """Give the function that starts a service on a copy of the store, and waits until it is ready."""
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
