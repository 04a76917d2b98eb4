"""A version that does not load: who answers instead, who is told what, and when it is tried again."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers import PATIENCE_S, Hive, author_module, until
from triglot.artefact import Artefact, reseal
from triglot.dispatch import handover
from triglot.dispatch.blocking import Client
from triglot.dispatch.loads import Loads
from triglot.dispatch.routing import History
from triglot.errors import VersionNotLoadable, WorkerUnavailable
from triglot.estimators import JuliaRegressor, RRegressor
from triglot.protocol.messages import Request
from triglot.serving.served import Standing
from triglot.serving.service import Question, Service
from triglot.store import ModelStore
from triglot.tables.table import Table
from triglot.training.fit_worker import Bench
from triglot.transport.request_ids import new_id

HERE = Path(__file__).parent / "authors"
MOODY = Path(__file__).parents[1] / "functional" / "authors"
X = pd.DataFrame({"mood": [0.0, 0.0, 0.0], "seconds": [0.0, 0.0, 0.0]})
ASKED = Table(["mood", "seconds"], matrix=np.zeros((2, 2)))
LACKS = {
    "python": "ModuleNotFoundError: No module named 'a_package_that_is_not_here'",
    "r": "there is no package called ‘aPackageThatIsNotHere’",  # noqa: RUF001
    "julia": "APackageThatIsNotHere",
}


def authors(language: str) -> tuple[Any, Any]:
    """Return a model that always loads and answers 1, and one that may not load and answers 2."""
    if language == "python":
        return author_module(MOODY, "moody").Moody(), author_module(HERE, "needy").Needy()
    if language == "r":
        needy = RRegressor(script=str(HERE / "needy.R"), dump_function="dump_model", load_function="load_model")
        return RRegressor(script=str(MOODY / "moody.R")), needy
    steady = JuliaRegressor(script=str(MOODY / "Moody.jl"), fit_function="Moody.fit", predict_function="Moody.predict")
    return steady, JuliaRegressor(
        script=str(HERE / "Needy.jl"), fit_function="Needy.fit", predict_function="Needy.predict"
    )


@pytest.fixture(scope="module")
def fitted(language: str, benches: Callable[[str], Bench]) -> list[Artefact]:
    """Give the artefacts of the two models of a language."""
    worker = benches(language)
    path = (str(MOODY), str(HERE))
    return [worker.fit("m", model, X, [1.0, 1.0, 1.0], path).artefact for model in authors(language)]


@dataclass
class Place:
    """A store, the processes that answer from it, and a file that says what is wrong with version 2."""

    language: str
    store: ModelStore
    needy: Path
    hive: Hive = field(default_factory=Hive)
    services: list[Service] = field(default_factory=list)

    def serve(self) -> Service:
        """Return a new front end."""
        self.services.append(Service(self.store, Client(self.hive.run_dir)))
        return self.services[-1]

    def restart(self) -> Service:
        """End the front end and every worker, and return a new front end with one new worker."""
        self.services.pop().close()
        for worker in self.hive.workers:
            worker.terminate()
        self.hive.start(self.language)
        return self.serve()

    def suffers(self, how: str) -> None:
        """Have version 2 not load from now on, in this way."""
        self.needy.write_text(how)

    def activate(self, version: int) -> None:
        self.store.activate("m", version)

    def close(self) -> None:
        for service in self.services:
            service.close()
        self.hive.close()
        self.store.close()


@pytest.fixture
def place(language: str, fitted: list[Artefact], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Hold a store whose version 1 loads and whose version 2 may not, and one worker."""
    store = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    for artefact in fitted:
        store.write("m", artefact)
    monkeypatch.setenv("NEEDY", str(tmp_path / "needy"))
    made = Place(language, store, tmp_path / "needy")
    try:
        made.hive.start(language)
        yield made
    finally:
        made.close()


def answer(service: Service) -> float:
    """Return what the model answers now."""
    values = service.predict(Question(service.served("m"), timeout_s=PATIENCE_S), ASKED).values
    assert values == [values[0]] * 2
    return float(values[0])


def stands(service: Service, ready: Callable[[Standing], Any]) -> Standing:
    """Return how the model stands, once that is as it is waited for."""
    until(lambda: bool(ready(service.standing("m"))))
    return service.standing("m")


def refused(standing: Standing) -> bool:
    return standing.refusal is not None


def test_the_version_before_answers_on_and_the_new_one_comes_up_by_itself_once_it_can(place: Place) -> None:
    place.activate(1)
    service = place.serve()
    assert answer(service) == 1.0
    place.suffers("lacks")
    place.activate(2)

    standing = stands(service, refused)

    assert standing.active.version == 2
    assert standing.answers is not None
    assert standing.answers.version == 1
    assert LACKS[place.language] in str(standing.error)
    assert str(standing.error).startswith("version 2 of model 'm' does not load: ")
    assert answer(service) == 1.0

    place.needy.unlink()
    until(lambda: answer(service) == 2.0)
    assert service.standing("m").refusal is None


def test_after_a_restart_of_everything_the_version_before_answers(place: Place) -> None:
    place.activate(2)
    service = place.serve()
    until(lambda: answer(service) == 2.0)
    place.suffers("lacks")

    service = place.restart()

    standing = stands(service, lambda standing: standing.answers and standing.answers.version == 1)
    assert standing.loaded
    assert LACKS[place.language] in standing.refusal.cause
    assert answer(service) == 1.0
    place.needy.unlink()
    until(lambda: answer(service) == 2.0)


def test_where_no_version_loads_callers_are_told_why_and_cause_no_further_try(place: Place) -> None:
    place.store.delete("m", 1)
    place.suffers("lacks")
    place.activate(2)
    service = place.serve()
    stands(service, lambda standing: standing.answers is None)
    before = service.standing("m").refusal.tries

    for _ in range(50):
        with pytest.raises(VersionNotLoadable, match="version 2 of model 'm' does not load: ") as told:
            answer(service)

    assert LACKS[place.language] in told.value.cause
    assert told.value.details() == {"model": "m", "version": 2, "cause": told.value.cause}
    assert service.standing("m").refusal.tries < before + 50 / 2
    assert place.hive.workers[0].process.poll() is None


def test_a_new_worker_is_tried_at_once_however_long_the_others_are_to_wait(place: Place) -> None:
    place.store.delete("m", 1)
    place.suffers("lacks")
    place.activate(2)
    service = place.serve()
    stands(service, lambda standing: standing.refusal and standing.refusal.tries >= 2)
    place.needy.unlink()

    place.hive.workers[0].terminate()
    place.hive.start(place.language)

    until(lambda: service.standing("m").loaded)
    assert answer(service) == 2.0


def test_a_version_that_loads_in_some_workers_is_answered_by_them(place: Place, tmp_path: Path) -> None:
    place.store.delete("m", 1)
    place.activate(2)
    service = place.serve()
    until(lambda: service.standing("m").loaded)
    os.environ["NEEDY"] = str(tmp_path / "another")  # which the fixture's monkeypatch takes back
    (tmp_path / "another").write_text("lacks")
    place.hive.start(place.language)

    standing = stands(service, refused)

    assert standing.answers is standing.active
    assert {service.predict(Question(standing.active), ASKED).worker for _ in range(10)} == {place.hive.workers[0].name}
    assert service.holders(standing.active) == 1


def test_a_version_that_loads_in_some_workers_replaces_none_that_loads_in_all(place: Place, tmp_path: Path) -> None:
    place.activate(1)
    service = place.serve()
    os.environ["NEEDY"] = str(tmp_path / "another")  # which the fixture's monkeypatch takes back
    (tmp_path / "another").write_text("lacks")
    place.hive.start(place.language)
    until(lambda: service.holders(service.served("m")) == 2)
    place.activate(2)

    standing = stands(service, refused)

    assert standing.answers.version == 1
    assert answer(service) == 1.0


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("path", "the model's own code fails"),
        ("wrong", "the version does not reproduce its golden rows"),
        ("ends", "its load ends the"),
    ],
)
def test_whatever_keeps_a_version_from_loading_is_told_without_a_path(place: Place, how: str, cause: str) -> None:
    place.suffers(how)
    place.activate(2)
    service = place.serve()
    while how == "ends" and not refused(service.standing("m")):
        _start_again(place, service)

    standing = stands(service, lambda standing: refused(standing) and standing.loaded)

    assert cause in standing.refusal.cause
    assert "/srv" not in standing.refusal.cause
    assert answer(service) == 1.0
    ended = [worker for worker in place.hive.workers if worker.process.poll() is not None]
    assert len(ended) == (2 if how == "ends" else 0)


def test_a_load_that_does_not_end_is_stopped_and_not_tried_again_soon(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.activate(1)
    service = place.serve()
    until(lambda: service.standing("m").loaded)
    monkeypatch.setattr(handover, "LOAD_TIMEOUT_S", 0.5)
    place.suffers("hangs")
    place.activate(2)

    standing = stands(service, refused)

    assert standing.refusal.cause == "it did not come to an end in the time that a load may take"
    assert standing.refusal.tries == 1
    until(lambda: answer(service) == 1.0)


@pytest.mark.parametrize("language", ["python"], indirect=True, scope="module")
def test_a_request_that_comes_to_a_worker_without_the_package_first_is_answered_by_another(
    place: Place, tmp_path: Path
) -> None:
    good = place.hive.workers[0].name
    os.environ["NEEDY"] = str(tmp_path / "another")  # which the fixture's monkeypatch takes back
    (tmp_path / "another").write_text("lacks")
    place.hive.start("python")
    artefact = place.store.read("m", 2).artefact
    client = Client(place.hive.run_dir)
    client.loads = Loads()
    client.wait_for({"python": 2}, PATIENCE_S)
    request = Request("predict", new_id(), "m", 2, sha256=artefact.sha256, tables=(ASKED,))
    not_the_good_one = History(avoid=frozenset(each.id for each in client.workers() if each.id[0] == good))

    answer = client.call(request, "python", PATIENCE_S, lambda: artefact, not_the_good_one)

    assert answer.worker == good
    assert [name for name, _ in client.refused_by(("m", 2, artefact.sha256))] == [place.hive.workers[1].name]
    client.close()


@pytest.mark.parametrize("language", ["python"], indirect=True, scope="module")
def test_a_version_signed_with_another_key_is_told_with_what_to_do(place: Place) -> None:
    foreign = place.store.read("m", 2).artefact
    version = place.store.write("m", reseal(foreign, b"a key that no worker here was given"))
    place.activate(1)
    service = place.serve()
    assert answer(service) == 1.0
    place.activate(version)

    standing = stands(service, refused)

    assert standing.refusal.cause.startswith("the artefact's signature does not hold: it was signed with another key")
    assert answer(service) == 1.0


@pytest.mark.parametrize("language", ["python"], indirect=True, scope="module")
def test_a_version_whose_bytes_are_damaged_in_the_store_is_told_and_comes_up_once_they_are_mended(place: Place) -> None:
    place.activate(2)
    file = place.needy.parent / "models.db"
    whole = place.store.read("m", 2).artefact.blob
    _write(file, whole[:-1] + b"X")
    service = place.serve()

    standing = stands(service, lambda standing: refused(standing) and standing.loaded)

    assert "they were damaged or exchanged" in standing.refusal.cause
    assert answer(service) == 1.0
    _write(file, whole)
    until(lambda: answer(service) == 2.0)


def _start_again(place: Place, service: Service) -> None:
    """Start a worker as soon as the last one has ended, as a supervisor would, unless it has not been ended."""
    last = place.hive.workers[-1].process
    until(lambda: last.poll() is not None or refused(service.standing("m")))
    if last.poll() is not None:
        place.hive.start(place.language)


def _write(file: Path, blob: bytes) -> None:
    with sqlite3.connect(file, timeout=PATIENCE_S) as connection:
        connection.execute("update triglot_chunks set data = ? where version = 2", [blob])
    connection.close()


@pytest.mark.parametrize("language", ["python"], indirect=True, scope="module")
def test_while_the_store_is_away_all_stays_as_it_was_and_is_looked_after_again_afterwards(place: Place) -> None:
    place.activate(1)
    service = place.serve()
    assert answer(service) == 1.0
    place.suffers("lacks")
    place.activate(2)
    stands(service, refused)
    place.store.close()
    file = place.needy.parent / "models.db"
    hidden = file.rename(file.with_name("hidden.db"))
    file.mkdir()

    until(lambda: service.trouble != "")
    assert answer(service) == 1.0
    assert refused(service.standing("m"))

    place.needy.unlink()
    file.rmdir()
    hidden.rename(file)
    until(lambda: answer(service) == 2.0)
    assert service.trouble == ""


@pytest.mark.parametrize("language", ["python"], indirect=True, scope="module")
def test_after_a_restart_the_version_answers_that_answered_last_and_none_that_never_did(place: Place) -> None:
    place.activate(1)
    service = place.serve()
    until(lambda: service.standing("m").loaded)
    broken = place.store.write("m", reseal(place.store.read("m", 2).artefact, b"a key that no worker here was given"))
    place.activate(broken)
    stands(service, refused)

    service = place.restart()

    assert stands(service, lambda standing: refused(standing) and standing.loaded).answers.version == 1


@pytest.mark.parametrize("language", ["python"], indirect=True, scope="module")
def test_a_rollback_is_followed_at_once_and_ends_the_trouble(place: Place) -> None:
    place.activate(1)
    service = place.serve()
    assert answer(service) == 1.0
    place.suffers("lacks")
    place.activate(2)
    stands(service, refused)

    place.activate(1)
    service.refresh()

    assert service.standing("m").refusal is None
    assert answer(service) == 1.0


@pytest.mark.parametrize("language", ["python"], indirect=True, scope="module")
def test_without_any_worker_nothing_is_said_against_a_version(place: Place) -> None:
    place.hive.workers[0].terminate()
    place.activate(2)
    service = Service(place.store, Client(place.hive.run_dir), absence_s=0.0)
    place.services.append(service)

    assert service.served("m").version == 2
    service.refresh()

    assert service.standing("m") == Standing(service.served("m"), service.served("m"))
    with pytest.raises(WorkerUnavailable):
        answer(service)
