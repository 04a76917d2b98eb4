"""The rows that are asked about; with nothing but the standard library, since every environment reads them."""

import csv
import itertools
import urllib.parse
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "examples" / "data" / "iris.data"
FIELDS = ("sepal length", "sepal width", "petal length", "petal width")
TRAINED_ON = 100  # rows of the file, from its first on
MANY = 1000

Row = list[float]
ONE: Row = [6.3, 2.5, 4.9, 1.5]


def flowers() -> tuple[list[Row], list[str]]:
    """Return the 150 rows and their species."""
    with FILE.open(encoding="ascii", newline="") as file:
        lines = [line for line in csv.reader(file) if line]
    return [[float(cell) for cell in line[:4]] for line in lines], [line[4] for line in lines]


def many(values: list[Row] | list[str]) -> list[Row] | list[str]:
    """Return the 150 values again and again, up to a thousand."""
    return list(itertools.islice(itertools.cycle(values), MANY))  # type: ignore[return-value]


def query(row: Row) -> str:
    """Return a row as a query string."""
    return urllib.parse.urlencode(dict(zip(FIELDS, row, strict=True)))


def columns(rows: list[Row]) -> dict[str, tuple[float, ...]]:
    """Return rows as an object of columns."""
    return dict(zip(FIELDS, zip(*rows, strict=True), strict=True))
