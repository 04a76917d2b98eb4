"""vetiver's routes: rows as R and Python write them, answers as tidymodels names them."""

from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.server.conftest import FLOWER
from triglot.server import prototype
from triglot.tables.schema import Schema
from triglot.tables.table import Column, Table

FRUIT = {"фрукт": "яблоко", "größe": 1.5, "whole": 1, "ripe": True}


def asked(http: FlaskClient, rows: Any, path: str = "iris/predict") -> Any:
    return http.post(f"/vetiver/{path}", json=rows)


def test_classes_numbers_and_probabilities_have_the_names_that_tidymodels_gives_them(http: FlaskClient) -> None:
    assert asked(http, [FLOWER]).json == {".pred_class": ["Iris-setosa"]}
    assert asked(http, [{"mood": 1.5}], "pair/predict").json == {".pred_1": [1.5], ".pred_2": [3.0]}
    assert asked(http, [{"mood": -1.0}] * 2, "moody/predict").json == {".pred": [None, None]}
    shares = asked(http, [FLOWER] * 2, "iris/predict_proba").json
    assert list(shares) == [".pred_Iris-setosa", ".pred_Iris-versicolor", ".pred_Iris-virginica"]
    assert np.sum(list(shares.values()), axis=0) == pytest.approx([1, 1])


def test_no_rows_are_columns_without_values(http: FlaskClient) -> None:
    assert asked(http, []).json == {".pred_class": []}
    assert set(map(len, asked(http, [], "iris/predict_proba").json.values())) == {0}


def test_row_names_and_other_columns_are_ignored_and_lists_are_in_the_order_of_the_columns(http: FlaskClient) -> None:
    good = asked(http, [FLOWER]).json

    assert asked(http, [FLOWER | {"_row": "Mazda RX4", "mood": "good"}]).json == good
    assert asked(http, [list(FLOWER.values())]).json == good
    assert http.post("/vetiver/iris/predict", data=b"[]", content_type="text/plain").status_code == 200


@pytest.mark.parametrize("gap", [{"größe": "NA"}, {"фрукт": "NA"}, {"größe": "NA", "фрукт": "NA"}])
def test_the_text_na_is_missing_where_it_cannot_be_a_value(http: FlaskClient, gap: dict[str, str]) -> None:
    told = asked(http, [FRUIT | gap], "fruit/predict")

    assert told.status_code == 200
    assert told.json == asked(http, [FRUIT | dict.fromkeys(gap)], "fruit/predict").json


def test_the_text_na_in_a_column_without_gaps_is_refused(http: FlaskClient) -> None:
    answer = asked(http, [FLOWER, FLOWER | {"sepal width": "NA"}])

    assert answer.status_code == 422
    assert "row 1, field 'sepal width': must not be null" in answer.json["message"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (FLOWER, "the body must be a list of rows"),
        ("x", "the body must be a list of rows"),
        ([{"sepal length": 1.0}], "field 'petal width': is missing"),
        ([[1.0]], "must be a list of 4 values"),
        ([FLOWER, 5], "must be an object"),
    ],
)
def test_what_does_not_fit_is_a_422_whose_message_says_why(http: FlaskClient, rows: Any, message: str) -> None:
    answer = asked(http, rows)

    assert answer.status_code == 422
    assert message in answer.json["message"]


def test_errors_of_others_keep_their_status(http: FlaskClient) -> None:
    assert asked(http, [], "rose/predict").status_code == 404
    assert asked(http, [{"mood": 1.0}], "moody/predict").status_code == 500
    assert asked(http, [{"mood": 1.0}], "moody/predict_proba").status_code == 422
    assert http.get("/vetiver/iris/predict").status_code == 405
    assert http.get("/vetiver/iris/pin-url").status_code == 404


def test_ping_metadata_and_prototype_are_told(http: FlaskClient) -> None:
    assert http.get("/vetiver/iris/ping").json["ping"] == "pong"
    about = http.get("/vetiver/iris/metadata").json
    assert list(about)[:4] == ["user", "version", "url", "required_pkgs"]
    assert (about["user"]["author"], about["version"]) == ("somebody", "1")
    assert http.get("/vetiver/iris/prototype").json["properties"]["petal width"] == {"example": 1.5, "type": "number"}
    assert http.get("/vetiver/iris/prototype?format=xml").status_code == 400


def test_a_prototype_holds_every_kind_of_column_as_a_json_schema_and_as_cereal() -> None:
    columns = {
        "x": Column("float64", np.array([1.0])),
        "n": Column("int64", np.array([7])),
        "yes": Column("bool", np.array([True])),
        "word": Column("string", np.array([None], dtype=object), np.array([True])),
        "kind": Column.category(np.array([0], dtype=np.int32), ("a", "b")),
        "grade": Column.category(np.array([0], dtype=np.int32), ("low", "high"), ordered=True),
        "day": Column.times(np.array(["2020-01-01"], dtype="datetime64[D]")),
        "at": Column.times(np.array(["2020-01-01"], dtype="datetime64[us]"), zone="Europe/Berlin"),
    }
    schema = Schema.learn(Table.of(columns))

    told = prototype.json_schema(schema.fields)
    row = {name: each["example"] for name, each in told["properties"].items()}
    assert told["required"] == list(schema.names)
    assert schema.rows([row]).rows == 1, "the model takes its own example"
    r_row = row | {"at": "2026-01-31 12:00:00", "day": "2026-01-31", "kind": "b"}  # as jsonlite writes them
    assert schema.rows([r_row]).rows == 1
    assert told["properties"]["word"] == {"example": "text", "type": ["string", "null"]}
    assert told["properties"]["kind"] == {"example": "a", "type": "string", "enum": ["a", "b"]}
    cereal = prototype.cereal(schema.fields)
    assert [each["type"] for each in cereal.values()] == [
        *("numeric", "integer", "logical", "character", "factor", "ordered", "Date", "POSIXct")
    ]
    assert cereal["at"]["details"] == {"tzone": "Europe/Berlin"}
    assert cereal["grade"] == {"type": "ordered", "example": "low", "details": {"levels": ["low", "high"]}}
    assert (cereal["x"], cereal["yes"]["example"]) == ({"type": "numeric", "example": "1.5", "details": []}, "TRUE")
