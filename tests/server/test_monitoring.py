"""Dashboard and alert rules: what they ask for is in a real answer of `/metrics`, by every name and every label."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers import KEY
from tests.metrics.reading import samples
from tests.server.conftest import FLOWER
from triglot.artefact import changed
from triglot.dispatch.blocking import Client
from triglot.drift.terms import DriftTerms
from triglot.server.app import Options, create_app
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.supervision import status

MONITORING = Path(__file__).parents[2] / "examples" / "monitoring"
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
ALERTS = yaml.safe_load((MONITORING / "alerts.yml").read_text("utf-8"))["groups"]
OF_PROMETHEUS = {"job", "instance", "le"}  # the first two are the target's, the last one every bucket's
FURTHER = (
    ("failure", "iris", "1", "error"),
    ("retry", "iris", "1"),
    ("load", "iris", "1", "python"),
    ("worker-failure", "load", "iris", "python", "artefact-refused"),
)


@pytest.fixture(scope="module")
def told(models: ModelStore, run_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """Hold what a service of one model and one family tells in which everything has happened: labels by name."""
    store = ModelStore(f"sqlite:///{tmp_path_factory.mktemp('monitoring') / 'models.db'}")
    levels = {"name": "petal width", "levels": [0.2], "counts": [50, 100], "complete": True, "missing": 0}
    columns = [levels, {"name": "sepal width", "edges": [3], "counts": [75, 75], "missing": 0}]
    artefact = changed(models.read("iris").artefact, KEY, profile={"rows": 150, "columns": columns})
    for name, scope in (("iris", None), ("shops/north", {"scope": {"shop": "north"}})):
        store.activate(name, store.write(name, artefact, metadata=scope))
    store.jobs.submit("fit", {})
    service = Service(store, Client(run_dir), drift=DriftTerms(share=1, least_rows=1))
    ended = {"pid": 1, "starts": 2, "exits": {"a signal": 1}}
    status.note_programs(run_dir, {"web": ended, "workers-python:python-0": ended})
    for name in FURTHER:
        service.tallies.counters.count(*name)
    service.tallies.counters.timed(10**9, "work", "fit", "iris", "python")
    http = create_app(service, Options(), store.jobs).test_client()
    http.get("/metrics")  # since when the last minute is counted
    assert http.get("/models/iris/predict", query_string=FLOWER).status_code == 200
    for _ in range(service.cases.terms.deaths):
        service.cases.died(service.served("iris").key, "python", "predict", "")
    found: dict[str, set[str]] = {}
    for name, labels in samples(http.get("/metrics").get_data(as_text=True)):
        found.setdefault(name, set()).update(label for label, _ in labels)
    service.cases.release()
    yield found
    (run_dir / "programs.json").unlink()
    service.close()
    store.close()


def queries() -> Iterator[tuple[str, str, str]]:
    """Yield every query with where it stands, and the text of its legend."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield f"dashboard: {panel['title']}", target["expr"], target["legendFormat"]
    for rule in (rule for group in ALERTS for rule in group["rules"]):
        texts = " ".join(rule["annotations"].values())
        yield f"alert: {rule['alert']}", rule["expr"], " ".join(re.findall(r"\$labels(\.\w+)", texts))


def selected(expr: str) -> list[tuple[str, set[str]]]:
    """Return the metrics that an expression selects, each with the labels that it does so by."""
    found = re.findall(r"(triglot_\w+)(?:\{([^}]*)\})?", expr)
    return [(name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels))) for name, labels in found]


def grouped(expr: str) -> set[str]:
    """Return the labels that an expression groups or joins by."""
    return {label for names in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expr) for label in re.findall(r"\w+", names)}


@pytest.mark.parametrize(("where", "expr", "legend"), list(queries()), ids=[where for where, _, _ in queries()])
def test_every_name_and_label_is_there(where: str, expr: str, legend: str, told: Mapping[str, set[str]]) -> None:
    metrics = selected(expr)
    assert metrics
    for name, labels in metrics:
        assert name in told, f"no sample of {name}"
        assert labels <= told[name] | OF_PROMETHEUS, f"{name} has the labels {told[name]}"
    known = set.union(*(told[name] for name, _ in metrics)) | OF_PROMETHEUS
    shown = set(re.findall(r"\{\{(\w+)\}\}", legend)) | set(re.findall(r"\.(\w+)", legend))
    assert grouped(expr) | shown <= known
    if re.search(r"\bby\b", expr) and where.startswith("dashboard"):
        assert shown <= grouped(expr), "what is summed away is not there to be shown"


def test_the_variables_of_the_dashboard_are_asked_for_by_names_that_there_are(told: Mapping[str, set[str]]) -> None:
    variables: dict[str, Any] = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert variables.keys() == {"datasource", "job", "instance", "model"}
    for name in ("job", "instance", "model"):
        asked = set(re.findall(r"triglot_\w+", variables[name]["definition"]))
        assert asked <= told.keys()
        assert all(name in told[each] | OF_PROMETHEUS for each in asked)
    used = {name for _, expr, _ in queries() for name in re.findall(r"\$(\w+)", expr)}
    assert used == {"job", "instance", "model", "__rate_interval"}


def test_the_dashboard_shows_every_metric_that_the_document_names() -> None:
    named = set(re.findall(r"`(triglot_\w+)`", (MONITORING.parents[1] / "docs" / "metrics.md").read_text("utf-8")))
    shown = {name for where, expr, _ in queries() if "dashboard" in where for name, _ in selected(expr)}
    assert named == {re.sub(r"(?<=_seconds|..._rows)_(bucket|count|sum)$", "", name) for name in shown}


def test_panels_have_an_id_each_and_stand_beside_each_other() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_rule_says_what_its_reader_does() -> None:
    for group in ALERTS:
        for rule in group["rules"]:
            assert rule["annotations"].keys() == {"summary", "action"}, rule["alert"]
