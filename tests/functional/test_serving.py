"""Three languages behind one address: the same routes, the same shapes, the same rules."""

import csv

import pytest

from tests.functional.running import EXAMPLES, Running
from tests.helpers import require

FIELDS = ("sepal length", "sepal width", "petal length", "petal width")
CLASSES = ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
IRIS = ("iris-python", "iris-r", "iris-julia")


@pytest.fixture(params=IRIS)
def model(request: pytest.FixtureRequest) -> str:
    """Give each iris model in turn."""
    require(request.param.removeprefix("iris-"))
    return str(request.param)


def flowers(count: int) -> list[dict[str, float]]:
    """Return every third flower of the data set."""
    with (EXAMPLES / "data" / "iris.data").open(newline="") as lines:
        rows = [row for row in csv.reader(lines) if row][: 3 * count : 3]
    return [dict(zip(FIELDS, map(float, row[:4]), strict=True)) for row in rows]


def test_a_get_answers_one_class_and_says_who_answered(service: Running, model: str) -> None:
    answer = service.get(f"/models/{model}/predict", **dict(zip(FIELDS, (5.2, 3.5, 1.5, 0.2), strict=True)))

    assert answer.result == "Iris-setosa"
    metadata = answer.body["metadata"]
    assert list(metadata)[:2] == ["status", "error_code"]
    assert metadata.pop("request_id") == answer.headers["x-request-id"]
    assert metadata == {
        "status": "OK",
        "error_code": 0,
        "model": model,
        "version": 1,
        "language": model.removeprefix("iris-"),
        "service_name": "every model there is",
    }


def test_a_post_answers_each_row_as_it_is_answered_alone(service: Running, model: str) -> None:
    rows = flowers(30)

    together = service.post(f"/models/{model}/predict", rows).result

    assert together == [service.get(f"/models/{model}/predict", **row).result for row in rows]
    assert set(together) == set(CLASSES)


def test_probabilities_come_in_class_order_and_sum_to_one(service: Running, model: str) -> None:
    rows = flowers(30)

    answer = service.post(f"/models/{model}/predict_proba", rows)

    assert answer.body["metadata"]["classes"] == CLASSES
    assert [sum(row) for row in answer.result] == pytest.approx([1.0] * 30)
    best = [CLASSES[row.index(max(row))] for row in answer.result]
    assert best == service.post(f"/models/{model}/predict", rows).result


def test_one_row_may_also_be_posted_and_stays_a_list(service: Running, model: str) -> None:
    answer = service.post(f"/models/{model}/predict_proba", flowers(1))

    assert len(answer.result) == 1
    assert len(answer.result[0]) == 3
    assert answer.result[0] == service.get(f"/models/{model}/predict_proba", **flowers(1)[0]).result


def test_no_rows_are_no_answers(service: Running, model: str) -> None:
    assert service.post(f"/models/{model}/predict", []).result == []
    assert service.post(f"/models/{model}/predict_proba", []).result == []


def test_a_category_and_a_number_reach_an_r_formula(service: Running) -> None:
    require("r")
    one = service.get("/models/tooth-r/predict", supp="OJ", dose=0.5).result
    assert one == pytest.approx(14.25, abs=0.1)

    rows = [{"supp": supp, "dose": dose} for supp in ("OJ", "VC") for dose in (0.5, 1, 2)]
    together = service.post("/models/tooth-r/predict", rows).result
    assert together[0] == pytest.approx(one)
    assert together == [service.post("/models/tooth-r/predict", [row]).result[0] for row in rows]
    assert together[0] > together[3]


def test_a_level_that_the_model_never_saw_is_refused_with_the_known_ones(service: Running) -> None:
    require("r")
    answer = service.get("/models/tooth-r/predict", supp="XX", dose=0.5)

    assert answer.status == 400
    assert answer.body["metadata"]["problems"] == [
        {"field": "supp", "message": "'XX' is none of the levels 'OJ', 'VC'"}
    ]


def test_a_configured_service_renames_the_fields_and_ignores_others(service: Running) -> None:
    answer = service.get("/predict", sl=5.2, sw=3.5, pl=1.5, pw=0.2, colour="blue")

    assert answer.result == "Iris-setosa"
    assert answer.body["metadata"]["model"] == "iris-python"
    assert service.get("/predict", sl=5.2, sw=3.5, pl=1.5).message.endswith("field 'pw': is missing")


def test_bad_input_is_told_alike_by_every_language(service: Running, model: str) -> None:
    row = {"sepal length": "long", "sepal width": None, "petal length": 1.5, "petal widht": 0.2}

    answer = service.post(f"/models/{model}/predict", [*flowers(1), row])

    assert answer.status == 400
    assert answer.body["metadata"]["problems"] == [
        {"field": "sepal length", "message": "must be a number, not the text 'long'", "row": 1},
        {
            "field": "sepal width",
            "message": "must not be null: the model was fitted to no gaps in this column, or fails on them",
            "row": 1,
        },
        {"field": "petal width", "message": "is missing", "row": 1},
        {
            "field": "petal widht",
            "message": "is not a field of this model; did you mean 'petal width'?",
            "row": 1,
        },
    ]


def test_a_number_that_is_none_is_null(service: Running, language: str) -> None:
    require(language)

    answer = service.post(f"/models/moody-{language}/predict", [{"mood": 4, "seconds": 0}])

    assert answer.result == [None]


def test_alive_tells_of_this_process_and_of_what_is_required(service: Running) -> None:
    answer = service.get("/alive")

    assert answer.status == 200
    assert answer.body["service_metadata"] == {"service_name": "every model there is"}
    assert 10 < answer.body["memory_usage"] < 500
    metadata = answer.body["iris-python"]["metadata"]
    assert metadata.pop("train_timestamp")
    assert metadata == {"version": 1, "model": "iris-python", "language": "python"}


def test_ready_counts_the_workers_of_every_model(service: Running) -> None:
    answer = service.get("/ready")

    assert answer.status == 200
    assert answer.body["ready"] is True
    assert answer.body["models"]["iris-python"] == {"version": 1, "language": "python", "workers": 1}


def test_list_holds_every_version_with_its_aliases(service: Running) -> None:
    models = service.get("/list").body["models"]

    found = {(entry["model"], entry["version"]): entry["aliases"] for entry in models}
    assert found["iris-python", 1] == ["active"]
    assert found["moody-python", 1] == ["active"]
    assert found["moody-python", 2] == []


def test_the_socket_enforces_what_the_application_says(service: Running) -> None:
    unknown = service.get("/nowhere")
    assert unknown.status == 404
    assert unknown.body["metadata"]["status"] == "ERROR"

    wrong = service.ask("DELETE", "/alive", None)
    assert wrong.status == 405
    assert "GET" in wrong.headers["allow"]

    head = service.ask("HEAD", "/models/moody-python/predict?mood=0&seconds=0", None)
    assert (head.status, head.body) == (200, b"")
