"""The statistics of the Open Inference Protocol, by the routes that clients of Triton ask."""

import pytest
from flask.testing import FlaskClient

from tests.server.conftest import FLOWER

NOTHING = {"count": 0, "ns": 0}


def test_a_model_s_statistics_have_the_protocol_s_members(http: FlaskClient) -> None:
    http.post("/models/iris/predict", json=[FLOWER] * 3)

    answer = http.get("/v2/models/iris/versions/1/stats")

    assert answer.headers["Content-Type"] == "application/json"
    (stats,) = answer.json["model_stats"]
    assert {"name": "iris", "version": "1", "response_stats": {}, "memory_usage": []}.items() <= stats.items()
    assert stats["last_inference"] > 1_600_000_000_000
    assert stats["inference_count"] >= 3
    assert list(stats["inference_stats"]) == [
        *("success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss")
    ]
    assert (stats["inference_stats"]["cache_hit"], stats["inference_stats"]["cache_miss"]) == (NOTHING, NOTHING)
    batch = next(each for each in stats["batch_stats"] if each["batch_size"] == 3)
    assert {name for name, value in batch.items() if value != 3 and value["count"] >= 1} == {
        *("compute_input", "compute_infer", "compute_output")
    }


def test_all_models_stand_there_before_anybody_has_asked_them(http: FlaskClient) -> None:
    stats = http.get("/v2/models/stats").json["model_stats"]
    assert {each["name"] for each in stats} >= {"fruit", "iris", "ja-nein", "moody", "pair"}


def test_a_version_is_told_by_itself(http: FlaskClient) -> None:
    (stats,) = http.get("/v2/models/iris/versions/1/stats").json["model_stats"]
    assert stats in http.get("/v2/models/iris/stats").json["model_stats"]


@pytest.mark.parametrize("path", ["rose/stats", "iris/versions/9/stats", "iris/versions/x/stats"])
def test_what_is_not_there_is_not_found_and_told_as_clients_read_it(http: FlaskClient, path: str) -> None:
    answer = http.get(f"/v2/models/{path}")
    assert answer.status_code == 404
    assert path.split("/")[0] in answer.json["error"]


def test_classes_and_probabilities_at_once_are_one_request_and_two_calls(http: FlaskClient) -> None:
    def counts() -> tuple[int, int, int]:
        (stats,) = http.get("/v2/models/iris/versions/1/stats").json["model_stats"]
        success = stats["inference_stats"]["success"]["count"]
        return stats["inference_count"], stats["execution_count"], success

    before = counts()
    inputs = [{"name": "all", "shape": [2, 4], "datatype": "FP64", "data": list(FLOWER.values()) * 2}]
    answer = http.post("/v2/models/iris/infer", json={"inputs": inputs})

    assert [output["name"] for output in answer.json["outputs"]] == ["predict", "predict_proba"]
    assert [now - was for now, was in zip(counts(), before, strict=True)] == [2, 2, 1]
