"""`/metrics` of one application: what was asked is counted by route, status, code, model and version."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.metrics.reading import of, samples
from tests.server.conftest import FLOWER, Open
from triglot.server.rules import Rule

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_each_answer_is_counted_by_its_route_and_its_code(open_app: Open) -> None:
    http = open_app()

    def seen() -> dict[str, float]:
        found = samples(http.get("/metrics").get_data(as_text=True))
        name = "triglot_http_request_duration_seconds_count"
        return {
            "good": found.get(of(name, route="/models/<name>/predict", status="200", code=""), 0),
            "wrong": found.get(of(name, route="/models/<name>/predict", status="400", code="bad-request"), 0),
            "unknown": found.get(of(name, route="", status="404", code="http"), 0),
            "rows": found.get(of("triglot_prediction_rows_total", model="iris", version="1", language="python"), 0),
        }

    before = seen()
    http.get("/models/iris/predict", query_string=FLOWER)
    http.post("/models/iris/predict", json=[FLOWER, FLOWER])
    http.post("/models/iris/predict", json=[{"sepal length": "x"}])
    for number in range(3):
        http.get(f"/nowhere/{number}")
    after = seen()

    assert {key: after[key] - before[key] for key in after} == {"good": 2, "wrong": 1, "unknown": 3, "rows": 3}


def test_what_answers_is_told_with_its_version_its_age_and_its_workers(open_app: Open) -> None:
    answer = open_app().get("/metrics")
    found = samples(answer.get_data(as_text=True))

    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert found[of("triglot_model_active_version", model="iris", language="python")] == 1
    assert found[of("triglot_model_answering_version", model="iris", language="python")] == 1
    assert found[of("triglot_model_created_timestamp_seconds", model="iris", version="1")] > 1.7e9
    assert found[of("triglot_workers", pool="python", state="ready")] == 1
    assert found[of("triglot_store_up")] == 1
    assert found[of("triglot_program_up", program="web")] == 1


def test_who_asks_for_openmetrics_gets_them(open_app: Open) -> None:
    answer = open_app().get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.get_data(as_text=True).endswith("# EOF\n")


def test_a_route_of_the_configuration_takes_its_place(open_app: Open) -> None:
    http = open_app(rules=(Rule("/metrics", None, lambda: "mine"),))
    assert http.get("/metrics").get_data(as_text=True) == "mine"


def test_the_document_names_every_metric(open_app: Open) -> None:
    text = open_app().get("/metrics").get_data(as_text=True)
    kinds = {family.name: family.type for family in text_string_to_metric_families(text)}
    names = {f"{name}_total" if kind == "counter" else name for name, kind in kinds.items()} - {"triglot_build"}

    assert names | {"triglot_build_info"} == set(re.findall(r"`(triglot_\w+)`", DOCUMENT.read_text("utf-8")))
