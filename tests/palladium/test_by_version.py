"""Persisters as scripts ask them that were written for Palladium: by a version alone, or by none."""

import importlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import KEY
from tests.lending import lend_to_commands
from triglot.aliases import install
from triglot.config import initialize_config, use_config
from triglot.errors import ConfigError
from triglot.persister import StoredVersion, missing_methods
from triglot.training.fit_worker import Bench

FLOWER = np.array([[6.3, 2.5, 4.9, 1.5]])
KINDS = {
    "a database behind a rule": {},
    "a database": {"!": "palladium.persistence.DatabaseCLOB", "url": "sqlite:///iris-model.db"},
    "files": {"!": "palladium.persistence.File", "path": "models/iris-{version}"},
}


@pytest.fixture
def project(
    place: Path, benches: Callable[[str], Bench], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[dict[str, Any]], Any]]:
    """Give the function that loads the iris project with other entries; it returns the persister."""
    install()
    lend_to_commands(monkeypatch, benches)
    example = Path(__file__).parent / "examples" / "iris" / "palladium-config.py"
    (place / "palladium-config.py").write_text(example.read_text())
    monkeypatch.setenv("TRIGLOT_SIGNING_KEY", KEY.decode())
    monkeypatch.delenv("TRIGLOT_CONFIG", raising=False)
    monkeypatch.setenv("PALLADIUM_CONFIG", "palladium-config.py,more.py")
    monkeypatch.chdir(place)

    def load(more: dict[str, Any]) -> Any:
        (place / "more.py").write_text(repr(more))
        use_config(None)
        return initialize_config(__mode__="fit")["model_persister"]

    yield load
    use_config(None)


@pytest.fixture(params=KINDS)
def persister(request: pytest.FixtureRequest, project: Callable[[dict[str, Any]], Any]) -> Any:
    """Hold the persister of a project that has fitted one version."""
    own = KINDS[request.param]
    loaded = project({"model_persister": own} if own else {})
    importlib.import_module("palladium.fit").fit(evaluate=True)
    return loaded


def test_a_script_reads_writes_activates_and_deletes(persister: Any) -> None:
    model = persister.read()
    assert model.predict(FLOWER).tolist() == ["Iris-versicolor"]
    assert model.predict_proba(FLOWER).shape == (1, 3)
    assert (model.__metadata__["version"], model.__metadata__["score_test"]) == (1, 0.98)
    assert persister.read(1).artefact == persister.read(version=1).artefact == model.artefact
    with pytest.raises(LookupError, match="no version 9"):
        persister.read(9)

    assert persister.write(model) == model.__metadata__["version"] == 2
    assert [known["version"] for known in persister.list_models()] == [1, 2]
    assert persister.list_models()[1]["score_test"] == 0.98
    assert persister.list_properties()["active-model"] == "1"
    persister.activate(2)
    assert persister.list_properties()["active-model"] == "2"
    assert persister.read().__metadata__["version"] == 2
    with pytest.raises(LookupError, match="no version 9"):
        persister.activate(9)
    persister.delete(1)
    assert [known["version"] for known in persister.list_models()] == [2]
    with pytest.raises(ConfigError, match=r"ndarray cannot be stored as it is.* palladium\.fit\.fit"):
        persister.write(FLOWER)


def test_by_a_models_name_it_is_the_persister_that_it_was(persister: Any) -> None:
    assert missing_methods(persister) == []
    stored = persister.read("model")
    assert isinstance(stored, StoredVersion)
    assert persister.write("model", stored.artefact, metrics={"score_test": 1.0}, metadata={"note": "n"}) == 2
    assert persister.read("model", 2).metadata["note"] == "n"
    assert persister.read(2).__metadata__["note"] == "n"
    persister.activate("model", 2)
    persister.activate("model", 1, "spare")
    assert persister.aliases("model") == {"active": 2, "spare": 1}
    persister.deactivate("model", "spare")
    persister.delete("model", 1)
    assert [info.version for info in persister.list("model")] == [2]


def test_what_is_not_to_be_stored_is_nowhere_and_what_is_not_to_be_activated_answers_nothing(
    project: Callable[[dict[str, Any]], Any],
) -> None:
    search = {"!": "sklearn.model_selection.GridSearchCV", "estimator": {"__copy__": "model"}, "param_grid": {"C": [1]}}
    persister, fit = project({"model": search}), importlib.import_module("palladium.fit").fit
    made = fit(persist=False)
    assert made.predict(FLOWER).tolist() == ["Iris-versicolor"]
    assert "version" not in made.__metadata__
    assert datetime.fromisoformat(made.__metadata__["train_timestamp"]) <= datetime.now(UTC)
    assert persister.list_models() == []

    fit(activate=False)
    [known] = persister.list_models()
    assert "active-model" not in persister.list_properties()
    with pytest.raises(LookupError, match="no active version"):
        persister.read()
    # the model is a search, and what it found is stored with it
    assert [found["param_C"] for found in json.loads(known["cv_results"])] == [1]
