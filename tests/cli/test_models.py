"""`triglot list`, `activate`, `deactivate` and `delete` on a real store."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import run
from tests.functional.running import quick
from tests.helpers import KEY
from triglot.artefact import seal
from triglot.store import ModelStore


@pytest.fixture
def store(here: Path) -> Iterator[ModelStore]:
    """Hold the store of the working directory: iris 1 to 3, the second active, and a tooth model."""
    (here / "triglot-config.py").write_text("{'models': {'iris': {}, 'tooth-growth-in-guinea-pigs': {}}}")
    made = ModelStore(f"sqlite:///{here / 'triglot.db'}")
    card = {"language": "r", "task": "regression", "spec": {}, "sources": {}, "runtime": {}, "created": "2026-01-01"}
    for score in (0.1, 0.95, 1.0):
        made.write(
            "iris", seal({**card, "schema": [], "classes": None}, b"x" * 5_000, KEY), metrics={"score_test": score}
        )
    made.write("tooth-growth-in-guinea-pigs", seal({**card, "schema": [], "classes": None}, b"x", KEY))
    made.activate("iris", 2)
    yield made
    made.close()


def test_list_shows_a_line_a_version_that_is_not_cut(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0

    head, *lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert head == ["model", "version", "lang", "train", "test", "created", "(UTC)", "size", "aliases"]
    assert [line[:3] for line in lines] == [
        *(["iris", str(number), "r"] for number in (1, 2, 3)),
        ["tooth-growth-in-guinea-pigs", "1", "r"],
    ]
    assert lines[1][3] == "0.950"
    assert lines[1][-1] == "active"
    assert lines[2][-2:] == ["5.0", "kB"]
    assert lines[3][-2:] == ["1", "B"]


def test_list_of_short_names_fits_80_columns(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    run("list", "iris")

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) <= 80


def test_list_as_json_is_one_object_a_line(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    run("list", "--json", "iris")

    entries: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(entry["model"], entry["version"]) for entry in entries] == [("iris", 1), ("iris", 2), ("iris", 3)]
    assert entries[1]["aliases"] == ["active"]
    assert entries[1]["metrics"] == {"score_test": 0.95}
    assert entries[1]["language"] == "r"


def test_list_of_nothing_says_what_to_do(tmp_path: Path) -> None:
    done = quick("list", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "There are no versions yet; triglot fit makes the first.\n"


def test_list_of_an_unknown_model_names_the_known_ones(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "rose") == 1
    assert capsys.readouterr().err.startswith("triglot: there is no model 'rose'; known models: iris, ")


def test_deactivate_takes_the_alias_and_leaves_the_versions(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(store.list("iris"))
    assert run("deactivate", "iris") == 0
    assert capsys.readouterr().out == "Model iris: no version is active.\n"
    assert ("iris" in store.active(), len(store.list("iris"))) == (False, before)
    assert run("deactivate", "nobody") == 1
    assert "there is no model 'nobody'" in capsys.readouterr().err


def test_activate_points_at_a_version_and_back(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("activate", "3", "iris") == 0
    assert capsys.readouterr().out == "Activated model iris with version 3.\n"
    assert store.active() == {"iris": 3}
    assert run("activate", "2", "iris") == 0
    assert store.active() == {"iris": 2}


def test_another_alias_leaves_the_active_version_alone(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("activate", "3", "iris", "--alias", "challenger") == 0
    assert capsys.readouterr().out == "Model iris: challenger is version 3.\n"
    assert store.aliases("iris") == {"active": 2, "challenger": 3}


def test_an_unknown_version_is_refused_with_the_known_ones(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("activate", "9", "iris") == 1

    said = capsys.readouterr().err
    assert said.startswith("triglot: ")
    assert "9" in said
    assert store.active() == {"iris": 2}


def test_which_model_must_be_said_where_there_are_several(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("activate", "1") == 1
    assert capsys.readouterr().err == "triglot: say which model: iris, tooth-growth-in-guinea-pigs\n"


def test_the_active_version_cannot_be_deleted_and_another_can(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("delete", "2", "iris") == 1
    assert "version 2 of model 'iris' is active; activate another version" in capsys.readouterr().err
    assert run("delete", "1", "iris") == 0
    assert capsys.readouterr().out == "Deleted model iris with version 1.\n"
    assert [info.version for info in store.list("iris")] == [2, 3]
    assert run("delete", "1", "iris") == 1
