"""Requests of the Open Inference Protocol for Flask's test client."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ROWS = [5.1, 3.5, 1.4, 0.2, 6.3, 2.5, 4.9, 1.5]
MATRIX = {"name": "x", "shape": [2, 4], "datatype": "FP64", "data": ROWS}
COLUMNS = ("sepal length", "sepal width", "petal length", "petal width")


class Asking:
    """Somebody who asks for inferences."""

    def __init__(self, http: FlaskClient) -> None:
        self.http = http

    def send(self, body: bytes, model: str = "iris", header: int | str | None = None, **headers: str) -> TestResponse:
        """Return the answer to a body, of which so many bytes are JSON."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if header is not None:
            said["Inference-Header-Content-Length"] = str(header)
        return self.http.post(f"/v2/models/{model}/infer", data=body, headers=said)

    def __call__(self, *inputs: Any, model: str = "iris", tail: bytes | None = None, **members: Any) -> TestResponse:
        """Return the answer to these inputs, with the bytes behind them if there are any."""
        head = orjson.dumps({"inputs": list(inputs), **members})
        return self.send(head + (tail or b""), model, None if tail is None else len(head))

    def outputs(self, *inputs: Any, **how: Any) -> dict[str, Any]:
        """Return the data of a good answer's outputs by their names."""
        answer = self(*inputs, **how)
        assert answer.status_code == 200, answer.text
        return {output["name"]: output["data"] for output in answer.json["outputs"]}

    def problems(self, *inputs: Any, **how: Any) -> list[tuple[str, int | None, str]]:
        """Return field, row and message of each problem of an answer that is 400."""
        answer = self(*inputs, **how)
        assert answer.status_code == 400, answer.text
        assert answer.content_type == "application/json"
        told = answer.json.get("problems", [{"field": "", "message": answer.json["error"]}])
        assert all(problem["message"] in answer.json["error"] for problem in told)
        return [(problem["field"], problem.get("row"), problem["message"]) for problem in told]


def column(name: str, data: Sequence[Any], datatype: str = "FP64", **members: Any) -> dict[str, Any]:
    """Return an input that is a column."""
    return {"name": name, "shape": [len(data), 1], "datatype": datatype, "data": list(data), **members}


@pytest.fixture
def ask(http: FlaskClient) -> Asking:
    return Asking(http)
