"""A move as Palladium's users make it: what they are told before, and what is said of what stays behind."""

import logging
import os
from pathlib import Path

import pytest
from sklearn.model_selection import GridSearchCV

from tests.helpers import KEY
from tests.persisters.palladium import R_MODEL, SPECIES, Old, X, classifier, leave_folder, leave_tables
from triglot.assembly import service
from triglot.cli import pld as commands
from triglot.project import Project
from triglot.store import ModelStore

FORMER = Path(__file__).parents[1] / "workers" / "former"
CONFIG = """{
    'model_persister': {'!': 'palladium.persistence.Database', 'url': 'sqlite:///iris-model.db'},
    'predict_service': {'!': 'palladium.server.PredictService', 'mapping': [('length', 'float'), ('width', 'int')]},
}"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "palladium-config.py").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIGLOT_SIGNING_KEY", KEY.decode())
    for variable in ("TRIGLOT_CONFIG", "PALLADIUM_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def leave(place: Path, *versions: Old, active: int) -> None:
    leave_tables(f"sqlite:///{place / 'iris-model.db'}", list(versions), active=active)


def run(name: str, *arguments: str) -> int:
    return commands.run_by_name(name, list(arguments))


COMMANDS = {
    "admin": ("activate", "1"),
    "export": (),
    "fit": (),
    "grid-search": ("--persist-best",),
    "list": (),
    "stream": (),
    "test": (),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_on_a_database_that_was_not_moved_name_pld_upgrade(
    command: str, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    leave(place, Old(1, classifier()), active=1)
    (place / "palladium-config.py").write_text(CONFIG[:-1] + "'model': {'!': 'sklearn.dummy.DummyClassifier'}}")
    assert run(command, *COMMANDS[command]) == (0 if command == "list" else 1)
    assert "1 version of Palladium's is in sqlite" in caplog.text
    assert caplog.text.count("pld-upgrade moves what can be moved in") == 1
    assert "Traceback" not in caplog.text


def test_a_server_on_a_folder_that_was_not_moved_names_pld_upgrade(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    leave_folder(place / "models", [Old(1, classifier()), Old(2, classifier())], 2)
    persister = "{'!': 'palladium.persistence.File', 'path': 'models/m-{version}'}"
    for cached in (persister, f"{{'!': 'palladium.persistence.CachedUpdatePersister', 'impl': {persister}}}"):
        caplog.clear()
        (place / "palladium-config.py").write_text(f"{{'model_persister': {cached}}}")
        service(Project([], {**os.environ, "TRIGLOT_RUN_DIR": str(place / "run")}, place)).close()
        assert "2 versions of Palladium's are in" in caplog.text
        assert "pld-upgrade moves what can be moved in" in caplog.text


def test_where_the_active_one_stays_behind_nothing_is_active_and_that_is_said(
    place: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    search = GridSearchCV(classifier(), {"logisticregression__C": [0.1, 1.0]}, cv=2).fit(X, SPECIES)
    leave(place, Old(1, search), Old(2, R_MODEL), active=2)
    assert run("upgrade", "--trust-pickles") == 0
    said = capsys.readouterr().out
    assert "No version of model model is active: what was active in Palladium stays behind." in said
    assert "GridSearchCV, to become a version of model model\n    is version 1 now" in said
    assert run("list") == 0
    assert "pld-upgrade" not in caplog.text


@pytest.mark.parametrize("name", ["search", "pipeline", "forest"])
def test_a_search_of_former_scikit_learn_becomes_a_version_that_answers_by_its_best(
    name: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pickled = (FORMER / f"{name}.pkl").read_bytes()
    leave(place, Old(1, pickled, {"score_test": 0.9, "cv_results": '[{"rank": 1}]'}), active=1)
    assert run("upgrade", "--trust-pickles") == 0, capsys.readouterr()
    assert "Activated model model with version 1." in capsys.readouterr().out
    stored = ModelStore(f"sqlite:///{place / 'iris-model.db'}").read("model", 1)
    assert (stored.metrics, stored.metadata["cv_results"]) == ({"score_test": 0.9}, '[{"rank": 1}]')
    assert stored.artefact.card().classes == ("setosa", "virginica")
    assert stored.artefact.card().get("golden")


def test_what_lacks_an_attribute_that_its_library_wants_today_stays(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(place, Old(1, (FORMER / "isolation.pkl").read_bytes()), active=1)
    assert run("upgrade", "--trust-pickles") == 1
    said = capsys.readouterr()
    assert "stays: its library has changed since: 'IsolationForest' object has no attribute" in said.out
    assert "No version of model model is active" in said.out
    assert "1 of Palladium's versions could not be converted" in said.err
