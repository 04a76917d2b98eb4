"""Predict services: what a configuration says of one, and the methods that a subclass may override."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from flask import Request, Response, g

from triglot.errors import BadRequest, ConfigError, Problem
from triglot.interfaces import PredictError
from triglot.server.errors import foreseen, response_to
from triglot.server.payload import json_response
from triglot.server.request import asked_by, typed_arguments
from triglot.tables.schema import MAX_PROBLEMS
from triglot.util import get_metadata

PROBA = "proba"  # the argument of a POST that asks for probabilities beside classes
METHODS = (
    "__call__",
    "types",
    "do",
    "sample_from_data",
    "params_from_data",
    "predict",
    "response_from_prediction",
    "response_from_exception",
)


class PredictService:
    """One predict route.

    Args:
        mapping: (field, type) in the order of the model's columns; without one the fields are the columns that the
            model was fitted on. A mapping may rename columns, and fields beside it are ignored; without a mapping they
            are refused. Types are `float`, `int`, `str` and `bool`.
        params: (name, type) of query arguments that are handed to the model's predict; one that is absent is the
            model's attribute of that name, if it has one.
        entry_point: The route, which begins with "/".
        decorator_list_name: The key of the configuration whose decorators wrap the route.
        predict_proba: Answer probabilities, in class order, instead of classes.
        unwrap_sample: The mapping has one field, and a sample is its value.
        model: The model's name; None is the only one there is.
        **attributes: Become attributes.

    Raises:
        ConfigError: A type is not known, or the route is none.

    Subclasses may override `types`, `sample_from_data`, `params_from_data`, `predict`, `response_from_prediction`,
    `response_from_exception`, `do` and `__call__`; a service that does goes through them, one sample at a time.
    """

    types: ClassVar[dict[str, Callable[[Any], Any]]] = {
        "float": float,
        "int": int,
        "str": str,
        "bool": lambda value: value if isinstance(value, bool) else value.lower() == "true",
    }

    def __init__(
        self,
        mapping: Sequence[tuple[str, str]] | None = None,
        params: Sequence[tuple[str, str]] = (),
        entry_point: str = "/predict",
        decorator_list_name: str = "predict_decorators",
        predict_proba: bool = False,
        unwrap_sample: bool = False,
        model: str | None = None,
        **attributes: Any,
    ) -> None:
        for name, kind in [*(mapping or ()), *params]:
            if kind not in self.types:
                raise ConfigError(
                    f"predict service {entry_point}: {name!r} is of type {kind!r}; use {', '.join(self.types)}"
                )
        if not entry_point.startswith("/"):
            raise ConfigError(f"predict service {entry_point!r}: entry_point must start with '/'")
        self.mapping = None if mapping is None else [(str(name), str(kind)) for name, kind in mapping]
        self.params = [(str(name), str(kind)) for name, kind in params]
        self.entry_point = entry_point
        self.decorator_list_name = decorator_list_name
        self.predict_proba = predict_proba
        self.unwrap_sample = unwrap_sample
        if unwrap_sample and len(self.mapping or ()) != 1:
            raise ConfigError(f"predict service {entry_point}: unwrap_sample needs a mapping of exactly one field")
        self.model = model
        self.__dict__.update(attributes)
        self._further: list[tuple[str, str]] = []
        self.overridden = any(getattr(type(self), name) is not getattr(PredictService, name) for name in METHODS)

    @property
    def routes(self) -> list[tuple[str, str]]:
        """The routes of the service, each with the key of its decorators."""
        return list(dict([(self.entry_point, self.decorator_list_name), *self._further]).items())

    def add_route(self, route: str, decorator_list_name: str) -> None:
        """Answer at a further route, too; an application that is there already is not changed."""
        self._further.append((route, decorator_list_name))

    def initialize_component(self, config: Any) -> None:
        """Do nothing: the application adds the route. It is here for subclasses that call it."""

    def __call__(self, model: Any, request: Request) -> Response:
        """Return the answer of a model to a request, whatever becomes of it."""
        try:
            return self.do(model, request)
        except Exception as error:
            return self.response_from_exception(error)

    def do(self, model: Any, request: Request) -> Response:
        """Return the answer by way of the methods that a subclass may override."""
        single = request.method != "POST"
        rows = [request.args] if single else asked_by(request).rows(self._fields(model))
        sample = np.array(self._samples(model, rows))
        answer = self.predict(model, sample, **self.params_from_data(model, request.args))
        return self.response_from_prediction(answer, single=single)

    def sample_from_data(self, model: Any, data: Mapping[str, Any]) -> Any:
        """Return one sample: an object array of the mapped values, or the one value with `unwrap_sample`."""
        if not isinstance(data, Mapping):
            raise BadRequest("a row must be an object", [Problem("", f"must be an object, not {data!r}")])
        values, problems = [], []
        # Without a mapping the schema of the model knows what its columns may be.
        kinds = dict(self.mapping or ())
        for name in self._fields(model):
            kind = kinds.get(name, "")
            if name not in data:
                problems.append(Problem(name, "is missing"))
                continue
            try:
                values.append(self.types[kind](data[name]) if kind else data[name])
            except (TypeError, ValueError, AttributeError):
                problems.append(Problem(name, f"must be of type {kind}, not {data[name]!r}"))
        if problems:
            raise BadRequest("the request does not fit the model", problems)
        return values[0] if self.unwrap_sample else np.array(values, dtype=object)

    def params_from_data(self, model: Any, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the declared arguments for the model's predict; absent ones are the model's attributes."""
        absent = [name for name, _ in self.params if name not in data and hasattr(model, name)]
        return {name: getattr(model, name) for name in absent} | typed_arguments(data, self.params, self.types)

    def predict(self, model: Any, sample: Any, **kwargs: Any) -> Any:
        """Return the model's answer to the samples."""
        return model.predict_proba(sample, **kwargs) if self.predict_proba else model.predict(sample, **kwargs)

    def response_from_prediction(self, y_pred: Any, single: bool = True) -> Response:
        """Return the answer as JSON."""
        result = np.asarray(y_pred).tolist()
        metadata = g.get("good_metadata") or get_metadata()  # a test may call a service where no application answers
        return json_response({"metadata": metadata, "result": result[0] if single else result})

    def response_from_exception(self, exc: Exception) -> Response:
        """Return the answer to a failure, in the application's own shape, as it is for errors that are raised again."""
        if isinstance(exc, PredictError):
            return foreseen(str(exc.error_message), exc.error_code)
        return response_to(exc)

    def _fields(self, model: Any) -> list[str]:
        """Return the names of a row's fields: the mapping's, or else the model's columns."""
        if self.mapping is None:
            return list(getattr(model, "feature_names_in_", ()))
        return [name for name, _ in self.mapping]

    def _samples(self, model: Any, rows: Sequence[Any]) -> list[Any]:
        """Return the samples of all rows, or one error with the problems of all of them."""
        samples, problems = [], []
        for number, row in enumerate(rows):
            try:
                samples.append(self.sample_from_data(model, row))
            except BadRequest as error:
                if not error.problems or len(rows) == 1:
                    raise
                problems += [Problem(problem.field, problem.message, number) for problem in error.problems]
        if problems:
            raise BadRequest("the request does not fit the model", problems[:MAX_PROBLEMS])
        return samples
