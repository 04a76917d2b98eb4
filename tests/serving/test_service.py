"""The service: from a model's name to labels, by a real store and a real worker."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from tests.helpers import Hive, until
from triglot.dispatch.blocking import Client
from triglot.errors import BadRequest, EstimatorFailed, ModelNotFound, WorkerUnavailable
from triglot.serving.service import Question, Service
from triglot.store import ModelStore
from triglot.tables.table import Table
from triglot.tally.sums import Totals
from triglot.training.fit_worker import Bench

X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]})
FOR_EVER_S = 24 * 3600.0
ASKED = Table(["a"], matrix=np.array([[0.0], [3.0], [0.1]]))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, benches: Callable[[str], Bench]) -> Iterator[ModelStore]:
    """Hold a store of classifiers by text and by number, and of two versions of a line."""
    made = ModelStore(f"sqlite:///{tmp_path_factory.mktemp('service') / 'models.db'}")
    for name, model, y in (
        ("words", LogisticRegression(), ["no", "no", "yes", "yes"]),
        ("numbers", LogisticRegression(), [7, 7, 3, 3]),
        ("flags", LogisticRegression(), [True, True, False, False]),
        ("line", LinearRegression(), [0.0, 1.0, 2.0, 3.0]),
        ("line", LinearRegression(), [10.0, 11.0, 12.0, 13.0]),
    ):
        version = made.write(name, benches("python").fit(name, model, X, y).artefact)
        if version == 1:
            made.activate(name, version)
    yield made
    made.close()


@pytest.fixture(scope="module")
def hive() -> Iterator[Hive]:
    """Hold the run directory of this file's worker."""
    made = Hive()
    made.start("python")
    yield made
    made.close()


@pytest.fixture
def service(store: ModelStore, hive: Hive) -> Iterator[Service]:
    """Hold a service of the store and the worker."""
    made = Service(store, Client(hive.run_dir))
    yield made
    made.close()


def test_two_stores_that_share_workers_get_their_own_versions(
    service: Service, store: ModelStore, hive: Hive, tmp_path: Path
) -> None:
    other = ModelStore(f"sqlite:///{tmp_path / 'other.db'}")
    other.activate("line", other.write("line", store.read("line", 2).artefact))
    second = Service(other, Client(hive.run_dir))
    try:
        for _ in range(2):
            assert service.predict(Question(service.served("line")), ASKED).values == pytest.approx([0.0, 3.0, 0.1])
            assert second.predict(Question(second.served("line")), ASKED).values == pytest.approx([10.0, 13.0, 10.1])
    finally:
        second.close()
        other.close()


@pytest.mark.parametrize(
    ("model", "labels", "classes"),
    [
        ("words", ["no", "yes", "no"], ["no", "yes"]),
        ("numbers", [7, 3, 7], [3, 7]),
        ("flags", [True, False, True], [False, True]),
    ],
)
def test_classes_come_back_in_their_own_type(
    service: Service, model: str, labels: list[object], classes: list[object]
) -> None:
    prediction = service.predict(Question(service.served(model), request_id="mine"), ASKED)

    assert prediction.values == labels
    assert [type(value) for value in prediction.values] == [type(label) for label in labels]
    assert prediction.classes == classes
    assert (prediction.request_id, prediction.worker) == ("mine", "python-0")


def test_probabilities_are_plain_lists_in_class_order(service: Service) -> None:
    values = service.predict(Question(service.served("words"), proba=True), ASKED).values

    assert [sum(row) for row in values] == pytest.approx([1.0] * 3)
    assert [row[1] > 0.5 for row in values] == [False, True, False]


def test_numbers_are_plain_floats(service: Service) -> None:
    prediction = service.predict(Question(service.served("line")), ASKED)

    assert prediction.values == pytest.approx([0.0, 3.0, 0.1])
    assert prediction.classes is None


def test_probabilities_of_numbers_are_refused_without_asking_a_worker(service: Service) -> None:
    with pytest.raises(BadRequest, match="model 'line' is no classifier and has no probabilities"):
        service.predict(Question(service.served("line"), proba=True), ASKED)


def test_no_rows_are_no_answers_and_no_question(service: Service) -> None:
    prediction = service.predict(Question(service.served("words")), Table(["a"], matrix=np.empty((0, 1))))

    assert prediction.values == []
    assert prediction.worker == ""


def test_an_activation_and_its_rollback_are_followed(service: Service, store: ModelStore) -> None:
    def answers(version: int) -> bool:
        served = service.served("line")
        return served.version == version and service.predict(Question(served), ASKED).values[0] == pytest.approx(
            10 * (version - 1)
        )

    assert answers(1)
    store.activate("line", 2)
    until(lambda: answers(2))
    store.activate("line", 1)
    until(lambda: answers(1))


def test_an_unknown_model_is_not_found(service: Service) -> None:
    with pytest.raises(ModelNotFound, match="no model 'rose' is active"):
        service.served("rose")


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Hold a run directory in which no worker is."""
    tmp_path.chmod(0o700)
    return tmp_path


def test_a_request_waits_for_a_worker_no_longer_than_its_time(store: ModelStore, empty: Path) -> None:
    service = Service(store, Client(empty))
    started = time.monotonic()

    with pytest.raises(WorkerUnavailable, match="no worker for python is there; try again later"):
        service.predict(Question(service.served("line"), timeout_s=0.3), ASKED)

    assert time.monotonic() - started > 0.25
    service.close()


def test_a_request_waits_for_a_worker_no_longer_than_the_client_s_patience(store: ModelStore, empty: Path) -> None:
    service = Service(store, Client(empty, patience_s=0.3))
    started = time.monotonic()

    with pytest.raises(WorkerUnavailable, match="no worker for python is there"):
        service.predict(Question(service.served("line"), timeout_s=FOR_EVER_S), ASKED)

    assert time.monotonic() - started > 0.25
    service.close()


def test_a_language_that_was_away_for_long_is_refused_at_once_until_it_is_back(store: ModelStore) -> None:
    hive = Hive()
    service = Service(store, Client(hive.run_dir), absence_s=0.2)
    served = service.served("line")
    try:
        time.sleep(0.3)
        with pytest.raises(WorkerUnavailable, match="there has been no worker for python for 0 s; try again later"):
            service.predict(Question(served, timeout_s=FOR_EVER_S), ASKED)

        hive.start("python")
        until(lambda: any(worker.alive for worker in service.workers()))
        assert service.predict(Question(served), ASKED).values == pytest.approx([0.0, 3.0, 0.1])
    finally:
        service.close()
        hive.close()


def test_what_predictions_come_to_is_counted_by_version(service: Service, store: ModelStore, hive: Hive) -> None:
    before = service.tallies.totals()
    words, line = (service.served(name) for name in ("words", "line"))
    for proba in (False, True):
        service.predict(Question(words, proba=proba), ASKED)
    service.ask(Question(line), ASKED)
    with pytest.raises(EstimatorFailed):
        service.predict(Question(line, params={"nonsense": 1}), ASKED)

    totals = service.tallies.totals()

    counted = {}
    for served in (words, line):
        key = (served.model, served.version)
        was, now = before.get(key, Totals()), totals[key]
        counted[served.model] = (now.rows - was.rows, now.calls - was.calls, now.fail.count - was.fail.count)
        assert now.success.ns >= now.queue.ns + now.infer.ns > 0
        assert now.batches[3].infer.count == now.calls
    assert counted == {"words": (6, 2, 0), "line": (3, 1, 1)}
