"""The `spec` of a fit is read whole before anything is fitted."""

from typing import Any

import pytest

from triglot.errors import BadRequest, ConfigError, ProtocolError
from triglot.protocol.batching import Limits
from triglot.tables.labels import Labels
from triglot.workers.fit_spec import FitSpec

GOOD: dict[str, Any] = {
    "task": "classification",
    "classes": ["n", "p"],
    "spec": {"fit": "mine"},
    "sources": {"a.R": "fit <- 1"},
    "unseen_levels": "missing",
    "batch": {"rows": 10},
    "answers": "either",
    "profile": {"without": ["name"]},
}


def test_every_key_is_read() -> None:
    assert FitSpec.of(GOOD) == FitSpec(
        task="classification",
        labels=Labels(("n", "p")),
        author={"fit": "mine"},
        sources={"a.R": "fit <- 1"},
        unseen_levels="missing",
        batch={"rows": 10},
        limits=Limits(rows=10),
        answers="either",
        unprofiled=("name",),
    )
    assert FitSpec.of(GOOD | {"profile": False}).unprofiled is None
    assert FitSpec.of(GOOD | {"profile": True}).unprofiled == ()


def test_only_the_task_must_be_there() -> None:
    assert FitSpec.of({"task": "regression"}) == FitSpec("regression", None, {}, {}, "error", True, Limits())
    with pytest.raises(ProtocolError, match="'task' must be classification or regression, not None"):
        FitSpec.of({})


@pytest.mark.parametrize(
    ("key", "wrong", "message"),
    [
        ("task", 3, "'task' must be classification or regression, not 3"),
        ("task", ["regression"], "'task' must be"),
        ("classes", 5, "'classes' must be a list or null, not 5"),
        ("classes", "np", "'classes' must be a list or null, not 'np'"),
        ("spec", 3, "'spec' must be a map, not 3"),
        ("sources", None, "'sources' must be a map, not None"),
        ("sources", {"a.R": 3}, "'sources' must be a map of names to the text of files"),
        ("unseen_levels", 7, "'unseen_levels' must be text, not 7"),
        ("answers", {"missing": "allowed"}, "'answers' must be one of typed, any, either, not {'missing': 'allowed'}"),
        ("profile", "name", "'profile' must be true, false or a map with a list of names 'without', not 'name'"),
        ("profile", {"without": "name"}, "'profile' must be true"),
        ("profile", {"with": ["name"]}, "'profile' must be true"),
        ("batch", "x", "batch is 'x'; write True, False or a dictionary of limits"),
        ("batch", {"rows": -1}, "batch: rows is -1; write a whole number above 0"),
        ("batch", {"columns": 1}, "batch: 'columns' is no limit"),
    ],
)
def test_a_key_of_a_wrong_type_is_named_and_never_the_users_configuration(key: str, wrong: Any, message: str) -> None:
    with pytest.raises(ProtocolError, match=message) as caught:
        FitSpec.of({**GOOD, key: wrong})
    assert not isinstance(caught.value, ConfigError)


@pytest.mark.parametrize("classes", [[], ["a", 1], ["a", "a"]])
def test_labels_that_no_model_can_have_are_the_callers_fault(classes: list[Any]) -> None:
    with pytest.raises(BadRequest, match="class labels must"):
        FitSpec.of({**GOOD, "classes": classes})
