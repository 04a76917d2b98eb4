"""Moving in from Palladium, exporting, and Palladium's words for single versions, by the command line."""

import base64
import gzip
import os
import pickle
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tests.persisters.palladium import (
    R_MODEL,
    SPECIES,
    Boom,
    Old,
    Said,
    X,
    classifier,
    iris,
    leave_folder,
    leave_tables,
)
from triglot.artefact import Artefact
from triglot.cli.main import main
from triglot.errors import ConfigError
from triglot.palladium.migrate import Converter, source_at
from triglot.persister import Persister
from triglot.persisters.file import File
from triglot.persisters.palladium_source import Contents, OldVersion, foreign_name, names_in
from triglot.persisters.palladium_tables import PalladiumTables
from triglot.store import ModelStore
from triglot.tables.json_answers import parsed
from triglot.training.fit_worker import Bench, bench

KEY = "a key for tests, 32 bytes long.."
SERVICE = (
    "'predict_service': {'!': 'palladium.server.PredictService', 'mapping': [('length', 'float'), ('width', 'int')]}"
)
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `triglot` in the test's own folder with a configuration."""
    monkeypatch.chdir(tmp_path)
    for name in ("TRIGLOT_CONFIG", "PALLADIUM_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRIGLOT_SIGNING_KEY", KEY)

    def call(*arguments: str, config: str = "", code: int = 0) -> Result:
        (tmp_path / "config.py").write_text("{'model_name': 'iris', " + f"{SERVICE}, {config}" + "}")
        done = CliRunner().invoke(main, ["-c", "config.py", *arguments], catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done

    return call


@pytest.fixture(scope="module")
def worker() -> Iterator[Bench]:
    """A worker for Python with the tests' key."""
    with bench("python", {**os.environ, "TRIGLOT_SIGNING_KEY": KEY}) as made:
        yield made


def test_a_database_of_palladium_moves_in_once(run: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/iris-model.db"
    config = f"'model_persister': {{'!': 'palladium.persistence.Database', 'url': '{url}'}}"
    leave_tables(url, iris(), active=3)
    said = run("upgrade", config=config).stdout
    assert "version 3 (active): a pickle of sklearn.pipeline.Pipeline, to become a version of model iris" in said
    assert "version 5: stays, as it is a palladium.R.ClassificationModel, which only Palladium's own process" in said
    assert "a pickle runs code when it is opened. If you trust whoever wrote these, say --trust-pickles" in said
    store = ModelStore(url)
    assert store.list() == []

    said = run("upgrade", "--trust-pickles", config=config).stdout
    assert (
        "version 2: a pickle of sklearn.pipeline.Pipeline, to become a version of model iris\n    is version 1 now"
        in said
    )
    assert "version 5: stays, as it is a palladium.R.ClassificationModel" in said
    assert "LinearRegression, to become a version of model iris\n    is version 3 now" in said
    assert "Activated model iris with version 2." in said
    infos = store.list()
    assert [(info.version, info.task, info.aliases) for info in infos] == [
        (1, "classification", ()),
        (2, "classification", ("active",)),
        (3, "regression", ()),
    ]
    assert infos[1].metrics == {"score_train": 0.95, "score_test": 0.925}
    assert infos[1].metadata["cv_results"] == '[{"rank": 1}]'
    assert infos[0].metadata["train_timestamp"] == "2020-01-02T03:04:05.678901"
    card = infos[1].card
    assert card["classes"] == ["setosa", "virginica"]
    assert card["schema"] == [{"name": "length", "kind": "float64"}, {"name": "width", "kind": "int64"}]
    assert card["spec"] == {"python_path": [str(tmp_path)], "x": "matrix"}
    assert store.read("iris", 2).artefact.verified(KEY.encode())

    store.activate("iris", 1)
    said = run("upgrade", "--trust-pickles", config=config).stdout
    assert "version 3 (active): is version 2 of model iris already" in said
    assert "Activated" not in said
    assert store.aliases("iris") == {"active": 1}
    assert len(store.list()) == 3


@pytest.mark.parametrize("clob", [False, True])
def test_tables_are_read_as_they_are(tmp_path: Path, clob: bool) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    versions = iris()
    leave_tables(url, versions, active=2, postfix="iris", clob=clob, chunk_size=100)
    for source in (PalladiumTables(url), PalladiumTables(url, "iris")):
        contents = source.contents()
        assert [old.version for old in contents.versions] == [2, 3, 5, 8]
        assert (contents.active, contents.db_version) == (2, "1.2.4.1")
        assert "version" not in contents.versions[0].metadata
        assert source.identity == f"sqlite+pysqlite:///{tmp_path}/old.db#models_iris"
        for old in versions:
            assert source.pickled(old.version) == old.pickled()
    leave_tables(url, versions, active=2, postfix="other")
    with pytest.raises(ConfigError, match=r"several sets of Palladium's tables; add .* table_postfix \(iris, other\)"):
        PalladiumTables(url).contents()
    assert PalladiumTables(url, "nothing").contents().versions == ()
    with pytest.raises(ConfigError, match=r"^'mysql' begins no URL of a database$"):
        PalladiumTables("mysql://me:secret@host:port/old")


def test_a_deleted_model_does_not_come_back_under_a_number_that_was_used_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    again = Old(1, classifier(2.0))
    leave_tables(url, [Old(1, classifier(0.5)), again], active=1)
    assert PalladiumTables(url).pickled(1) == again.pickled()


def test_the_step_to_1_0_activates_the_highest_version(run: Run, tmp_path: Path) -> None:
    versions = (OldVersion(1, {}), OldVersion(4, {}))
    old = Contents(versions, None, None)
    assert old.after_steps(None, None).active == 4
    assert old.after_steps("0.9.1", "1.2.4.1").active == 4
    assert old.after_steps("1.0", None).active is None
    assert old.after_steps("0.9", "0.9.5").active is None
    assert Contents(versions, 1, "1.2.4.1").after_steps("0.9", None).active == 1
    assert Contents(versions, None, "1.2.4.1").after_steps(None, None).active is None
    with pytest.raises(ConfigError, match="--from 'one' is no version of Palladium"):
        old.after_steps("one", None)
    url = f"sqlite:///{tmp_path}/old.db"
    leave_tables(url, [Old(1, classifier()), Old(2, classifier())], active=None)
    assert "(active)" not in run("upgrade", "--source", url).stdout
    assert "version 2 (active): a pickle" in run("upgrade", "--source", url, "--from", "0.9.1").stdout


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_a_pickle_would_load_is_known_without_opening_it(
    protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("palladium.R")
    module.RegressionModel = type("RegressionModel", (), {"__module__": "palladium.R"})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "palladium.R", module)
    step = module.RegressionModel()
    names = names_in(pickle.dumps([classifier(), step, step, Boom("true")], protocol))
    assert {"sklearn.pipeline.Pipeline", "palladium.R.RegressionModel", "posix.system"} <= set(names)
    assert foreign_name(names) == "palladium.R.RegressionModel"
    assert foreign_name(names_in(pickle.dumps(classifier(), protocol))) is None
    file = tmp_path / "ran"
    names_in(pickle.dumps(Boom(f"touch {file}"), protocol))
    assert not file.exists()


def test_a_pickle_is_opened_only_on_demand_and_in_another_process(run: Run, tmp_path: Path) -> None:
    marker = tmp_path / "opened-by"
    url = f"sqlite:///{tmp_path}/old.db"
    boom = pickle.dumps(Boom(f"echo $PPID > {marker}"))
    leave_tables(url, [Old(1, boom), Old(2, b"no pickle"), Old(3, classifier())], active=3)
    run("upgrade", "--source", url)
    assert not marker.exists()
    done = run("upgrade", "--source", url, "--trust-pickles", code=1)
    assert int(marker.read_text()) not in (0, os.getpid())
    assert "version 1: a pickle of posix.system" in done.stdout
    assert "stays: it holds a builtins.int, which has no predict" in done.stdout
    assert "version 2: stays, as it is no pickle that can be read" in done.stdout
    assert "Activated model iris with version 1." in done.stdout
    assert "1 of Palladium's versions could not be converted" in done.stderr


def test_a_folder_moves_in_where_it_is(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    leave_folder(folder, [Old(1, R_MODEL), Old(2, classifier(0.5), {"score_test": 0.9})], 2, b"<html>")
    config = f"'model_persister': {{'!': 'palladium.persistence.File', 'path': '{folder}/m-{{version}}'}}"
    before = (folder / "m-2.pkl.gz").read_bytes()
    assert "Activated model iris with version 3." in run("upgrade", "--trust-pickles", config=config).stdout
    persister = File(f"{folder}/m-{{version}}", model="iris")
    infos = persister.list("iris")
    assert [(info.version, bool(info.card), info.aliases) for info in infos] == [
        (1, False, ()),
        (2, False, ()),
        (3, True, ("active",)),
    ]
    assert persister.read("iris", 3).metrics == {"score_test": 0.9}
    report = base64.b64encode(b"<html>").decode()
    assert persister.read("iris", 3).metadata["attachments/report.html"] == report
    assert persister.read("iris").artefact.blob == gzip.decompress(before)
    assert (folder / "m-2.pkl.gz").read_bytes() == before
    assert "version 2: is version 3 of model iris already" in run("upgrade", config=config).stdout


def test_a_folder_of_before_1_0_moves_into_another_store(run: Run, worker: Bench, tmp_path: Path) -> None:
    leave_folder(tmp_path / "old", [Old(1, R_MODEL), Old(2, classifier())], active=None)
    source = f"{tmp_path}/old/m-{{version}}"
    said = run("upgrade", "--source", source, "--trust-pickles").stdout
    assert f"Palladium's models in {source}:" in said
    assert "Activated model iris with version 1." in said
    artefact = ModelStore(f"sqlite:///{tmp_path}/triglot.db").read("iris").artefact
    rows = pd.DataFrame({"length": X[:, 0], "width": X[:, 1].astype(int)})
    classes = artefact.card()["classes"]
    expected = [classes.index(label) for label in classifier().predict(rows.to_numpy())]
    assert worker.predict("iris", artefact, rows).tolist() == expected
    assert set(expected) == {0, 1}


def test_a_source_may_be_a_key_of_the_configuration(run: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    for postfix in ("iris", "other"):
        leave_tables(url, [Old(1, R_MODEL)], active=1, postfix=postfix)
    old = f"'old': {{'!': 'palladium.persistence.DatabaseCLOB', 'url': '{url}', 'table_postfix': 'other'}}"
    assert "#models_other" in run("upgrade", "--source", "old", "--trust-pickles", config=old).stdout


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nothing", "'nothing' is no source: give a key of the configuration"),
        ("sqlite:///nothing.db", "there is no file"),
        ("nothing/m-{version}", "Palladium has left no models there"),
        ("predict_service", "predict_service is of type PredictService and no persister: it lacks"),
    ],
)
def test_a_source_that_is_none_is_said(run: Run, source: str, said: str) -> None:
    assert said in run("upgrade", "--source", source, code=1).stderr


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("'predict_service': None", "add a predict_service with a mapping"),
    ],
)
def test_without_the_columns_nothing_is_opened(run: Run, tmp_path: Path, service: str, said: str) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    leave_tables(url, [Old(1, pickle.dumps(Boom(f"touch {tmp_path}/ran")))], active=1)
    assert said in run("upgrade", "--source", url, "--trust-pickles", config=service, code=1).stderr
    assert not (tmp_path / "ran").exists()


def test_a_model_of_single_values_is_converted_as_such(worker: Bench, tmp_path: Path) -> None:
    texts = np.array(["good day", "good night", "bad luck", "bad day"])
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, ["+", "+", "-", "-"])
    url = f"sqlite:///{tmp_path}/old.db"
    leave_tables(url, [Old(1, model)], active=1)
    store = ModelStore(f"sqlite:///{tmp_path}/new.db")
    converter = Converter("t", [("text", "str")], KEY.encode(), lambda: nullcontext(worker), single_values=True)
    [old] = PalladiumTables(url).contents().versions
    assert converter.convert(PalladiumTables(url), old, store).here == 1

    artefact = store.read("t", 1).artefact
    assert artefact.card()["spec"]["x"] == "vector"
    assert artefact.card()["golden"]["rows"] == [["0"], ["1"], ["2"]]
    assert worker.predict("t", artefact, pd.DataFrame({"text": ["good", "bad"]})).tolist() == [0, 1]


def test_a_converted_version_has_answers_to_reproduce_unless_the_model_refuses_made_up_rows(
    worker: Bench, tmp_path: Path
) -> None:
    classes = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, SPECIES)
    picky = make_pipeline(FunctionTransformer(_refuse), LinearRegression()).fit(X + 100, X[:, 0])
    url = f"sqlite:///{tmp_path}/old.db"
    leave_tables(url, [Old(1, classes), Old(2, picky)], active=1)
    store = ModelStore(f"sqlite:///{tmp_path}/new.db")
    mapping = [("length", "float"), ("width", "float")]
    converter = Converter("m", mapping, KEY.encode(), lambda: nullcontext(worker), [str(Path(__file__).parents[2])])
    for old in PalladiumTables(url).contents().versions:
        assert converter.convert(PalladiumTables(url), old, store).here == old.version

    golden = store.read("m", 1).artefact.card()["golden"]
    assert golden["op"] == "predict_proba"
    assert golden["answers"] == classes.predict_proba([[0, 0], [1, 1], [2, 2]]).tolist()
    assert "golden" not in store.read("m", 2).artefact.card()


def _refuse(rows: np.ndarray) -> np.ndarray:
    """Return rows that are large, as those of the fit were."""
    if rows.min() < 50:
        raise ValueError("too small")
    return rows


@pytest.mark.parametrize(
    ("answers", "is_any", "result"),
    [
        (np.array([1, 0, 1]), True, [1, 0, 1]),
        ([{"kind": "setosa"}] * 3, True, [{"kind": "setosa"}] * 3),
        (np.array([["setosa"], ["virginica"], ["setosa"]], dtype=object), False, None),
        (np.array(["setosa", "virginica", "setosa"], dtype=object), False, None),
    ],
)
def test_a_version_whose_answers_are_no_classes_is_converted_to_answer_as_it_did(
    worker: Bench, tmp_path: Path, answers: object, is_any: bool, result: object
) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    leave_tables(url, [Old(1, Said(answers))], active=1)
    store = ModelStore(f"sqlite:///{tmp_path}/new.db")
    mapping = [("length", "float"), ("width", "float")]
    converter = Converter("said", mapping, KEY.encode(), lambda: nullcontext(worker), [str(Path(__file__).parents[2])])
    [old] = PalladiumTables(url).contents().versions
    assert converter.convert(PalladiumTables(url), old, store).here == 1

    artefact = store.read("said", 1).artefact
    card = artefact.card()
    assert card.any_answers is is_any
    assert card.golden is not None
    found = worker.answer("said", artefact, card.golden.X, {})
    if is_any:
        assert parsed(found) == result
    else:
        assert found[:, 0].tolist() == [0, 1, 0]


def test_a_mapping_of_another_width_is_found_before_anything_is_stored(worker: Bench, tmp_path: Path) -> None:
    leave_folder(tmp_path / "old", [Old(1, classifier())], active=1)
    source = source_at(f"{tmp_path}/old/m-{{version}}")
    (old,) = source.contents().versions
    store = ModelStore(f"sqlite:///{tmp_path}/triglot.db")
    converter = Converter("iris", [("length", "float")], KEY.encode(), lambda: nullcontext(worker))
    outcome = converter.convert(source, old, store)
    assert "it was fitted on 2 columns, and the predict service maps 1; correct the mapping" in outcome.reason
    assert store.list() == []


EXPORT = (
    "'model': None, 'model_persister': {'!': 'palladium.persistence.CachedUpdatePersister', 'impl': "
    "{'!': 'palladium.persistence.Database', 'url': 'sqlite:///from.db'}, 'update_cache_rrule': {'freq': 'HOURLY'}}, "
    "'model_persister_export': {'!': 'palladium.persistence.File', 'path': 'to/m-{version}'}"
)


@pytest.fixture
def exported(tmp_path: Path, artefact: Callable[..., Artefact]) -> Persister:
    """Three versions to export; the second is active. Returned is where they go."""
    store = ModelStore(f"sqlite:///{tmp_path}/from.db")
    for blob in (b"one", b"two", b"three"):
        store.write("iris", artefact(blob), metrics={"score_test": 0.5}, metadata={"attachments/a": "aGk="})
    store.activate("iris", 2)
    return File(f"{tmp_path}/to/m-{{version}}", model="iris")


def test_a_version_is_exported_as_it_is(
    run: Run, exported: Persister, artefact: Callable[..., Artefact], caplog: pytest.LogCaptureFixture
) -> None:
    run("export", config=EXPORT)
    run("export", "--model-version", "3", "--no-activate", "iris", config=EXPORT)
    assert [r.getMessage() for r in caplog.records if "xported" in r.getMessage()] == [
        "Exported model. New version number: 1",
        "Exported model. New version number: 2",
    ]
    assert exported.active() == {"iris": 1}
    assert exported.read("iris", 1).artefact == artefact(b"two")
    found = exported.read("iris", 2)
    assert found.artefact == artefact(b"three")
    assert (found.metrics, found.metadata) == ({"score_test": 0.5}, {"attachments/a": "aGk="})
    assert (
        "no version 9; known versions: 1, 2, 3" in run("export", "--model-version", "9", config=EXPORT, code=1).stderr
    )


def test_an_export_needs_to_know_where_to(run: Run) -> None:
    assert "has no model_persister_export" in run("export", config="'model': None", code=1).stderr
    wrong = "'model': None, 'model_persister_export': {'!': 'builtins.dict'}"
    assert "model_persister_export is of type dict and no persister" in run("export", config=wrong, code=1).stderr


def test_palladiums_words_activate_and_delete(
    run: Run, tmp_path: Path, exported: Persister, caplog: pytest.LogCaptureFixture
) -> None:
    run("admin", "activate", "1", config=EXPORT)
    run("admin", "delete", "3", "iris", config=EXPORT)
    said = [record.getMessage() for record in caplog.records]
    assert "Activated model with version 1." in said
    assert "Deleted model with version 3." in said
    store = ModelStore(f"sqlite:///{tmp_path}/from.db")
    assert [info.version for info in store.list()] == [1, 2]
    assert store.active() == {"iris": 1}
    assert "is active" in run("admin", "delete", "1", config=EXPORT, code=1).stderr


def test_no_palladium_is_no_trouble(run: Run, tmp_path: Path) -> None:
    assert run("upgrade").stdout == "The model store is up to date.\n"
    with sa.create_engine(f"sqlite:///{tmp_path}/triglot.db", poolclass=sa.NullPool).connect() as connection:
        assert sa.inspect(connection).has_table("triglot_models")
