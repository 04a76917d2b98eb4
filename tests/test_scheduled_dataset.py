"""Loaders that hold what they loaded, that come from openml.org, and points that wrap the loading."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.helpers import until
from triglot.config import load_config
from triglot.dataset import CSV, OpenML, ScheduledDatasetLoader, load
from triglot.errors import ConfigError
from triglot.process_store import process_store

LOADED: list[str] = []


def noting(func: Any) -> Any:
    def note(loader: Any) -> Any:
        LOADED.append(type(loader).__name__)
        return func(loader)

    return note


def plus_one(func: Any) -> Any:
    return lambda self: LOADED.append(f"update {self.__pld_config_key__}") or func(self)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """Hold a file of data."""
    path = tmp_path / "d.csv"
    path.write_text("a,b\n1,x\n2,y\n")
    LOADED.clear()
    yield path
    process_store.pop("train", None)


def scheduled(data: Path, **rule: Any) -> ScheduledDatasetLoader:
    return ScheduledDatasetLoader(CSV(str(data), target_column="b"), {"freq": "YEARLY", **rule})


def test_it_loads_at_the_first_call_and_holds_on_to_it(data: Path) -> None:
    loader = scheduled(data)
    assert "data" not in process_store
    X, y = loader()
    assert (X.tolist(), y.tolist()) == ([[1], [2]], ["x", "y"])

    data.write_text("a,b\n9,z\n")
    assert loader()[0].tolist() == [[1], [2]]
    frame, target = load(loader)
    assert list(frame.columns) == ["a"]
    assert target.tolist() == ["x", "y"]

    loader.update_cache()
    assert loader()[1].tolist() == ["z"]
    loader._thread.stop()


def test_it_loads_anew_at_the_occurrences_and_keeps_the_data_where_that_fails(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loader = scheduled(data, freq="SECONDLY")
    loader()
    data.write_text("a,b\n9,z\n")
    until(lambda: loader()[1].tolist() == ["z"])
    data.unlink()
    until(lambda: "Failed to call update_cache" in caplog.text)
    assert loader()[1].tolist() == ["z"]
    loader._thread.stop()


def test_each_has_the_key_of_its_own_in_the_process_store(data: Path, tmp_path: Path) -> None:
    entry = f"""{{'!': 'triglot.dataset.ScheduledDatasetLoader', 'update_cache_rrule': {{'freq': 'YEARLY'}},
                'impl': {{'!': 'triglot.dataset.CSV', 'path': {str(data)!r}}}}}"""
    (tmp_path / "c.py").write_text(
        f"{{'train': {entry}, 'test': {entry}, 'load_data_decorators': ['{__name__}.noting'],"
        f" 'update_data_decorators': ['{__name__}.plus_one']}}"
    )
    config = load_config([tmp_path / "c.py"], {})
    assert LOADED == []
    load(config["train"])
    load(config["train"])

    assert LOADED == ["update train", "CSV"]
    assert "train" in process_store
    assert "test" not in process_store
    config["train"]._thread.stop()


def test_the_loading_of_every_loader_is_a_point_that_is_passed_once(data: Path, tmp_path: Path) -> None:
    (tmp_path / "c.py").write_text(f"{{'load_data_decorators': ['{__name__}.noting']}}")
    load_config([tmp_path / "c.py"], {})

    load(CSV(str(data)))
    load(lambda: (1, 2))
    assert LOADED == ["CSV", "function"]


def test_what_cannot_be_called_is_no_loader() -> None:
    with pytest.raises(ConfigError, match="tuple cannot be; name a class with __call__"):
        load((1, 2))  # type: ignore[arg-type]


def test_openml_gives_what_scikit_learn_fetches(monkeypatch: pytest.MonkeyPatch) -> None:
    # there is no network here; the rest of the way is scikit-learn's
    def fetch(name: str, **kwargs: Any) -> Any:
        if name == "nothing":
            raise ValueError("No active dataset nothing found.")
        return SimpleNamespace(data=[[1.0]], target=[kwargs["version"]])

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    assert OpenML("iris", version=1)() == ([[1.0]], [1])
    with pytest.raises(ConfigError, match=r"OpenML data set 'nothing': cannot be fetched: No active dataset"):
        OpenML("nothing")()
