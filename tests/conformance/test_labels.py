"""Whatever the classes are called, every language answers them under their names and in their order.

`HYPOTHESIS_PROFILE=thorough` tries some twelve thousand sets of labels in all three languages together.
"""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers import author_module
from triglot.errors import BadRequest
from triglot.estimators import JuliaClassifier, RClassifier
from triglot.tables.labels import Labels
from triglot.tables.table import Table
from triglot.training.fit_worker import Bench

MODELS = Path(__file__).parent / "models"
CASES = 2 * settings.get_profile(settings.get_current_profile_name()).max_examples
# What has a meaning somewhere: in R, in Julia, in Python, in JSON, or once make.names() has been at it.
WORDS = [
    "TRUE",
    "true",
    "T",
    "NA",
    "NaN",
    "NULL",
    "null",
    "None",
    "missing",
    "nothing",
    "Inf",
    "1",
    "1.0",
    "1e0",
    "01",
    "X1",
]
WORDS += [
    "if",
    "function",
    "end",
    "...",
    "..1",
    "a b",
    "a.b",
    "a.b.1",
    "a_b",
    "",
    " ",
    ".",
    "_x",
    "é",
    "e\u0301",
    "ß",
    "日本",
    "🌱",
]

_texts = st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_kinds = st.sampled_from([_texts, st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)])
_few = _kinds.flatmap(lambda labels: st.lists(labels, min_size=2, max_size=12, unique=True))
_many = st.tuples(st.integers(2, 300), st.randoms()).map(
    lambda drawn: drawn[1].sample([f"c {i}" for i in range(300)], drawn[0])
)
label_sets = _few | _few | _few | st.permutations([False, True]) | _many

_numbers = count()
pytestmark = pytest.mark.timeout(3600)  # of the thorough profile; the quick one takes seconds


@pytest.fixture(scope="module")
def worker(language: str, benches: Callable[[str], Bench]) -> Bench:
    return benches(language)


def model(language: str, form: str) -> Any:
    if language == "python":
        return author_module(MODELS, "echo").Echo()
    if language == "r":
        return RClassifier(script=str(MODELS / "echo.R"), params={"form": form}, predict_proba_params={"type": "prob"})
    return JuliaClassifier(script=str(MODELS / "Echo.jl"), fit_function="Echo.fit", params={"form": form})


@settings(max_examples=CASES)
@given(label_sets, st.data(), st.sampled_from(["factor", "text", "frame"]))
def test_labels_their_order_and_their_probabilities_are_the_same_in_every_language(
    worker: Bench, labels: list[Any], data: st.DataObject, form: str
) -> None:
    present = sorted(data.draw(st.sets(st.sampled_from(range(len(labels))), min_size=2), label="present"))
    if form == "frame" and worker.language == "r":
        present = list(range(len(labels)))  # a name that make.names() made can be read only where all are there
    codes = np.array(present, dtype=np.float64)
    X = Table(["code"], matrix=codes.reshape(-1, 1))
    y = pd.Series(pd.Categorical.from_codes(present, categories=pd.Index(labels, dtype=object)))
    name = f"echo-{next(_numbers)}"
    path = (str(MODELS),) if worker.language == "python" else ()
    artefact = worker.fit(name, model(worker.language, form), X, y, path).artefact

    classes = artefact.card()["classes"]
    assert classes == labels
    assert [type(label) for label in classes] == [type(label) for label in labels]
    assert worker.predict(name, artefact, X).tolist() == present
    shares = worker.predict_proba(name, artefact, X)
    weights = np.zeros((len(present), len(labels)))
    weights[:, present] = 1 + (7 * codes + 3 * codes[:, None]) % 11
    np.testing.assert_allclose(shares, weights / weights.sum(axis=1, keepdims=True), rtol=1e-12)


@pytest.mark.parametrize("labels", [["a", "a\0"], [1, 2**63], [0.5, float("inf")]], ids=["NUL", "64 bits", "infinity"])
def test_labels_that_some_language_cannot_hold_are_refused(labels: list[Any]) -> None:
    with pytest.raises(BadRequest, match="class labels"):
        Labels(tuple(labels))
