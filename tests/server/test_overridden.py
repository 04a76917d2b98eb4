"""Predict services of the user's own: their methods see what Palladium's saw, and their answers reach the caller."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from flask import g, request
from flask.testing import FlaskClient
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from werkzeug.exceptions import Conflict, HTTPException

from tests.helpers import PATIENCE_S
from tests.server import foresight
from triglot.dispatch.blocking import Client
from triglot.errors import BadRequest, ConfigError
from triglot.interfaces import PredictError
from triglot.server.app import Options, create_app
from triglot.server.application import Application
from triglot.server.payload import json_response
from triglot.server.predict import PredictService
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.training.fit_worker import Bench

MAPPING = [("sl", "float"), ("sw", "float"), ("pl", "float"), ("pw", "float")]
SETOSA = {"sl": 5.2, "sw": 3.5, "pl": 1.5, "pw": 0.2}
VIRGINICA = {"sl": "7.2", "sw": 3, "pl": 6.1, "pw": 2.5}
PAIR = [("a", "float"), ("b", "float")]
TEXTS = ["cheap pills now", "meeting at noon", "cheap offer now", "lunch at noon"]
KINDS = ["spam", "ham", "spam", "ham"]
PARAMS = [("factor", "float"), ("shift", "int"), ("note", "str"), ("flag", "bool"), ("missing", "str")]
TIMEOUT_S = PATIENCE_S

Open = Callable[[PredictService], FlaskClient]


@pytest.fixture(scope="module")
def service(
    models: ModelStore, bench: Bench, run_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Hold a service of three models with one Python worker."""
    store = ModelStore(f"sqlite:///{tmp_path_factory.mktemp('hooks') / 'models.db'}")
    artefacts = {"iris": models.read("iris", 1).artefact}
    cloudpickle.register_pickle_by_value(foresight)
    pipeline = make_pipeline(CountVectorizer(), MultinomialNB())
    artefacts["mail"] = bench.fit("mail", pipeline, pd.Series(TEXTS), KINDS).artefact
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    artefacts["scaled"] = bench.fit("scaled", foresight.Scaled(), frame, [1.0, 2.0]).artefact
    cloudpickle.unregister_pickle_by_value(foresight)
    for name, artefact in artefacts.items():
        store.activate(name, store.write(name, artefact))
    made = Service(store, Client(run_dir))
    yield made
    made.close()
    store.close()


@pytest.fixture
def serve(service: Service) -> Open:
    """Give the function that returns a client of an application with this predict service."""

    def served(predict: PredictService) -> FlaskClient:
        options = Options(services=[predict], service_metadata={"name": "mine"}, timeout_s=TIMEOUT_S)
        return create_app(service, options).test_client()

    return served


# --- each method


class Seeing(PredictService):
    """Notes what its methods are given."""

    seen: ClassVar[dict[str, Any]] = {}

    def sample_from_data(self, model: Any, data: Any) -> Any:
        sample = super().sample_from_data(model, data)
        self.seen["sample"] = sample
        return sample

    def params_from_data(self, model: Any, data: Any) -> dict[str, Any]:
        self.seen["params"] = super().params_from_data(model, data)
        return self.seen["params"]

    def predict(self, model: Any, sample: Any, **kwargs: Any) -> Any:
        self.seen |= {"model": model, "samples": sample, "kwargs": kwargs}
        self.seen["answer"] = super().predict(model, sample, **kwargs)
        return self.seen["answer"]

    def response_from_prediction(self, y_pred: Any, single: bool = True) -> Any:
        self.seen |= {"y_pred": y_pred, "single": single}
        return super().response_from_prediction(y_pred, single=single)


def test_methods_see_samples_as_an_object_array_and_answers_as_an_array(serve: Open) -> None:
    http = serve(Seeing(MAPPING, model="iris", color="red"))
    answer = http.post("/predict", json=[SETOSA, VIRGINICA])

    assert answer.json["result"] == ["Iris-setosa", "Iris-virginica"]
    seen = Seeing.seen
    assert (seen["sample"].shape, seen["sample"].dtype) == ((4,), object)
    assert (seen["samples"].shape, seen["samples"].dtype) == ((2, 4), object)
    assert seen["samples"].tolist() == [[5.2, 3.5, 1.5, 0.2], [7.2, 3.0, 6.1, 2.5]]
    assert isinstance(seen["y_pred"], np.ndarray)
    assert seen["y_pred"].tolist() == ["Iris-setosa", "Iris-virginica"]
    assert seen["single"] is False
    assert seen["model"].classes_.tolist() == ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
    assert seen["model"].__metadata__["version"] == 1
    assert seen["model"].predict_proba(seen["samples"]).shape == (2, 3)


def test_a_get_is_one_sample_and_one_answer(serve: Open) -> None:
    answer = serve(Seeing(MAPPING, model="iris")).get("/predict", query_string=SETOSA)

    assert answer.json["result"] == "Iris-setosa"
    assert (Seeing.seen["samples"].shape, Seeing.seen["single"]) == ((1, 4), True)


def test_the_answer_says_where_it_comes_from_like_any_other(serve: Open) -> None:
    plain = serve(PredictService(MAPPING, model="iris", predict_proba=True)).post("/predict", json=[SETOSA]).json
    seeing = serve(Seeing(MAPPING, model="iris", predict_proba=True)).post("/predict", json=[SETOSA]).json

    for answer in (plain, seeing):
        assert answer["metadata"].pop("request_id")
    assert seeing == plain
    assert list(seeing["metadata"]) == ["status", "error_code", "model", "version", "language", "classes", "name"]


def test_params_are_typed_and_absent_ones_are_the_models_attributes(serve: Open) -> None:
    http = serve(Seeing(PAIR, PARAMS, model="scaled"))
    http.post("/predict?shift=7&flag=TRUE&missing=x", json=[{"a": 1, "b": 2}])
    # `note` is None for the class, and so is handed on; what is nobody's is not
    assert Seeing.seen["params"] == {"factor": 10.0, "shift": 7, "note": None, "flag": True, "missing": "x"}

    answer = http.get("/predict?a=1&b=2&factor=2.5")
    assert Seeing.seen["kwargs"] == {"factor": 2.5, "shift": 1, "note": None}
    assert answer.json["result"] == 3 * 2.5 + 1


def test_absent_params_are_the_models_attributes_without_any_method_overridden(serve: Open) -> None:
    http = serve(PredictService(PAIR, PARAMS[:4], model="scaled"))

    assert http.get("/predict?a=1&b=2").json["result"] == 31.0
    assert http.get("/predict?a=1&b=2&shift=5&note=x").json["result"] == 1035.0
    assert http.post("/predict?factor=0", json=[{"a": 1, "b": 2}]).json["result"] == [1.0]


def test_plain_attributes_of_the_model_are_there_and_others_are_not(serve: Open) -> None:
    serve(Seeing(PAIR, model="scaled")).get("/predict?a=1&b=2")
    model = Seeing.seen["model"]

    assert (model.shift, model.most, model.factor, model.note) == (1, 100.0, 10.0, None)
    for name in ("table", "_hidden", "costly", "fit"):
        with pytest.raises(AttributeError, match=f"'scaled' shows no attribute '{name}' here"):
            getattr(model, name)


class Reply(PredictService):
    """The example of Palladium's slides: an answer of another shape."""

    def response_from_prediction(self, y_pred: Any, single: bool = True) -> Any:
        return json_response({"flowers": y_pred.tolist(), "single": single, "name": g.good_metadata["name"]})


def test_an_answer_may_have_another_shape(serve: Open) -> None:
    http = serve(Reply(MAPPING, model="iris"))

    assert http.get("/predict", query_string=SETOSA).json == {
        "flowers": ["Iris-setosa"],
        "single": True,
        "name": "mine",
    }
    assert http.post("/predict", json=[VIRGINICA]).json["single"] is False


def test_without_a_mapping_the_fields_are_the_models_columns(serve: Open) -> None:
    http = serve(Reply(model="iris"))
    flower = {"sepal length": "5.2", "sepal width": "3.5", "petal length": "1.5", "petal width": "0.2"}

    assert http.get("/predict", query_string=flower).json["flowers"] == ["Iris-setosa"]
    answer = http.post("/predict", json=[{"sepal length": "long"}])
    assert [problem["field"] for problem in answer.json["metadata"]["problems"]] == [
        "sepal width",
        "petal length",
        "petal width",
    ]


class Logarithm(PredictService):
    """Samples that numpy made, of a type of its own."""

    types: ClassVar[dict[str, Callable[[Any], Any]]] = {**PredictService.types, "log": lambda text: np.exp(float(text))}

    def sample_from_data(self, model: Any, data: Any) -> Any:
        return super().sample_from_data(model, data) * np.float32(1)


def test_types_may_be_added_and_samples_be_of_numpys_own_types(serve: Open) -> None:
    mapping = [("sl", "log"), *MAPPING[1:]]
    answer = serve(Logarithm(mapping, model="iris")).post("/predict", json=[{**SETOSA, "sl": np.log(5.2)}])

    assert answer.json["result"] == ["Iris-setosa"]
    with pytest.raises(ConfigError, match="'sl' is of type 'log'; use float, int, str, bool"):
        PredictService(mapping)


class Whole(PredictService):
    """Answers by itself, in one method or another."""

    def __call__(self, model: Any, request: Any) -> Any:
        if request.args.get("how") == "super":
            return super().__call__(model, request)
        return json_response({"classes": model.classes_.tolist(), "method": request.method})

    def initialize_component(self, config: Any) -> None:
        super().initialize_component(config)


def test_a_service_may_answer_as_a_whole(serve: Open) -> None:
    service = Whole(MAPPING, model="iris")
    service.initialize_component({})
    http = serve(service)

    assert http.post("/predict", json=[]).json == {
        "classes": ["Iris-setosa", "Iris-versicolor", "Iris-virginica"],
        "method": "POST",
    }
    assert http.get("/predict", query_string={**SETOSA, "how": "super"}).json["result"] == "Iris-setosa"


# --- failures


@pytest.mark.parametrize("kind", [PredictService, Seeing])
def test_every_bad_field_of_every_row_is_named(serve: Open, kind: type[PredictService]) -> None:
    http = serve(kind(MAPPING, model="iris"))
    answer = http.post("/predict", json=[SETOSA, {**SETOSA, "sl": "long", "pw": None}, {"sl": 1, "sw": 2}, [1, 2]])

    assert answer.status_code == 400
    found = [(problem["row"], problem["field"]) for problem in answer.json["metadata"]["problems"]]
    assert found == [(1, "sl"), (1, "pw"), (2, "pl"), (2, "pw"), (3, "")]


@pytest.mark.parametrize("kind", [PredictService, Seeing])
def test_a_bad_argument_is_named(serve: Open, kind: type[PredictService]) -> None:
    answer = serve(kind(PAIR, PARAMS, model="scaled")).get("/predict?a=1&b=2&shift=1.5")

    assert answer.status_code == 400
    assert "argument 'shift' must be of type int, not '1.5'" in answer.json["metadata"]["error_message"]


@pytest.mark.parametrize("kind", [PredictService, Seeing])
def test_no_row_is_no_answer(serve: Open, kind: type[PredictService]) -> None:
    assert serve(kind(MAPPING, model="iris")).post("/predict", json=[]).json["result"] == []


@pytest.mark.parametrize("kind", [PredictService, Seeing])
def test_what_the_model_foresaw_reaches_the_caller(serve: Open, kind: type[PredictService]) -> None:
    http = serve(kind(PAIR, PARAMS, model="scaled"))
    answer = http.get("/predict?a=1&b=200", headers={"X-Request-Id": "mine"})

    assert answer.status_code == 500
    assert answer.json["metadata"] == {
        "status": "ERROR",
        "error_code": 42,
        "error_message": "200 is more than 100",
        "code": "predict-error",
        "request_id": "mine",
        "name": "mine",
    }
    assert (answer.json["error"], answer.json["code"]) == ("200 is more than 100", "predict-error")
    # a code that no wire carries is Palladium's -1
    assert http.get("/predict?a=1&b=2&note=odd").json["metadata"]["error_code"] == -1


class Failing(PredictService):
    """Raises in one of its methods, as `how` says."""

    def params_from_data(self, model: Any, data: Any) -> dict[str, Any]:
        if data["how"] == "foreseen":
            raise PredictError("not today", 7)
        raise RuntimeError("secret-path")


class Forgiving(Failing):
    """Answers failures by itself."""

    def response_from_exception(self, exc: Exception) -> Any:
        if isinstance(exc, PredictError):
            return json_response({"sorry": exc.error_message, "code": exc.error_code}, 422)
        return super().response_from_exception(exc)


def test_failures_of_the_methods_have_the_one_shape(serve: Open) -> None:
    http = serve(Failing(MAPPING, model="iris"))
    foreseen = http.get("/predict", query_string={**SETOSA, "how": "foreseen"})
    other = http.get("/predict", query_string={**SETOSA, "how": "other"})

    assert (foreseen.status_code, other.status_code) == (500, 500)
    assert foreseen.json["metadata"]["error_message"] == "not today"
    assert (foreseen.json["metadata"]["error_code"], foreseen.json["metadata"]["code"]) == (7, "predict-error")
    assert other.json["metadata"]["code"] == "error"
    assert "secret" not in other.text


def test_a_service_may_answer_failures_by_itself(serve: Open) -> None:
    http = serve(Forgiving(PAIR, model="scaled"))
    answer = http.get("/predict?a=1&b=2&how=foreseen")
    assert (answer.status_code, answer.json) == (422, {"sorry": "not today", "code": 7})

    class FromModel(PredictService):
        response_from_exception = Forgiving.response_from_exception

    answer = serve(FromModel(PAIR, model="scaled")).get("/predict?a=1&b=200")
    assert (answer.status_code, answer.json) == (422, {"sorry": "200 is more than 100", "code": 42})


# --- text


@pytest.mark.parametrize("kind", [PredictService, Seeing])
def test_a_text_model_gets_texts(serve: Open, kind: type[PredictService]) -> None:
    http = serve(kind([("text", "str")], model="mail", unwrap_sample=True))

    assert http.get("/predict", query_string={"text": "cheap lunch pills"}).json["result"] == "spam"
    rows = [{"text": "lunch meeting"}, {"text": "pills"}, {"text": ""}]
    assert http.post("/predict", json=rows).json["result"][:2] == ["ham", "spam"]
    if kind is Seeing:
        assert Seeing.seen["samples"].shape == (3,)
        assert Seeing.seen["samples"].tolist() == ["lunch meeting", "pills", ""]


def test_a_text_model_answers_what_it_would_answer_at_home(serve: Open) -> None:
    at_home = make_pipeline(CountVectorizer(), MultinomialNB()).fit(TEXTS, KINDS)
    rows = ["lunch meeting", "pills now", ""]
    http = serve(PredictService([("text", "str")], model="mail", unwrap_sample=True, predict_proba=True))
    found = http.post("/predict", json=[{"text": text} for text in rows]).json

    assert found["metadata"]["classes"] == ["ham", "spam"]
    np.testing.assert_allclose(found["result"], at_home.predict_proba(rows))
    # without a service of its own its column has the name that arrays' columns have
    by_name = http.post("/models/mail/predict", json=[{"x0": text} for text in rows]).json["result"]
    assert by_name == at_home.predict(rows).tolist()


def test_to_unwrap_a_sample_it_must_have_one_field() -> None:
    with pytest.raises(ConfigError, match="unwrap_sample needs a mapping of exactly one field"):
        PredictService(PAIR, unwrap_sample=True)


def test_samples_of_another_width_are_refused(serve: Open) -> None:
    serve(Seeing(PAIR, model="scaled")).get("/predict?a=1&b=2")
    with pytest.raises(BadRequest, match=r"samples of 2 fields are needed, not of shape \(1, 3\)"):
        Seeing.seen["model"].predict([[1, 2, 3]])


# --- as Palladium's users test theirs


class Signing(PredictService):
    """Fails in `do`, which is overridden as a whole, and signs every answer to a failure."""

    failure: ClassVar[Exception]

    def do(self, model: Any, request: Any) -> Any:
        raise self.failure

    def response_from_exception(self, exc: Exception) -> Any:
        response = super().response_from_exception(exc)
        response.headers["X-Signed"] = type(exc).__name__
        return response


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (PredictError("not today", 7), 500, "predict-error"),
        (BadRequest("no such flower"), 400, "bad-request"),
        (Conflict("two at once"), 409, "http"),
        (RuntimeError("secret-path"), 500, "error"),
    ],
)
def test_the_answer_to_any_failure_is_there_for_the_method_that_may_change_it(
    serve: Open, failure: Exception, status: int, code: str
) -> None:
    Signing.failure = failure
    answer = serve(Signing(MAPPING, model="iris")).get("/predict", query_string=SETOSA)
    assert (answer.status_code, answer.json["metadata"]["code"]) == (status, code)
    assert answer.headers["X-Signed"] == type(failure).__name__
    assert "secret" not in answer.text


def test_an_answer_that_a_service_ends_with_is_given_as_it_is(serve: Open) -> None:
    Signing.failure = HTTPException(response=json_response({"tea": True}, 418))
    answer = serve(Signing(MAPPING, model="iris")).get("/predict", query_string=SETOSA)
    assert (answer.status_code, answer.json) == (418, {"tea": True})


class Doubling:
    """A model that is here."""

    def predict(self, X: Any) -> Any:
        return np.asarray(X, dtype=float)[:, 0] * 2


def test_a_service_answers_by_a_model_of_a_tests_own_where_no_application_is() -> None:
    service = PredictService(PAIR)
    with Application().test_request_context("/predict?a=2&b=0"):
        good = service(Doubling(), request)
    with Application().test_request_context("/predict", method="POST", json=[{"a": 1, "b": 0}, {"a": "3", "b": 0}]):
        several = service(Doubling(), request)
    with Application().test_request_context("/predict?a=2"):
        bad = service(Doubling(), request)
    assert good.json == {"metadata": {"status": "OK", "error_code": 0}, "result": 4.0}
    assert several.json["result"] == [2.0, 6.0]
    assert (bad.status_code, bad.json["metadata"]["problems"]) == (400, [{"field": "b", "message": "is missing"}])
