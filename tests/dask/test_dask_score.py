"""Scoring on Dask: what this machine answers alone, whoever is killed, and what is told where it cannot be done."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest

import triglot.dask
from tests.dask.marks import AUTHORS, Marks, kill, kill_parent, without_r
from tests.functional.running import folder, quick
from tests.helpers import KEY, PATIENCE_S
from triglot.artefact import load_key
from triglot.engines.dask import DaskEngine
from triglot.errors import BadRequest, EstimatorFailed, LanguageUnavailable, ModelNotFound
from triglot.estimators import RRegressor
from triglot.scoring.bundle import Bundle
from triglot.scoring.inputs import USUAL, InFiles
from triglot.scoring.outputs import OutFolder
from triglot.scoring.run import Incomplete, Summary, Work
from triglot.scoring.scorer import Scorer
from triglot.scoring.source import Carried
from triglot.training.fit_worker import Bench

ROWS, FILES = 40, 4
X = pd.DataFrame({"id": np.arange(ROWS), "x": np.linspace(0, 1, ROWS)})


@dataclass(frozen=True)
class Curve:
    """A version of `curve.R` as a bundle, where its calls leave their marks, and a folder of rows."""

    place: Path
    bundle: Bundle
    marks: Marks

    @property
    def rows(self) -> Path:
        return self.place / "rows"

    @property
    def file(self) -> Path:
        return self.place / "curve.bundle"

    def work(self, out: Path, **options: Any) -> Work:
        """Return the work that answers all rows into a folder."""
        scorer = Scorer(Carried.of(self.bundle), keep=("id",), key_file=self.place / "key", **options)
        bad = self.place / f"{out.name}.csv" if options else None
        return Work(scorer, InFiles.of(self.rows, None, USUAL, whole=False), OutFolder(out, "parquet"), bad)


@pytest.fixture(scope="module")
def curve(benches: Callable[[str], Bench]) -> Iterator[Curve]:
    """Hold a version that the tests' key has signed, which the cluster's processes read from a file."""
    with folder() as place, pytest.MonkeyPatch.context() as patch:
        patch.delenv("TRIGLOT_SIGNING_KEY", raising=False)
        (place / "key").write_bytes(KEY)
        (place / "key").chmod(0o600)
        assert load_key(place / "key", {}) == KEY
        (place / "rows").mkdir()
        for number in range(FILES):
            part = X.iloc[number * ROWS // FILES : (number + 1) * ROWS // FILES]
            pyarrow.parquet.write_table(pa.Table.from_pandas(part), place / "rows" / f"{number}.parquet")
        model = RRegressor(script=str(AUTHORS / "curve.R"), fit_function="fit_line", params={"marks": str(place)})
        fitted = benches("r").fit("curve", model, X[["x"]], 2 * X["x"])
        made = Curve(place, Bundle("curve", 1, fitted.artefact), Marks(place))
        made.bundle.write(made.file, KEY)
        (place / "triglot-config.py").write_text("{'signing_key_file': 'key'}")
        yield made


@pytest.fixture
def engine(dask: Any) -> Iterator[DaskEngine]:
    """Hold an engine that reaches the cluster by its address."""
    made = DaskEngine(dask.scheduler.address)
    yield made
    made.close()


def done(work: Work, engine: DaskEngine) -> Summary:
    return work.do(engine, lambda *_: None)


def answered(out: Path) -> pd.DataFrame:
    """Return the answers in the order in which readers of folders find them."""
    return pyarrow.dataset.dataset(out, format="parquet").to_table().to_pandas()


def assert_whole(out: Path) -> None:
    found = answered(out)
    assert found["id"].tolist() == X["id"].tolist(), "no row is lost, none is there twice, and they are in order"
    np.testing.assert_allclose(found["prediction"], 2 * X["x"])


def test_each_process_answers_by_one_worker_of_its_own_and_all_rows_are_there(
    curve: Curve, engine: DaskEngine, tmp_path: Path
) -> None:
    curve.marks.clear()
    summary = done(curve.work(tmp_path / "out"), engine)
    assert_whole(tmp_path / "out")
    assert (summary.rows, summary.parts, summary.bad, summary.repeated) == (ROWS, FILES, 0, 0)
    first = set(curve.marks.processes())
    done(curve.work(tmp_path / "again"), engine)
    assert len({*first, *curve.marks.processes()}) <= 2
    assert done(curve.work(tmp_path / "again"), engine).before == FILES


@pytest.mark.parametrize("killing", [kill, kill_parent])
def test_whoever_is_killed_costs_time_and_no_row(
    curve: Curve, engine: DaskEngine, dask: Any, tmp_path: Path, killing: Callable[[int], None]
) -> None:
    dask.wait_for_workers(2, timeout=PATIENCE_S)
    curve.marks.clear()
    for number in range(20):  # to load a version is a call as well, for which no part is asked again
        done(curve.work(tmp_path / f"loaded-{number}"), engine)
        if len(set(curve.marks.processes())) == 2:
            break
    curve.marks.clear()
    with curve.marks.meanwhile(killing):
        summary = done(curve.work(tmp_path / "out"), engine)
    assert_whole(tmp_path / "out")
    assert (summary.rows, summary.repeated) == (ROWS, 1)
    dask.wait_for_workers(2, timeout=PATIENCE_S)


def test_rows_that_the_model_fails_on_are_put_aside_or_end_the_work(
    curve: Curve, engine: DaskEngine, tmp_path: Path
) -> None:
    odd = Curve(tmp_path, curve.bundle, curve.marks)
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    odd.rows.mkdir()
    pyarrow.parquet.write_table(pa.table({"id": [1, 2, 3], "x": [0.5, 901.0, 0.25]}), odd.rows / "a.parquet")

    summary = done(odd.work(tmp_path / "out", bad_rows="aside"), engine)
    assert (summary.rows, summary.bad) == (3, 1)
    assert answered(tmp_path / "out")["id"].tolist() == [1, 3]
    assert "a curve ends at 900" in (tmp_path / "out.csv").read_text()

    with pytest.raises(Incomplete, match=r"row 1: .*a curve ends at 900.* \(on the Dask worker tcp://"):
        done(odd.work(tmp_path / "refused"), engine)


def test_an_executor_without_the_language_is_told_before_anything_is_done(
    curve: Curve, engine: DaskEngine, dask: Any, tmp_path: Path
) -> None:
    told = "cannot run r: .*Install it there, where `triglot doctor r` says how"
    with without_r(dask) as address, pytest.raises(LanguageUnavailable, match=f"{address} {told}"):
        done(curve.work(tmp_path / "out"), engine)


def test_the_command_scores_on_a_scheduler_that_is_there(curve: Curve, dask: Any) -> None:
    arguments = ("--engine", "dask", "--scheduler", dask.scheduler.address, "--keep", "id")
    ran = quick("score", "curve.bundle", "rows", "answers/", *arguments, cwd=curve.place)
    assert ran.returncode == 0, ran.stderr
    assert f"{ROWS} rows answered by curve, version 1, in {FILES} parts" in ran.stderr
    assert_whole(curve.place / "answers")


@pytest.fixture
def frames(curve: Curve, dask: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Give the function that answers a frame in three partitions by the version."""
    from dask.dataframe import from_pandas

    monkeypatch.chdir(curve.place)

    def predict(frame: pd.DataFrame, **options: Any) -> Any:
        return triglot.dask.predict(curve.file, from_pandas(frame, npartitions=3), **options)

    with dask.as_current():
        yield predict


def test_a_frame_is_answered_with_its_index_and_what_is_kept(frames: Callable[..., Any], curve: Curve) -> None:
    given = X.assign(label=pd.Categorical(["a", "b"] * (ROWS // 2)), when=pd.Timestamp("2026-01-01"))
    given.index = pd.Index(np.arange(ROWS) * 10, name="place")
    curve.marks.clear()
    lazy = frames(given, keep=["label", "when", "id"])
    found = lazy.compute()
    assert found.index.equals(given.index)
    pd.testing.assert_frame_equal(found[["label", "when", "id"]], given[["label", "when", "id"]])
    np.testing.assert_allclose(found["prediction"], 2 * X["x"])
    assert lazy.dtypes.to_dict() == found.dtypes.to_dict()
    assert lazy["prediction"].sum().compute() == pytest.approx(ROWS)
    assert len(set(curve.marks.processes())) <= 2


def test_rows_without_an_answer_are_explained_left_out_or_refused(frames: Callable[..., Any]) -> None:
    given = X.assign(x=X["x"].where(X["id"] != 25, 901.0))
    explained = frames(given, keep=["id"], bad_rows="reason").compute()
    assert explained["id"].tolist() == X["id"].tolist()
    assert explained.index[explained["reason"].notna()].tolist() == [25]
    assert "a curve ends at 900" in explained.loc[25, "reason"]
    assert explained["prediction"].isna().sum() == 1
    assert frames(given, bad_rows="aside").compute().index.tolist() == [n for n in range(ROWS) if n != 25]
    with pytest.raises(EstimatorFailed, match=r"partition 1: row \d+: .*a curve ends at 900"):
        frames(given).compute()


def test_what_cannot_be_answered_is_told_before_anything_is_computed(frames: Callable[..., Any], dask: Any) -> None:
    with pytest.raises(BadRequest, match="x"):
        frames(X[["id"]])
    with pytest.raises(BadRequest, match="no classifier and has no probabilities"):
        frames(X, proba=True)
    with pytest.raises(BadRequest, match="keep: there is no column 'colour'"):
        frames(X, keep=["colour"])
    with pytest.raises(BadRequest, match="keep: 'prediction' is also what an answer is called"):
        frames(X.assign(prediction=1), keep=["prediction"])
    with pytest.raises(BadRequest, match="bad_rows is 'drop'; use one of refuse, aside, null, reason"):
        frames(X, bad_rows="drop")
    with pytest.raises(ModelNotFound, match="curve"):
        triglot.dask.predict("curve", None)
