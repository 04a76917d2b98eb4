"""A model of Palladium's answers what it likes, and callers get what `predict(...).tolist()` is, as they did."""

import json
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import here, run
from tests.palladium.conftest import ask, devserver, lines, pld
from triglot.persister import NOT_PROVED, VersionInfo
from triglot.store import ModelStore

__all__ = ["here"]

MODULE = (Path(__file__).parents[1] / "models" / "anything.py").read_text("utf-8")
DATA = """
from palladium.interfaces import DatasetLoader, Model

class Loader(DatasetLoader):
    def __call__(self):
        X = np.arange(30.0).reshape(-1, 1)
        return X, np.where(X[:, 0] > 14, 'high', 'low')

class Texts(DatasetLoader):
    def __call__(self):
        texts = np.array(['red apple', 'green apple', 'red berry', 'green leaf'], dtype=object)
        return texts, np.array(['red', 'green', 'red', 'green'])

class Reader(Model):
    def fit(self, X, y=None):
        return self
    def predict(self, X):
        return [{'words': text.split()} for text in X]

class Dicts(Anything, Model):
    pass

def share_of_high(model, X, y):
    return float(np.mean([answer['tag'] == 'high' for answer in model.predict(X)]))
"""
PALLADIUM = """
    'model_persister': {'!': 'palladium.persistence.CachedUpdatePersister',
                        'impl': {'!': 'palladium.persistence.Database', 'url': 'sqlite:///models.db'}},
    'predict_service': {'!': 'palladium.server.PredictService', 'mapping': [('size', 'float')]},
"""


@pytest.fixture(autouse=True)
def _own_module(here: Path) -> Iterator[None]:
    yield
    sys.modules.pop("mine", None)


def configure(place: Path, model: str, more: str = PALLADIUM) -> None:
    (place / "mine.py").write_text(MODULE + DATA)
    loaders = ", ".join(f"'dataset_loader_{kind}': {{'!': 'mine.Loader'}}" for kind in ("train", "test"))
    (place / "palladium-config.py").write_text(f"{{{loaders}, 'model': {model}, {more}}}")


def versions(place: Path, database: str = "models.db") -> list[VersionInfo]:
    store = ModelStore(f"sqlite:///{place / database}")
    found = store.list()
    store.close()
    return found


def query(**fields: Any) -> str:
    return urllib.parse.urlencode(fields)


def test_dicts_for_words_are_fitted_tested_listed_and_answered_by_every_way_as_palladium_did(here: Path) -> None:
    configure(here, "{'!': 'mine.Dicts', 'say': 'tag'}")
    fitted = pld("pld-fit", cwd=here)
    assert fitted.returncode == 0, fitted.stderr
    assert "Wrote model with version 1." in lines(fitted.stderr)
    assert "callers get what it answers as it is" in fitted.stderr
    [version] = versions(here)
    assert (version.aliases, version.metadata.get(NOT_PROVED)) == (("active",), None)

    low, high = ({"tag": tag, "near": [size, size / 2], "3": None} for tag, size in (("low", 2.0), ("high", 20.0)))
    streamed = pld("pld-stream", cwd=here, said='[{"size": 2.0}, {"size": 20}]\nexit\n')
    assert json.loads(streamed.stdout) == [low, high]
    assert pld("pld-list", cwd=here).returncode == 0
    with devserver(here) as url:
        status, answer = ask(f"{url}/predict?{query(size=20)}")
        assert (status, answer["result"], answer["metadata"]["status"]) == (200, high, "OK")
        assert ask(f"{url}/predict", [{"size": 2}, {"size": 20}])[1]["result"] == [low, high]
        assert ask(f"{url}/predict", [])[1]["result"] == []
        assert ask(f"{url}/predict", [{"wide": 2}])[0] == 400


@pytest.mark.parametrize(("width", "answers"), [(1, 1), (2, 2)])
def test_a_network_that_answers_shares_for_words_answers_them_as_palladium_did(
    here: Path, width: int, answers: int
) -> None:
    configure(here, f"{{'!': 'mine.Network', 'width': {width}}}")
    assert run("fit") == 0
    streamed = pld("pld-stream", cwd=here, said='[{"size": 1.0}, {"size": 29}]\nexit\n')
    low, high = json.loads(streamed.stdout)
    assert (len(low), len(high)) == (answers, answers)
    assert low[-1] < 0.1 < 0.9 < high[-1]


def test_with_unwrap_sample_a_sample_is_its_value_and_the_answer_still_anything(here: Path) -> None:
    configure(here, "{'!': 'mine.Reader'}")
    (here / "palladium-config.py").write_text("""{
    'dataset_loader_train': {'!': 'mine.Texts'},
    'model': {'!': 'mine.Reader'},
    'model_persister': {'!': 'palladium.persistence.Database', 'url': 'sqlite:///models.db'},
    'predict_service': {
        '!': 'palladium.server.PredictService', 'mapping': [('text', 'str')], 'unwrap_sample': True,
    },
}""")
    fitted = pld("pld-fit", cwd=here)
    assert fitted.returncode == 0, fitted.stderr
    with devserver(here) as url:
        assert ask(f"{url}/predict?{query(text='blue sky')}")[1]["result"] == {"words": ["blue", "sky"]}
        assert ask(f"{url}/predict", [{"text": "a"}, {"text": "b c"}])[1]["result"] == [
            {"words": ["a"]},
            {"words": ["b", "c"]},
        ]


@pytest.mark.parametrize("model", ["{'!': 'mine.Network'}", "{'!': 'mine.Network', 'width': 2}", "{'!': 'mine.Dicts'}"])
def test_without_a_name_of_palladiums_the_fit_is_refused_and_names_the_remedy_and_nothing_is_stored(
    here: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(here, model, "")
    assert run("fit") == 1
    assert versions(here, "triglot.db") == []
    said = capsys.readouterr().err
    assert "Have it answer the labels of its target, or numbers; or write 'answers': 'any' beside 'model'" in said
    configure(here, model, "'answers': 'any'")
    assert run("fit") == 0
    assert [version.aliases for version in versions(here, "triglot.db")] == [("active",)]


def test_a_configuration_of_palladiums_may_refuse_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(here, "{'!': 'mine.Dicts'}", f"{PALLADIUM} 'answers': {{'missing': 'refused'}},")
    assert run("fit") == 1
    assert versions(here) == []
    assert "write 'answers': 'any' beside 'model'" in capsys.readouterr().err


@pytest.mark.parametrize("say", ["bytes", "deep"])
def test_what_nobody_can_be_answered_with_is_not_stored(
    here: Path, say: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(here, f"{{'!': 'mine.Dicts', 'say': '{say}'}}")
    assert run("fit") == 1
    assert versions(here) == []
    assert "the answer of predict to row 1" in capsys.readouterr().err


def test_scores_are_the_models_own_or_a_functions_and_where_there_is_none_it_is_said(
    here: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    configure(here, "{'!': 'mine.Scored'}")
    assert run("fit", "--evaluate") == 0
    [version] = versions(here)
    assert (version.metrics["score_train"], version.metrics["score_test"]) == (1.0, 1.0)
    assert run("test") == 0
    assert "score 1.0000" in capsys.readouterr().out

    configure(here, "{'!': 'mine.Dicts'}")
    assert run("fit", "--evaluate") == 1
    assert "cannot be scored by its own method score" in capsys.readouterr().err
    assert len(versions(here)) == 1

    configure(here, "{'!': 'mine.Dicts'}", f"{PALLADIUM} 'scoring': __import__('mine').share_of_high,")
    assert run("fit", "--evaluate") == 0
    assert versions(here)[-1].metrics["score_test"] == 0.5

    configure(here, "{'!': 'mine.Dicts'}", f"{PALLADIUM} 'scoring': 'accuracy',")
    assert run("test") == 1
    assert "'score' cannot judge a model that answers any JSON" in capsys.readouterr().err

    two = "'models': {'a': {'model': {'!': 'mine.Dicts'}}, 'b': {'model': {'!': 'mine.Scored'}}},"
    configure(here, "{'!': 'mine.Dicts'}", PALLADIUM + two)
    assert run("compare", "a", "b") == 1
    assert "answers any JSON, which is measured by nobody but its author" in capsys.readouterr().err


def test_palladiums_own_function_fits_such_a_model_too(here: Path) -> None:
    configure(here, "{'!': 'mine.Dicts'}")
    from triglot.config import get_config
    from triglot.palladium.fit import fit

    config = get_config()
    fitted = fit(config["dataset_loader_train"], config["model"], config["model_persister"])
    assert [answer["tag"] for answer in fitted.predict([[2.0], [20.0]]).tolist()] == ["low", "high"]
