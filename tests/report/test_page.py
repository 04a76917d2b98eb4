"""A page of a report stands alone, whatever the models and classes are called."""

import re

import numpy as np

from triglot.report import comparing
from triglot.report.answers import section
from triglot.report.page import Facts, Section, Text, page
from triglot.tables.table import Table
from triglot.training.answers import Answers, measures
from triglot.training.comparison import Comparison, Result

EVIL = "<script>alert('x')</script>"


def answers(classes: int = 3, rows: int = 90) -> Answers:
    """Return answers of which two thirds are right."""
    random = np.random.default_rng(1)
    y = np.arange(rows, dtype=np.int32) % classes
    shares = random.dirichlet(np.ones(classes), rows)
    shares[np.arange(rows), y] += np.where(np.arange(rows) % 3, 2.0, 0.0)
    shares /= shares.sum(axis=1, keepdims=True)
    names = (EVIL, *(f"class {j}" for j in range(1, classes)))
    return Answers("classification", names, y, shares.argmax(axis=1).astype(np.int32), shares)


def test_nothing_is_loaded_from_elsewhere_and_names_are_text() -> None:
    text = page(EVIL, "lead", [section(EVIL, "lead", answers())], "foot")
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 3
    assert all(target.startswith("#") for target in re.findall(r'(?:src|href)="([^"]*)"', text))
    assert "@import" not in text


def test_ids_of_many_drawings_on_one_page_do_not_clash() -> None:
    text = page("t", "l", [section(str(j), "", answers()) for j in range(2)], "")
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)) > 20
    for target in re.findall(r'(?:url\(#|href="#)([^")]+)', text):
        assert target in ids


def test_regressions_of_several_outputs_and_many_classes_are_drawn() -> None:
    random = np.random.default_rng(2)
    y = random.normal(size=(50, 2))
    found = section("two", "", Answers("regression", (), y, y + 0.1))
    assert [block.title for block in found.blocks if hasattr(block, "svg")] == [
        "Predicted and true, output 1",
        "Residuals, output 1",
        "Predicted and true, output 2",
        "Residuals, output 2",
    ]
    many = section("many", "", answers(classes=30))
    assert sum(hasattr(block, "svg") for block in many.blocks) == 3


def test_measures_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import log_loss, roc_auc_score

    given = answers()
    assert given.shares is not None
    found = measures(given)
    assert found["accuracy"] == np.mean(given.y == given.predicted)
    assert found["log loss"] == log_loss(given.y, given.shares)
    assert abs(found["ROC area"] - roc_auc_score(given.y, given.shares, multi_class="ovr")) < 1e-12


def test_a_language_without_a_name_here_goes_by_its_own() -> None:
    results = tuple(
        Result(language, language, {"accuracy": [0.5, 0.7]}, [1.0, 1.0], 0.001, 100, answers())
        for language in ("julia", "ruby")
    )
    shown = comparing.table(Comparison("classification", Table(("a",), matrix=np.zeros((90, 1))), 2, results))
    assert [row[:2] for row in shown.rows] == [["julia", "Julia"], ["ruby", "ruby"]]
    sections = comparing.sections(Comparison("classification", Table(("a",), matrix=np.zeros((90, 1))), 2, results))
    assert [section.lead.split(";")[0] for section in sections[-2:]] == ["Julia", "ruby"]


def test_blocks_are_written_in_their_order() -> None:
    text = page("t", "l", [Section("s", [Facts([("rows", "3")]), Text("then this")])], "")
    assert text.index("<dd>3</dd>") < text.index("then this")
