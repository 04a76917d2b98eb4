"""Dataset loaders over real files and a real database."""

import sqlite3

import numpy as np
import pandas as pd
import pytest

from triglot.config import read_config
from triglot.config.components import instantiate
from triglot.dataset import CSV, SQL, EmptyDatasetLoader, Table, load
from triglot.errors import ConfigError

ROWS = "a,b,y\n1,x,0\n2,z,1\n"


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(ROWS)
    return str(path)


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "data.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        "create table t (a real, b text, y integer); insert into t values (1.5, 'x', 0), (2, 'z', 1)"
    )
    connection.close()
    return f"sqlite:///{path}"


def test_a_call_gives_arrays_of_the_data_and_the_target(csv):
    X, y = CSV(csv, target_column="y")()
    assert type(X) is type(y) is np.ndarray
    assert X.tolist() == [[1, "x"], [2, "z"]]
    assert X.dtype == object
    assert y.tolist() == [0, 1]


def test_a_text_target_is_an_array_too(csv):
    _, y = CSV(csv, target_column="b")()
    assert type(y) is np.ndarray
    assert y.tolist() == ["x", "z"]


def test_without_ndarray_a_call_gives_pandas_objects(csv):
    X, y = CSV(csv, target_column="y", ndarray=False)()
    assert list(X.columns) == ["a", "b"]
    assert type(y) is pd.Series


def test_a_frame_keeps_names_and_types_whatever_a_call_gives(csv):
    X, y = CSV(csv, target_column="b", dtype={"y": "category"}).frame()
    assert list(X.columns) == ["a", "y"]
    assert [str(kind) for kind in X.dtypes] == ["int64", "category"]
    assert y.name == "b"


def test_without_a_target_column_there_is_no_target(csv):
    X, y = CSV(csv)()
    assert X.shape == (2, 3)
    assert y is None


def test_further_arguments_go_to_pandas(csv):
    X, y = CSV(csv, target_column="y", usecols=["a", "y"], nrows=1, converters={"y": lambda v: v + "!"})()
    assert (X.tolist(), y.tolist()) == ([[1]], ["0!"])
    X, y = CSV(csv, target_column=2, header=None, skiprows=1)()
    assert (X.tolist(), y.tolist()) == ([[1, "x"], [2, "z"]], [0, 1])


def test_a_table_is_separated_by_tabs_or_by_what_is_said(csv, tmp_path):
    path = tmp_path / "data.tsv"
    path.write_text(ROWS.replace(",", "\t"))
    assert Table(str(path), target_column="y")()[0].tolist() == [[1, "x"], [2, "z"]]
    assert Table(csv, sep=",", target_column="y")()[0].tolist() == [[1, "x"], [2, "z"]]


def test_each_call_reads_again(csv, tmp_path):
    loader = CSV(csv)
    assert len(loader()[0]) == 2
    (tmp_path / "data.csv").write_text(ROWS + "3,q,1\n")
    assert len(loader()[0]) == 3


@pytest.mark.parametrize("sql", ["select * from t order by a", "t"])
def test_a_query_or_a_table_of_a_database_is_read(sql, database):
    X, y = SQL(database, sql, target_column="y")()
    assert (X.tolist(), y.tolist()) == ([[1.5, "x"], [2.0, "z"]], [0, 1])
    frame, _ = SQL(database, sql, target_column="y", index_col="b").frame()
    assert list(frame.columns) == ["a"]


def test_the_database_is_opened_at_the_call_and_not_before(tmp_path):
    SQL(f"sqlite:///{tmp_path}/none.db", "t")
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    "loader", [lambda c, d: CSV(c, target_column="why"), lambda c, d: SQL(d, "t", target_column="why")]
)
def test_an_unknown_target_column_names_the_columns_there_are(loader, csv, database):
    with pytest.raises(ConfigError, match="target_column 'why' does not exist; the columns are 'a', 'b', 'y'"):
        loader(csv, database)()


def test_a_target_column_that_is_there_twice_is_refused(database):
    with pytest.raises(ConfigError, match="target_column 'y' is there more than once"):
        SQL(database, "select a, y, y from t", target_column="y")()


def test_a_missing_file_is_named_with_its_full_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        CSV("iris.data")()
    assert str(caught.value) == (
        f"dataset 'iris.data': there is no file '{tmp_path}/iris.data'; relative paths start at the working directory"
    )
    assert isinstance(caught.value.__cause__, FileNotFoundError)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sepp": ","}, "cannot be read: TypeError: .*'sepp'"),
        ({"usecols": ["q"]}, "cannot be read: ValueError: .*q"),
        ({"chunksize": 1}, "pandas gave TextFileReader instead of a data frame; leave out chunksize and iterator"),
    ],
)
def test_wrong_arguments_name_the_file(arguments, said, csv):
    with pytest.raises(ConfigError, match=f"^dataset '{csv}': {said}"):
        CSV(csv, **arguments)()


def test_an_empty_file_is_named(tmp_path):
    (tmp_path / "empty.csv").touch()
    with pytest.raises(ConfigError, match=r"empty\.csv': cannot be read: EmptyDataError"):
        CSV(str(tmp_path / "empty.csv"))()


def test_a_failing_query_is_named_with_the_database(database):
    with pytest.raises(ConfigError, match=r"^database 'sqlite:///.*': 'select nope from t' cannot be read: .*nope"):
        SQL(database, "select nope from t")()
    with pytest.raises(ConfigError, match=r"^database 'sqlite:///.*': pandas gave generator instead of a data frame"):
        SQL(database, "select * from t", chunksize=1)()


def test_no_message_shows_the_password():
    for url in ("no url with secret", "postgresql://me:secret@host:port/db"):
        with pytest.raises(ConfigError, match="dialect://user:password@host/name") as caught:
            SQL(url, "t")()
        assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"nodialect://me:\*\*\*@host/db'?: cannot be opened") as caught:
        SQL("nodialect://me:secret@host/db?password=secret", "t")()
    assert "secret" not in str(caught.value)


def test_the_empty_loader_gives_two_times_none():
    assert EmptyDatasetLoader()() == (None, None)
    assert load(EmptyDatasetLoader()) == (None, None)


def test_loading_prefers_frames_and_takes_any_callable(csv):
    X, _ = load(CSV(csv, target_column="y"))
    assert list(X.columns) == ["a", "b"]
    assert load(lambda: ([[1]], None)) == ([[1]], None)
    with pytest.raises(ConfigError, match="dataset loader function gave int; it must give a pair"):
        load(lambda: 3)


@pytest.mark.parametrize("name", ["triglot.dataset.CSV", "palladium.dataset.CSV"])
def test_a_configuration_names_a_loader(name, csv, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", list(__import__("sys").path))
    (tmp_path / "c.py").write_text(
        f"{{'d': {{'__factory__': '{name}', 'path': here + '/data.csv', 'target_column': 'y'}}}}"
    )
    _, y = instantiate(read_config([tmp_path / "c.py"], {}))["d"]()
    assert y.tolist() == [0, 1]


def test_a_subclass_may_read_by_another_function_of_pandas(tmp_path):
    class Lines(CSV):
        pandas_read = staticmethod(pd.read_json)

    (tmp_path / "d.jsonl").write_text('{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n')
    X, y = Lines(str(tmp_path / "d.jsonl"), target_column="b", lines=True)()
    assert (X.tolist(), list(y)) == ([[1], [2]], ["x", "y"])
