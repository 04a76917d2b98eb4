"""One model behind three ways to ask: HTTP, a stream and scores; a real worker answers each time."""

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers import KEY, Hive
from tests.server import foresight
from triglot.artefact import Artefact
from triglot.dispatch.blocking import Client
from triglot.errors import BadRequest, EstimatorFailed
from triglot.interfaces import PredictError
from triglot.server.app import Options, create_app
from triglot.server.predict import PredictService
from triglot.server.stand_in import remote_model
from triglot.serving.remote_model import RemoteModel
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.training.evaluation import ScoredModel
from triglot.training.fit_worker import Bench
from triglot.training.stream import PredictStream, streamed

TIMEOUT_S = 30.0
ROW = {"a": "1.5", "b": "3"}


class Typed(PredictService):
    """Has types of numpy's, and with a method of its own goes through all of them."""

    types = {**PredictService.types, "float": np.float32, "int": np.int64}  # noqa: RUF012

    def predict(self, model: Any, sample: Any, **kwargs: Any) -> Any:
        return super().predict(model, sample, **kwargs)


MAPPED = Typed([("a", "float"), ("b", "int")], [("factor", "float")])


@pytest.fixture(scope="module")
def worker() -> Iterator[Bench]:
    """Hold a Python worker, which answers for all three."""
    hive = Hive()
    try:
        hive.start("python")
        client = Client(hive.run_dir)
        yield Bench(client, "python", KEY)
        client.close()
    finally:
        hive.close()


@pytest.fixture(scope="module")
def artefact(worker: Bench) -> Artefact:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    return worker.fit("scaled", foresight.Scaled(), frame, [1.0, 2.0]).artefact


@pytest.fixture(scope="module")
def service(worker: Bench, artefact: Artefact, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    store = ModelStore(f"sqlite:///{tmp_path_factory.mktemp('remote') / 'models.db'}")
    store.activate("scaled", store.write("scaled", artefact))
    yield Service(store, worker._client)
    store.close()


@pytest.fixture(params=["http", "stream"])
def model(request: pytest.FixtureRequest, worker: Bench, artefact: Artefact, service: Service) -> RemoteModel:
    """Give the model as HTTP's predict services see it, and as those of a stream do."""
    if request.param == "stream":
        return streamed(worker, "scaled", artefact)
    return remote_model(service, service.served("scaled"), TIMEOUT_S, "an id")


def test_a_predict_service_answers_over_http_what_it_answers_in_a_stream(
    service: Service, worker: Bench, artefact: Artefact
) -> None:
    http = create_app(service, Options(services=[MAPPED], timeout_s=TIMEOUT_S)).test_client()
    said, complaints = io.StringIO(), io.StringIO()
    stream = PredictStream(streamed(worker, "scaled", artefact), MAPPED)
    stream.listen([json.dumps([ROW]) + "\n"], said, complaints)
    assert http.post("/predict", json=[ROW]).get_json()["result"] == [1045.0]
    assert (json.loads(said.getvalue()), complaints.getvalue()) == ([1045.0], "")


def test_absent_params_are_the_models_attributes(model: RemoteModel) -> None:
    assert MAPPED.params_from_data(model, {}) == {"factor": 10.0}
    assert model.feature_names_in_.tolist() == ["a", "b"]
    assert "train_timestamp" in model.__metadata__
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize(
    "samples",
    [np.array([[np.float32(1.5), np.int64(3)]], dtype=object), [[1.5, 3]], [{"b": 3, "a": 1.5}]],
    ids=["numbers of numpy's", "lists", "objects"],
)
def test_samples_are_an_array_or_lists_or_objects(model: RemoteModel, samples: Any) -> None:
    assert model.predict(samples, factor=2.0, note=None).tolist() == [9.0]


def test_no_samples_have_no_answers(model: RemoteModel) -> None:
    assert model.predict(np.empty((0, 2), dtype=object)).tolist() == []


def test_samples_that_do_not_fit_are_named(model: RemoteModel) -> None:
    with pytest.raises(BadRequest, match=r"2 fields are needed, not of shape \(1, 3\); they are a, b"):
        model.predict([[1, 2, 3]])
    with pytest.raises(BadRequest, match=r"field 'a': must be a number, not a value of type datetime\.date"):
        model.predict(np.array([["2026-01-31"]], dtype="datetime64[D]").repeat(2, axis=1))


def test_what_the_model_foresees_reaches_a_predict_service_as_it_was_raised(model: RemoteModel) -> None:
    with pytest.raises(PredictError) as caught:
        model.predict([[200.0, 1]])
    assert (caught.value.error_message, caught.value.error_code) == ("200 is more than 100", 42)


def test_scores_ask_with_the_data_of_loaders_and_fail_where_the_model_does(worker: Bench, artefact: Artefact) -> None:
    scored = ScoredModel(worker, "scaled", artefact)
    frame = pd.DataFrame({"b": [3, 4], "a": [1.5, 2.0]})
    assert isinstance(scored, RemoteModel)
    assert scored.predict(frame, note=None).tolist() == [0.0, 0.0]
    with pytest.raises(EstimatorFailed, match="200 is more than 100"):
        scored.predict(pd.DataFrame({"a": [200.0], "b": [1]}))
