"""`triglot show` and `triglot diff`: what stored versions are, and what tells them apart."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import run
from tests.helpers import KEY
from triglot.artefact import seal
from triglot.store import ModelStore

SCHEMA = [
    {"name": "x", "kind": "float64"},
    {"name": "kind", "kind": "category", "levels": ["a|b", "c"], "ordered": False},
]
CARD: dict[str, Any] = {
    "language": "r",
    "task": "classification",
    "classes": ["no", "yes"],
    "schema": SCHEMA,
    "spec": {"script": "m.R", "folder": "/home/somebody", "params": {"ntree": 500}, "fit": "fit"},
    "sources": {"m.R": "fit <- function(x, y) 1\npredict <- 2\n"},
    "runtime": {"language": "4.2.2", "randomForest": "4.7-1.1"},
    "created": "2026-01-01T00:00:00+00:00",
    "golden": {"op": "predict", "rows": [[1.0, "c"], [2.0, "a|b"]], "answers": [0, 1]},
}
CHANGED = CARD | {
    "spec": CARD["spec"] | {"params": {"ntree": 900}},
    "sources": {"m.R": "fit <- function(x, y) 3\npredict <- 2\n"},
    "runtime": {"language": "4.5.0", "randomForest": "4.7-1.1", "ranger": "0.17"},
    "golden": {"op": "predict", "rows": [[1.0, "c"], [2.0, "a|b"], [3.0, "c"]], "answers": [0, 0, 1]},
}


@pytest.fixture
def store(here: Path) -> Iterator[ModelStore]:
    """Hold the store of the working directory with two versions of a model, the first active."""
    (here / "triglot-config.py").write_text("{'models': {'teeth': {}}}")
    made = ModelStore(f"sqlite:///{here / 'triglot.db'}")
    for fields, score in ((CARD, 0.9), (CHANGED, 0.95)):
        made.write("teeth", seal(fields, b"x" * 1_200, KEY), metrics={"score_test": score}, metadata={"by": "Ada"})
    made.activate("teeth", 1)
    yield made
    made.close()


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what a command prints, which must be content."""
    assert run(*arguments) == 0
    return capsys.readouterr().out


def test_the_active_version_says_what_it_is(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.split(maxsplit=1) for line in shown(capsys, "show", "teeth").splitlines() if line.strip()]
    said = {words[0]: words[1].strip() for words in lines if len(words) == 2}
    assert said["language"] == "4.2.2"  # R's own, which stands below that of the model
    assert (said["ntree"], said["score_test"], said["by"]) == ("500", "0.9", "Ada")
    assert said["kind"] == "category; a|b, c"
    assert said["classes"] == "no, yes"
    assert said["m.R"] == "2 lines"
    assert "somebody" not in str(said)  # where it was fitted is nobody's business


def test_the_card_as_json_has_the_same(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    card = json.loads(shown(capsys, "show", "teeth@2", "--json"))
    assert (card["model"], card["number"], card["version"]["language"]) == ("teeth", 2, "r")
    assert card["parameters"] == {"fit": "fit", "ntree": "900"}
    assert card["packages"] == {"language": "4.5.0", "randomForest": "4.7-1.1", "ranger": "0.17"}


def test_a_card_in_a_file_is_of_the_kind_that_its_ending_says(
    store: ModelStore, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("card.md", "card.html", "card.json"):
        assert shown(capsys, "show", "teeth", name) == ""
    text = (here / "card.md").read_text("utf-8")
    assert text.startswith("# teeth@1\n")
    assert "| kind | category; a\\|b, c |" in text
    assert "```\nfit <- function(x, y) 1\npredict <- 2\n```" in text.replace("````", "```")
    page = (here / "card.html").read_text("utf-8")
    assert "<title>teeth@1</title>" in page
    assert "<td>ntree</td>" in page
    assert json.loads((here / "card.json").read_text("utf-8"))["scores"] == {"score_test": "0.9"}

    assert run("show", "teeth", "card.pdf") == 1
    assert "'card.pdf': a card is one of .html, .md, .json" in capsys.readouterr().err
    assert run("show", "teeth", "missing/card.md") == 1
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


def test_two_versions_differ_in_what_was_changed(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    said = json.loads(shown(capsys, "diff", "teeth@1", "teeth@2", "--json"))
    assert said["versions"] == ["teeth@1", "teeth@2"]
    assert said["differences"] == {
        "version": {"golden rows": ["2, by predict", "3, by predict"]},
        "parameters": {"ntree": ["500", "900"]},
        "scores": {"score_test": ["0.9", "0.95"]},
        "packages": {"language": ["4.2.2", "4.5.0"], "ranger": [None, "0.17"]},
    }
    assert said["files"][2:] == [
        "@@ -1,2 +1,2 @@",
        "-fit <- function(x, y) 1",
        "+fit <- function(x, y) 3",
        " predict <- 2",
    ]
    assert said["answers"] == {"differ": 1, "of": 2}

    text = shown(capsys, "diff", "teeth@1", "teeth@2")
    assert "Parameters" in text
    assert "-fit <- function(x, y) 1" in text.splitlines()
    assert "Their answers differ in 1 of 2 rows that prove both." in text


def test_a_version_does_not_differ_from_itself(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("diff", "teeth@2", "teeth@2") == 0
    said = capsys.readouterr()
    assert said.out == "Their answers differ in 0 of 3 rows that prove both.\n"
    assert "teeth@2 and teeth@2 say the same of themselves." in said.err


def test_what_is_not_there_or_signed_by_somebody_else_is_refused(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("show", "teeth@9") == 1
    assert "9" in capsys.readouterr().err
    monkeypatch.setenv("TRIGLOT_SIGNING_KEY", "another key, which is long enough")
    assert run("show", "teeth") == 1
    assert "sign" in capsys.readouterr().err
