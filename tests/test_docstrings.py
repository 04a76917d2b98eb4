"""The docstrings that the reference shows: their examples run, and no argument of a configuration is missing."""

import doctest
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import require
from triglot.estimators import session
from triglot.process_store import process_store

ROOT = Path(__file__).parent.parent
EXAMPLES = {  # the modules with examples, and the languages that these need
    "triglot.cache": (),
    "triglot.dataset": (),
    "triglot.decorators": (),
    "triglot.estimators": ("r", "julia"),
    "triglot.foreign": ("r",),
    "triglot.interfaces": (),
    "triglot.model": (),
    "triglot.persisters.file": (),
    **{f"triglot.pipelines.{name}": () for name in ("load", "foreign", "predict", "write")},
    "triglot.process_store": (),
    "triglot.schedule": (),
    "triglot.store.store": (),
    "triglot.util": (),
}
CONFIGURED = (
    *(f"triglot.dataset.{name}" for name in ("CSV", "SQL", "OpenML", "ScheduledDatasetLoader")),
    *(f"triglot.foreign.{name}" for name in ("RDataset", "JuliaDataset")),
    *(f"triglot.estimators.{name}" for name in ("RModel", "JuliaModel")),
    *(f"triglot.persisters.{name}" for name in ("file.File", "filelike.FileLike", "rest.Rest", "s3.S3")),
    *(f"triglot.persisters.{name}" for name in ("cached.CachedUpdatePersister", "database.Database")),
    *(f"triglot.pipelines.{name}" for name in ("load.File", "load.SQL", "write.File", "write.SQL", "predict.Predict")),
    *(f"triglot.pipelines.foreign.{name}" for name in ("RFunction", "JuliaFunction")),
    "triglot.store.store.ModelStore",
    "triglot.server.predict.PredictService",
    "triglot.cache.abstractcache",
    "triglot.schedule.RruleThread",
)


def shown() -> list[str]:
    """Return the modules that the pages of the reference show."""
    pages = sorted((ROOT / "docs" / "reference").glob("*.md"))
    return [name for page in pages for name in re.findall(r"^::: ([\w.]+)", page.read_text("utf-8"), re.MULTILINE)]


@pytest.mark.parametrize("module", EXAMPLES)
def test_the_examples_of_a_module_say_what_happens(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for language in EXAMPLES[module]:
        require(language)
    monkeypatch.chdir(ROOT)
    try:
        result = doctest.testmod(importlib.import_module(module))
    finally:
        session.close()
        process_store.pop("data", None)  # what an example of a scheduled loader holds on to
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("name", CONFIGURED)
def test_every_argument_of_what_a_configuration_names_has_its_line(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    kind: type[Any] = getattr(importlib.import_module(module), attribute)
    section = re.search(r"^Args:\n((?:    .*\n?|\n)+)", inspect.getdoc(kind) or "", re.MULTILINE)
    assert section, f"{name} has no section Args"
    told = re.findall(r"^    (\**\w+): ", section[1], re.MULTILINE)
    stars = {inspect.Parameter.VAR_KEYWORD: "**", inspect.Parameter.VAR_POSITIONAL: "*"}
    assert told == [stars.get(p.kind, "") + p.name for p in inspect.signature(kind).parameters.values()]


def test_everything_that_the_reference_shows_has_a_docstring() -> None:
    modules = shown()
    assert len(modules) > 15
    bare = [
        f"{module}.{name}"
        for module in modules
        for name, value in vars(importlib.import_module(module)).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module
        and not inspect.getdoc(value)
    ]
    assert not bare


def test_every_module_with_examples_is_in_the_reference() -> None:
    assert set(EXAMPLES) <= set(shown())
