"""Components under keys of the author's own: Palladium built them in every process, and so are they built here."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from triglot.cli import pld as commands
from triglot.config import use_config
from triglot.process_store import process_store
from triglot.project import Project
from triglot.server.wsgi import build

MODULE = """
started = []

def start(name):
    started.append(name)
    return name

def hello():
    return 'hello'
"""
CONFIG = """{
    'monitoring': {'!': 'own_entries_of_mine.start', 'name': 'monitor'},
    'helpers': [{'!': 'own_entries_of_mine.start', 'name': 'helper'}],
    'routes': [{'!': '%s', 'rule': '/hello', 'view_func': 'own_entries_of_mine.hello'}],
    'lookup': {
        '!': '%s',
        'impl': {'!': 'palladium.dataset.CSV', 'path': 'd.csv', 'target_column': 'b'},
        'update_cache_rrule': {'freq': 'YEARLY'},
    },
    'alive': {'process_store_required': ['%s']},
}"""
ROUTE, HELD = "palladium.server.add_url_rule", "palladium.dataset.ScheduledDatasetLoader"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Hold a folder with the author's module and data, as the working directory."""
    (tmp_path / "own_entries_of_mine.py").write_text(MODULE)
    (tmp_path / "d.csv").write_text("a,b\n1,x\n2,y\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for variable in ("TRIGLOT_CONFIG", "PALLADIUM_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    yield tmp_path
    use_config(None)
    for key in ("data", "lookup"):
        process_store.pop(key, None)


def client(place: Path, **environ: str) -> Any:
    """Return a client of the folder's application."""
    app = build(Project([], {"TRIGLOT_RUN_DIR": str(place / "run"), **environ}, place))
    app.extensions["triglot"].service.close()
    return app.test_client()


def started() -> list[str]:
    return list(sys.modules["own_entries_of_mine"].started) if "own_entries_of_mine" in sys.modules else []


@pytest.mark.parametrize("found", ["by its name", "by the variable"])
def test_a_front_end_has_what_a_configuration_of_palladiums_makes_and_holds(found: str, place: Path) -> None:
    name = "palladium-config.py" if found == "by its name" else "mine.py"
    (place / name).write_text(CONFIG % (ROUTE, HELD, "data"))
    http = client(place, **({} if found == "by its name" else {"PALLADIUM_CONFIG": "mine.py"}))
    assert started() == ["monitor", "helper"]
    assert http.get("/hello").text == "hello"
    X, y = process_store["data"]
    assert (X.values.tolist(), list(y)) == ([[1], [2]], ["x", "y"])
    alive = http.get("/alive")
    assert alive.status_code == 200
    assert alive.json["data"] == {"updated": process_store.mtime["data"].isoformat()}


def test_in_a_configuration_of_ours_it_has_the_data_that_it_requires(place: Path) -> None:
    held = HELD.replace("palladium", "triglot")
    (place / "triglot-config.py").write_text(CONFIG % (ROUTE, held, "lookup"))
    http = client(place)
    assert started() == []
    assert http.get("/hello").status_code == 404
    assert http.get("/alive").json["lookup"] == {"updated": process_store.mtime["lookup"].isoformat()}
    assert "data" not in process_store


def test_a_command_has_it_too(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    (place / "palladium-config.py").write_text(CONFIG % (ROUTE, HELD, "data"))
    assert commands.run_by_name("fit", []) == 1  # there is no model
    assert started() == ["monitor", "helper"]
    assert "data" not in process_store
    logging.getLogger("palladium").setLevel(logging.NOTSET)
