"""The model store and what is in it, as the doctor sees them; nothing is made or changed by looking."""

import os
import platform
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import KEY, require
from triglot.artefact import seal
from triglot.doctor import store, stored
from triglot.doctor.finding import Finding
from triglot.persisters.cached import CachedUpdatePersister
from triglot.persisters.file import File
from triglot.store import ModelStore


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "models.db"


def opened(place: Path) -> ModelStore:
    """Return the store of a file."""
    return ModelStore(f"sqlite:///{place}")


def look(persister: object) -> Finding:
    """Return what is found of a store."""
    (found,) = store.look(persister)  # type: ignore[arg-type]
    return found


def write(
    models: ModelStore, name: str, runtime: dict[str, str], *, language: str = "python", key: bytes = KEY
) -> None:
    """Write a version that was fitted with these versions, and activate it."""
    fields = {"language": language, "task": "regression", "spec": {}, "sources": {}, "runtime": runtime}
    artefact = seal({**fields, "created": datetime.now(UTC).isoformat()}, b"a model", key)
    models.activate(name, models.write(name, artefact))


def revised(place: Path, revision: str) -> None:
    """Let the tables be of another revision."""
    with closing(sqlite3.connect(place)) as database, database:
        database.execute("UPDATE triglot_schema SET version_num = ?", (revision,))


def test_a_store_that_is_not_there_is_not_made(place: Path) -> None:
    found = look(opened(place))
    assert (found.verdict, found.found) == ("ok", f"none yet; the first fit makes {place}")
    assert not place.exists()
    assert not store.is_there(opened(place))
    assert store.folder_of(opened(place)) == place.parent


def test_a_store_is_written_to_and_nothing_is_left_in_it(place: Path) -> None:
    models = opened(place)
    write(models, "m", {"language": platform.python_version()})
    for persister in (models, CachedUpdatePersister(models)):
        found = look(persister)
        assert found.verdict == "ok"
        assert found.found.endswith("models.db: 1 version of 1 model, writable")
    assert [info.model for info in models.list()] == ["m"]
    assert models.properties()["models"] == 1


def test_a_file_without_tables_gets_none_by_looking(place: Path) -> None:
    sqlite3.connect(place).close()
    place.touch()
    assert "no tables yet" in look(opened(place)).found
    assert opened(place).revision() is None


def test_tables_of_another_revision_are_told_and_left_alone(place: Path) -> None:
    opened(place).upgrade()
    revised(place, "0001")
    older = look(opened(place))
    assert older.verdict == "warn"
    assert "tables of revision 0001, to be brought to" in older.found
    assert older.advice.endswith("triglot upgrade")
    assert opened(place).revision() == "0001"

    revised(place, "9999")
    newer = look(opened(place))
    assert newer.verdict == "fail"
    assert "tables of a newer Triglot (9999, here " in newer.found
    assert not store.is_there(opened(place))


def test_a_store_that_cannot_be_written_to_is_told(place: Path) -> None:
    opened(place).upgrade()
    found = look(ModelStore(f"sqlite:///file:{place}?mode=ro&uri=true"))
    assert found.verdict == "fail"
    assert "readonly database" in found.found


def test_a_store_that_does_not_answer_is_told() -> None:
    found = look(ModelStore("postgresql://nobody:secret@127.0.0.1:1/models"))
    assert found.verdict == "fail"
    assert "check that the database runs" in found.found
    assert "secret" not in found.found


def test_a_store_of_another_kind_is_listed(tmp_path: Path) -> None:
    found = look(File(path=str(tmp_path / "model-{version}")))
    assert found.verdict == "ok"
    assert found.found.endswith(": 0 versions of 0 models")


def test_a_version_that_finds_what_it_was_fitted_with_is_well(place: Path) -> None:
    models = opened(place)
    write(models, "m", {"language": platform.python_version(), "numpy": np.__version__})
    (found,) = stored.look(models.list(), {})
    assert found.verdict == "ok"
    assert found.found == f"m version 1: Python {platform.python_version()} and its packages are as they were"


def test_what_has_changed_since_a_fit_is_told_with_the_models_name(place: Path) -> None:
    models = opened(place)
    write(models, "old", {"language": "3.9.1", "numpy": "1.21.0"})
    write(models, "lost", {"language": platform.python_version(), "a-package-that-nobody-has": "1.0"})
    lost, old = stored.look(models.list(), {})
    here = f"Python 3.9.1 then, {platform.python_version()} here; numpy 1.21.0 then, {np.__version__} here"
    assert (old.verdict, old.found) == ("warn", f"old version 1: {here}")
    assert old.advice == "fit it again: triglot fit old"
    assert lost.verdict == "warn"
    assert lost.found == "lost version 1 was fitted with a-package-that-nobody-has 1.0, not found beside it here"
    assert lost.advice == "python -m pip install a-package-that-nobody-has"


@pytest.mark.parametrize(("language", "name"), [("r", "R"), ("julia", "Julia")])
def test_versions_of_r_and_julia_are_asked_of_themselves(place: Path, language: str, name: str) -> None:
    require(language)
    models = opened(place)
    write(models, "m", {"language": "0.0.1", "attached": "stats"}, language=language)
    write(models, "n", {"language": "0.0.1", "NoSuchPackage": "1.0"}, language=language)
    changed, lost = stored.look(models.list(), os.environ)
    assert changed.found.startswith(f"m version 1: {name} 0.0.1 then, ")
    assert lost.found == "n version 1 was fitted with NoSuchPackage 1.0, not found beside it here"
    assert lost.advice.startswith(f"install them beside {name}")
    assert list(stored.look(models.list(), {"PATH": "/nonexistent", "TRIGLOT_HOME": "/nonexistent"})) == []


def test_a_version_of_a_language_that_is_not_started_here_is_compared_with_no_other(place: Path) -> None:
    models = opened(place)
    write(models, "gems", {"language": "3.3.0"}, language="ruby")
    assert list(stored.look(models.list(), os.environ)) == []


def test_a_version_that_another_key_signed_is_told(place: Path) -> None:
    models = opened(place)
    write(models, "mine", {})
    write(models, "theirs", {}, key=b"another key that is long enough")
    (found,) = stored.signed(models, models.list(), KEY)
    assert found.verdict == "fail"
    assert found.found.startswith("theirs version 1: the artefact's signature does not hold")
