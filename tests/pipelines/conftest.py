"""What runs of pipelines share: declarations, a context with lent workers, and a place for files."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import KEY
from triglot.pipelines.context import Context
from triglot.pipelines.declared import Declared, pipelines_of
from triglot.pipelines.run import Pipeline
from triglot.store import ModelStore
from triglot.training.fit_worker import Bench

Build = Callable[..., Pipeline]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hold the working directory of a test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def store(here: Path) -> Iterator[ModelStore]:
    made = ModelStore(f"sqlite:///{here / 'models.db'}")
    yield made
    made.close()


@pytest.fixture
def context(store: ModelStore, benches: Callable[[str], Bench]) -> Iterator[Context]:
    """Hold the surroundings of a run, whose workers are lent by the session."""
    made = Lent("run-1", {"TRIGLOT_SIGNING_KEY": KEY.decode()}, lambda: store)
    made.benches = benches
    with made:
        yield made


class Lent(Context):
    """A context that starts no worker of its own."""

    benches: Callable[[str], Bench]

    def author(self, language: str) -> Bench:
        return self.benches(language)

    def models(self, language: str) -> Bench:
        return self.benches(language)


def declared(**entry: Any) -> Declared:
    """Return a pipeline of one step, which is never built."""
    return pipelines_of({"nightly": {"steps": [{"!": "nowhere.at_all"}], **entry}})["nightly"]


def pipeline(*steps: Any, **entry: Any) -> Pipeline:
    """Return a pipeline of these steps."""
    return Pipeline.of(declared(**entry), [(step, {"!": f"mine.{_name(step)}"}) for step in steps])


def _name(step: Any) -> str:
    return str(getattr(step, "__name__", type(step).__name__))
