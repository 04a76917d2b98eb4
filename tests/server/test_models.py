"""`/list`: what the store holds."""

from dataclasses import replace
from datetime import datetime

from flask.testing import FlaskClient

from triglot.persister import NOT_PROVED
from triglot.server.models import listing
from triglot.store import ModelStore


def test_every_version_is_listed_with_scores_and_aliases(http: FlaskClient) -> None:
    answer = http.get("/list")

    assert answer.status_code == 200
    entries = {entry["model"]: entry for entry in answer.json["models"]}
    assert list(entries) == ["fruit", "iris", "ja-nein", "moody", "pair"]
    iris = entries["iris"]
    assert (iris["version"], iris["language"], iris["task"], iris["aliases"]) == (
        1,
        "python",
        "classification",
        ["active"],
    )
    assert (iris["score_train"], iris["author"]) == (0.5, "somebody")
    assert datetime.fromisoformat(iris["train_timestamp"]).tzinfo is not None
    assert len(iris["sha256"]) == 64
    assert iris["size"] > 100


def test_the_active_version_of_each_model_stands_in_the_properties(http: FlaskClient) -> None:
    assert http.get("/list").json["properties"] == {
        "active-models": {"fruit": "1", "iris": "1", "ja-nein": "1", "moody": "1", "pair": "1"}
    }


def test_a_store_of_one_model_has_the_property_that_palladium_had(models: ModelStore) -> None:
    listed = listing(models.list("iris"))

    assert listed["properties"] == {"active-model": "1", "active-models": {"iris": "1"}}


def test_an_empty_store_lists_nothing() -> None:
    assert listing([]) == {"models": [], "properties": {"active-models": {}}}


def test_callers_see_that_a_version_is_not_proved_and_not_why_which_names_rows_of_its_data(models: ModelStore) -> None:
    [info] = models.list("iris")
    kept = {NOT_PROVED: "the row (age=41) has another answer alone", "by": "nightly"}

    [newest] = listing([replace(info, metadata=kept)])["models"]

    assert (newest[NOT_PROVED], newest["by"]) == (True, "nightly")
