"""What scripts do with a configuration's parts themselves: they call loaders, and catch what Palladium raised."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triglot.aliases import install
from triglot.config import combine, get_config, use_config
from triglot.config.components import instantiate
from triglot.config.files import read_config
from triglot.dataset import CSV
from triglot.errors import ConfigError

calls: list[str] = []


def count(load: Callable[..., Any]) -> Callable[..., Any]:
    def counted(loader: Any) -> Any:
        calls.append(type(loader).__name__)
        return load(loader)

    return counted


def halve(load: Callable[..., Any]) -> Callable[..., Any]:
    def halved(loader: Any) -> Any:
        X, y = load(loader)
        return np.asarray(X)[: len(X) // 2], np.asarray(y)[: len(y) // 2]

    return halved


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    install()
    calls.clear()
    yield
    use_config(None)


def use(*decorators: Callable[..., Any]) -> None:
    use_config(instantiate(combine([(Path("config.py"), {"load_data_decorators": list(decorators)})])))


def own_loader() -> Any:
    base = importlib.import_module("palladium.interfaces").DatasetLoader

    class Mine(base):  # type: ignore[misc, valid-type]
        def __call__(self) -> tuple[Any, Any]:
            return np.zeros((4, 1)), np.zeros(4)

    class Heir(Mine):
        def __call__(self) -> tuple[Any, Any]:
            X, y = super().__call__()
            return X + 1, y

    return Heir()


def table(folder: Path) -> Any:
    (folder / "a.csv").write_text("x,y\n1,1\n2,2\n3,3\n4,4\n")
    return CSV(str(folder / "a.csv"), target_column="y")


@pytest.mark.parametrize("kind", ["ours", "theirs", "empty"])
def test_a_loader_that_is_called_directly_is_inside_the_decorators_once(kind: str, tmp_path: Path) -> None:
    empty = importlib.import_module("palladium.dataset").EmptyDatasetLoader
    loader = {"ours": lambda: table(tmp_path), "theirs": own_loader, "empty": empty}[kind]()
    use(count)
    X, _ = loader()
    assert calls == [type(loader).__name__]
    if kind == "ours":
        assert X.tolist() == [[1], [2], [3], [4]]
    if kind == "theirs":
        assert X.tolist() == [[1]] * 4


@pytest.mark.parametrize("make", [table, lambda _: own_loader()], ids=["ours", "theirs"])
def test_what_a_decorator_makes_of_the_data_is_what_the_caller_gets(
    make: Callable[[Path], Any], tmp_path: Path
) -> None:
    use(halve, count)
    X, y = make(tmp_path)()
    assert (len(X), len(y), len(calls)) == (2, 2, 1)


def test_an_error_of_a_configuration_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="has no argument 'CC'"):
        instantiate(combine([(Path("a.py"), {"model": {"!": "sklearn.svm.SVC", "CC": 1}})]))


def test_what_was_a_key_error_is_one(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="which does not exist"):
        combine([(Path("a.py"), {"a": {"__copy__": "b"}})])
    (tmp_path / "a.py").write_text("{'a': environ['NOT_SET_HERE']}")
    with pytest.raises(KeyError, match="environment variable 'NOT_SET_HERE' is not set"):
        read_config([tmp_path / "a.py"], {})
    loader = table(tmp_path)
    loader.target_column = "z"
    with pytest.raises(KeyError, match="target_column 'z' does not exist") as told:
        loader()
    assert isinstance(told.value, ConfigError)
    use()
    with pytest.raises(KeyError, match="required key 'model'"):
        _ = get_config()["model"]
