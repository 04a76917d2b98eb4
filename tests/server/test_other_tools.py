"""Bodies as other tools write them: the types of polars and DuckDB, and CSV whose type says how it is written."""

from typing import Any

import pyarrow as pa
import pytest
from flask.testing import FlaskClient

from tests.bulk.test_conforming import arrow_body
from tests.server.test_bulk import FRUIT, IRIS, send
from triglot.bodies.media import ARROW, CSV


@pytest.mark.parametrize("codes", [pa.uint8(), pa.uint32()], ids=str)
@pytest.mark.parametrize("text", [pa.string(), pa.string_view()], ids=str)
def test_categories_and_decimals_come_as_polars_and_duckdb_write_them(http: FlaskClient, text: Any, codes: Any) -> None:
    rows = pa.Table.from_pylist(FRUIT)
    fruit = pa.DictionaryArray.from_arrays(pa.array([0, None], codes), pa.array(["яблоко"], text))
    written = rows.set_column(0, "фрукт", fruit).set_column(1, "größe", rows["größe"].cast(pa.decimal128(2, 1)))

    answer = send(http, "/models/fruit/predict", ARROW, arrow_body(written))

    assert answer.status_code == 200, answer.text
    assert answer.json["result"] == http.post("/models/fruit/predict", json=FRUIT).json["result"]


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        ('header=present; delimiter=";"; decimal=","', "mood\n-1,5\n"),
        ("delimiter=%3B; decimal=%2C", "mood\n-1,5\n"),
        ('delimiter=";"', 'mood\n"-1.5"\n'),
        ("delimiter=tab", "mood\n-1.5\n"),
    ],
)
def test_a_type_of_csv_may_say_how_it_is_written(http: FlaskClient, parameters: str, body: str) -> None:
    answer = http.post("/models/pair/predict", data=body.encode(), content_type=f"{CSV}; {parameters}")

    assert answer.status_code == 200, answer.text
    assert answer.json["result"] == [[-1.5, -3.0]]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("delimiter=x", "delimiter is 'x'; it must be one of ',', ';', '|' and tab"),
        ("decimal=%3B", "decimal is ';'; it must be '.' or ','"),
        ("decimal=%2C", "commas cannot be both decimal and between fields; write semicolons between fields"),
        ("header=absent", "CSV must have a header; put the names of the columns into its first line"),
        ("delimiter=;", 'the header of the CSV has semicolons and no comma: say delimiter=";" behind text/csv'),
    ],
)
def test_how_csv_cannot_be_written_is_a_400_that_says_what_can(
    http: FlaskClient, parameters: str, message: str
) -> None:
    answer = http.post(IRIS, data=b"a;b\n1;2\n", content_type=f"{CSV}; {parameters}")

    assert answer.status_code == 400
    assert message in answer.json["metadata"]["error_message"]
