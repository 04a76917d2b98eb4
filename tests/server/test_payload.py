"""JSON, in and out."""

import numpy as np
import orjson
import pytest

from triglot.bodies.payload import metadata
from triglot.server.payload import json_response


def test_numbers_that_json_has_no_word_for_are_null() -> None:
    body = json_response({"result": [float("nan"), float("inf"), 1.0]}).get_json()

    assert body == {"result": [None, None, 1.0]}


def test_floats_keep_every_digit_and_text_its_alphabet() -> None:
    response = json_response([3.141592653589793, 1e-300, "ä✓"])

    assert response.get_data() == '[3.141592653589793,1e-300,"ä✓"]'.encode()
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"


def test_numpy_values_are_plain_json() -> None:
    assert json_response({"a": np.float64(0.5), "b": np.arange(3)}).get_json() == {"a": 0.5, "b": [0, 1, 2]}


def test_the_status_is_as_given() -> None:
    assert json_response({}, 503).status_code == 503


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(orjson.JSONEncodeError):
        json_response({"a": object()})


def test_the_service_s_own_metadata_come_last_and_win() -> None:
    made = metadata({"status": "FINE", "name": "flowers"}, model="iris")

    assert list(made) == ["status", "error_code", "model", "name"]
    assert made["status"] == "FINE"
