"""The data of one scope: by the loader's own parameters, by equal columns, by a query's bound values."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from triglot.dataset import CSV, SQL, EmptyDatasetLoader, Parquet, ScheduledDatasetLoader, Table
from triglot.errors import ConfigError
from triglot.scopes.loading import of_scope
from triglot.training.fit_worker import Bench

SALES = pd.DataFrame(
    {
        "store": ["007", "007", "NA", "7"],
        "price": [1.0, 2.0, 3.0, 4.0],
        "sold": [10, 20, 30, 40],
    }
)


def nobody(language: str) -> Bench:
    """Give no worker."""
    raise AssertionError(language)


def loaded(loader: Any, **values: str) -> tuple[list[str], list[float], list[int]]:
    """Return the columns, the prices and the target that a scope has."""
    data, target = of_scope(loader, values, nobody).frame()
    return list(data.columns), data["price"].tolist(), target.tolist()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Hold the sales in each form."""
    SALES.to_csv(tmp_path / "sales.csv", index=False)
    SALES.to_csv(tmp_path / "sales.tsv", index=False, sep="\t")
    SALES.to_parquet(tmp_path / "sales.parquet", index=False)
    SALES.assign(store=[7, 7, 8, 9]).to_parquet(tmp_path / "folders", partition_cols=["store"])
    SALES.to_sql("sales", f"sqlite:///{tmp_path / 'sales.db'}", index=False)
    return tmp_path


def test_a_table_of_text_gives_the_rows_with_the_values_as_the_file_has_them(place: Path) -> None:
    loader = CSV(str(place / "sales.csv"), "sold")
    assert loaded(loader, store="007") == (["price"], [1.0, 2.0], [10, 20])
    assert loaded(loader, store="7") == (["price"], [4.0], [40])
    assert loaded(loader, store="NA") == (["price"], [3.0], [30])
    assert loaded(Table(str(place / "sales.tsv"), "sold"), store="7")[1] == [4.0]
    X, y = of_scope(loader, {"store": "007"}, nobody)()
    assert (X.tolist(), y.tolist()) == ([[1.0], [2.0]], [10, 20])


def test_a_table_is_read_once_however_many_scopes_there_are(place: Path) -> None:
    loader = CSV(str(place / "sales.csv"), "sold")
    assert loaded(loader, store="007")[1] == [1.0, 2.0]
    (place / "sales.csv").unlink()
    assert loaded(loader, store="7")[1] == [4.0]


def test_parquet_is_filtered_in_files_and_in_folders_by_the_columns_own_types(place: Path) -> None:
    assert loaded(Parquet(str(place / "sales.parquet"), "sold"), store="007") == (["price"], [1.0, 2.0], [10, 20])
    assert loaded(Parquet(str(place / "folders"), "sold"), store="8") == (["price"], [3.0], [30])
    assert loaded(Parquet(str(place / "folders"), "sold"), store="007")[1] == [1.0, 2.0]


def test_a_query_gets_the_values_bound_and_a_table_is_asked_for_its_rows(place: Path) -> None:
    url = f"sqlite:///{place / 'sales.db'}"
    query = SQL(url, "SELECT price, sold FROM sales WHERE store = :store", "sold")
    assert loaded(query, store="007") == (["price"], [1.0, 2.0], [10, 20])
    assert loaded(query, store="x' OR 'a' = 'a")[1] == []
    assert loaded(SQL(url, "sales", "sold"), store="NA") == (["price"], [3.0], [30])


def test_a_loader_of_ones_own_is_called_by_name_or_says_itself_what_a_scope_has() -> None:
    def load(store: str, week: str = "1") -> tuple[Any, Any]:
        return [[float(store)]], [week]

    class Scoped:
        def scoped(self, values: dict[str, str]) -> Any:
            return lambda: ([[1.0]], [values["store"]])

    assert of_scope(load, {"store": "3"}, nobody)() == ([[3.0]], ["1"])
    assert of_scope(Scoped(), {"store": "3"}, nobody)() == ([[1.0]], ["3"])
    assert of_scope(None, {"store": "3"}, nobody) is None


def test_a_schedule_is_no_matter_for_one_fit_of_a_scope(place: Path) -> None:
    rule = {"freq": "DAILY", "dtstart": "2026-01-01T03:00:00"}
    kept = ScheduledDatasetLoader(CSV(str(place / "sales.csv"), "sold"), rule)
    assert loaded(kept, store="7")[1] == [4.0]


@pytest.mark.parametrize(
    ("loader", "values", "reason"),
    [
        (CSV("sales.csv", "sold"), {"store": "x"}, "no row has store='x'"),
        (CSV("sales.csv", "sold"), {"shop": "7"}, "there is no column 'shop'"),
        (Parquet("sales.parquet", "sold"), {"store": "x"}, "no row has store='x'"),
        (Parquet("folders", "sold"), {"store": "x"}, "no row has store='x'"),
        (Parquet("folders", "sold"), {"shop": "7"}, "there is no column 'shop'"),
        (SQL("sqlite:///sales.db", "SELECT * FROM sales"), {"store": "7"}, "has no :store, so that every store would"),
        (SQL("postgresql://me:secret@host:port/db", "sales"), {"store": "7"}, "the url of the SQL loader is none"),
        (EmptyDatasetLoader(), {"store": "7"}, "EmptyDatasetLoader has no argument 'store'"),
    ],
)
def test_what_has_no_rows_of_a_scope_or_takes_no_values_says_so(
    loader: Any, values: dict[str, str], reason: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    with pytest.raises(ConfigError, match=reason):
        of_scope(loader, values, nobody).frame()
