"""Models that touch each other, served: one of two is refused, `'worker'` is written, and both answer."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.conftest import installed
from tests.functional.running import Running, folder
from tests.helpers import control_state, until
from tests.workers.homes import fitted
from triglot.store import ModelStore
from triglot.transport.discovery import scan

SPOILS = {"python": "patches_statistics", "r": "namespace", "julia": "base_method"}
ROWS = [{"x": 1.0}, {"x": 2.0}, {"x": 3.0}]


def models() -> dict[str, tuple[str, str]]:
    """Return the models by name: of each language a steady one, and one that changes what it answers."""
    pairs = [(language, name) for language in installed() for name in ("steady", SPOILS[language])]
    return {f"{'steady' if name == 'steady' else 'worsens'}-{language}": (language, name) for language, name in pairs}


@pytest.fixture
def place() -> Iterator[Path]:
    """Hold a folder with a store of all models, each active."""
    with folder() as made:
        store = ModelStore(f"sqlite:///{made / 'triglot.db'}")
        for name, which in models().items():
            store.activate(name, store.write(name, fitted(*which)[0]))
        store.close()
        yield made


def configured(place: Path, workers: dict[str, int], **groups: str) -> Path:
    """Write a configuration with a group for the models of some languages that spoil."""
    entries = {name: {} for name in models()} | {f"worsens-{each}": {"worker": groups[each]} for each in groups}
    entries = {name: said for name, said in entries.items() if name in models()}
    said = {"models": entries, "workers": workers, "server": {"timeout_s": 100, "patience_s": 90}}
    path = place / "triglot-config.py"
    path.write_text(json.dumps(said))
    return path


def advised(service: Running) -> set[str]:
    """Return the languages of models that are refused with the advice to have a worker of their own."""
    try:
        told = service.get("/ready").body["models"]
    except (OSError, http.client.HTTPException):
        return set()  # it does not listen yet
    causes = {model["language"]: model["not_loadable"]["cause"] for model in told.values() if "not_loadable" in model}
    return {language for language, cause in causes.items() if "'worker': 'own'" in cause}


def names_held(place: Path, worker: str) -> set[str]:
    state = control_state(place / "run", worker)
    return {model for model, _, _ in state["holds"]} if state is not None else set()


def test_a_bad_neighbour_is_refused_and_answers_once_it_has_a_worker_of_its_own(place: Path) -> None:
    together = Running(place, configured(place, {}))
    try:
        until(lambda: advised(together) == set(installed()))
        assert together.stop() == 0
    finally:
        together.close()

    groups = {"python": "own", "r": "apart", "julia": "apart"}
    apart = Running(place, configured(place, {"worsens-python": 2}, **groups))
    try:
        apart.wait_until_ready()
        for name, which in models().items():
            assert apart.post(f"/models/{name}/predict", ROWS).result == fitted(*which)[1]
        _look_at_the_workers(apart)
        _let_them_go(apart)
    finally:
        apart.close()


def _look_at_the_workers(service: Running) -> None:
    """Each group has processes of its own, which hold its models and no other."""
    others = [language for language in installed() if language != "python"]
    wanted = {"python-0": {"steady-python"}} | {f"python-worsens-python-{n}": {"worsens-python"} for n in (0, 1)}
    for language in others:
        wanted |= {f"{language}-0": {f"steady-{language}"}, f"{language}-apart-0": {f"worsens-{language}"}}
    run_dir = service.folder / "run"
    assert scan(run_dir).keys() == wanted.keys()
    assert {f"workers-{name.rpartition('-')[0]}:{name}" for name in wanted} == service.processes().keys() - {"web"}
    until(lambda: {name: names_held(service.folder, name) for name in wanted} == wanted)
    ready = service.get("/ready").body["models"]
    assert ready["worsens-python"]["group"] == "worsens-python"
    assert ready["worsens-python"]["workers"] == 2
    assert all("group" not in ready[f"steady-{language}"] for language in installed())


def _let_them_go(service: Running) -> None:
    """Groups are scaled and restarted by their names; without its worker only the group's own model is not ready."""
    fewer = service.triglot("scale", "worsens-python=1")
    assert fewer.stdout == "python-worsens-python: python-worsens-python-0\n", fewer.stderr
    again = service.triglot("restart", "worsens-python")
    assert again.stdout == "python-worsens-python-0\n", again.stderr
    strange = service.triglot("scale", "elsewhere=1")
    assert strange.returncode != 0
    assert "'elsewhere': 1; write a count for one of" in strange.stderr
    assert service.ctl("stop", "workers-python-worsens-python:*").returncode == 0
    until(lambda: service.get("/models/worsens-python/ready").status == 503)
    for name in models().keys() - {"worsens-python"}:
        assert service.get(f"/models/{name}/ready").status == 200
    assert service.ctl("start", "workers-python-worsens-python:*").returncode == 0
    until(lambda: service.get("/ready").status == 200)
