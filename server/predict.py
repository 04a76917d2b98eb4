"""Predict services: a route, a model and how a request becomes rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from flask import Request, Response, g

from triglot.errors import BadRequest, ConfigError, Problem
from triglot.interfaces import PredictError
from triglot.server.errors import foreseen
from triglot.server.hooks import remote_model
from triglot.server.limits import Limits
from triglot.server.media import JSON, body_type, wanted
from triglot.server.payload import json_response, metadata
from triglot.server.request import Asked, asked_by
from triglot.serving.catalogue import Served
from triglot.serving.service import Prediction, Service
from triglot.tables.schema import MAX_PROBLEMS, Schema
from triglot.tables.table import Table

Params = Mapping[str, Any]
DEFAULT_LIMITS = Limits()
HOOKS = (
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
        self.hooked = any(getattr(type(self), hook) is not getattr(PredictService, hook) for hook in HOOKS)

    @property
    def routes(self) -> list[tuple[str, str]]:
        """The routes of the service, each with the key of its decorators."""
        return list(dict([(self.entry_point, self.decorator_list_name), *self._further]).items())

    def add_route(self, route: str, decorator_list_name: str) -> None:
        """Answer at a further route, too; an application that is there already is not changed."""
        self._further.append((route, decorator_list_name))

    def answer(
        self,
        service: Service,
        request: Request,
        service_metadata: Params,
        timeout_s: float,
        model: str | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Response:
        """Return the answer to one GET (one row of the query string) or POST (rows or columns, of any type).

        `model` is the one that the route names, where the service itself names none.
        """
        served = self.served(service, model)
        if self.hooked:
            g.good_metadata = metadata(service_metadata, **self._facts(served, g.request_id))
            return self(remote_model(service, served, timeout_s, g.request_id), request)
        kind, accept = JSON, wanted(request.accept_mimetypes)
        if request.method == "POST":
            encoding, charset = request.headers.get("Content-Encoding"), request.mimetype_params.get("charset")
            kind = body_type(request.mimetype, charset, encoding)
        if (kind, accept) == (JSON, JSON):
            return json_response(self.result(service, served, asked_by(request), service_metadata, timeout_s))
        from triglot.server import bulk  # pyarrow comes with it, which many a service never needs

        params = self.params_of(request.args.to_dict(), served) if self.params else None
        said = metadata(service_metadata, **self._facts(served, g.request_id))
        call = bulk.Call(service, served, self.predict_proba, params, said, g.request_id, timeout_s, limits)
        if kind == JSON:
            return bulk.answer_table(call, self.table(asked_by(request), served), accept)
        schema = served.schema if self.mapping is None else self._mapped(served.schema, served)
        return bulk.answer_body(call, request, kind, accept, schema, lenient=self.mapping is not None)

    def result(
        self, service: Service, served: Served, asked: Asked, service_metadata: Params, timeout_s: float
    ) -> dict[str, Any]:
        """Return the answer as the JSON that it will be; a GET's result is one answer, a POST's a list of them."""
        prediction = service.predict(served, timeout_s=timeout_s, **self.question(asked, served))
        return self.told(prediction, asked, service_metadata)

    def question(self, asked: Asked, served: Served) -> dict[str, Any]:
        """Return what the service is asked for a request: arguments of its `predict`."""
        return {
            "X": self.table(asked, served),
            "proba": self.predict_proba,
            "params": self.params_of(asked.args, served) if self.params else None,
            "request_id": asked.request_id,
        }

    def told(self, prediction: Prediction, asked: Asked, service_metadata: Params) -> dict[str, Any]:
        """Return a prediction as the JSON that it will be."""
        facts = self._facts(prediction.served, asked.request_id)
        result = prediction.values[0] if asked.body is None else prediction.values
        return {"metadata": metadata(service_metadata, **facts), "result": result}

    def served(self, service: Service, model: str | None = None) -> Served:
        """Return the version that answers: of the named model, or of the only one."""
        name = self.model if self.model is not None else model
        if name is not None:
            return service.served(name)
        models = service.models()
        if len(models) > 1:
            known = ", ".join(f"/models/{name}/predict" for name in sorted(models))
            raise BadRequest(f"this server has several models; ask one of them: {known}")
        return service.served(next(iter(models), "default"))

    def table(self, asked: Asked, served: Served) -> Table:
        """Return the rows of a request as the table that the model was fitted on."""
        schema, lenient = served.schema, self.mapping is not None
        if self.mapping is not None:
            schema = self._mapped(schema, served)
        content = asked.content(schema.names)
        if asked.body is None and self.params:  # they stand in the query string, too, and are no fields
            arguments = {name for name, _ in self.params}
            content = [{name: value for name, value in asked.args.items() if name not in arguments}]
        if isinstance(content, dict):
            table = schema.columns(content, allow_extra=lenient)
        else:
            table = schema.rows(content, allow_extra=lenient)
        return table if schema is served.schema else table.renamed(served.schema.names)

    def params_of(self, arguments: Mapping[str, str], served: Served) -> dict[str, Any]:
        """Return the declared arguments that the query string holds, by their types, or else the model has."""
        parsed = self._parsed(arguments)
        known = (served.info.card.attributes if len(parsed) < len(self.params) else None) or {}
        return {name: known[name] for name, _ in self.params if name in known} | parsed

    def _parsed(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        found = {}
        for name, kind in self.params:
            text = arguments.get(name)
            if text is not None:
                try:
                    found[name] = self.types[kind](text)
                except ValueError:
                    raise BadRequest(f"argument {name!r} must be of type {kind}, not {text!r}") from None
        return found

    def _facts(self, served: Served, request_id: str) -> dict[str, Any]:
        """Return where an answer comes from."""
        facts: dict[str, Any] = {
            "model": served.model,
            "version": served.version,
            "language": served.language,
            "request_id": request_id,
        }
        if self.predict_proba:
            facts["classes"] = None if served.labels is None else list(served.labels.classes)
        return facts

    def initialize_component(self, config: Any) -> None:
        """Do nothing: the application adds the route. It is here for subclasses that call it."""

    def __call__(self, model: Any, request: Request) -> Response:
        """Return the answer of a model to a request."""
        return self.do(model, request)

    def do(self, model: Any, request: Request) -> Response:
        """Return the answer by way of the methods that a subclass may override."""
        try:
            single = request.method != "POST"
            rows = [request.args] if single else asked_by(request).rows(self._fields(model))
            sample = np.array(self._samples(model, rows))
            answer = self.predict(model, sample, **self.params_from_data(model, request.args))
            return self.response_from_prediction(answer, single=single)
        except Exception as error:
            return self.response_from_exception(error)

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
        return {name: getattr(model, name) for name in absent} | self._parsed(data)

    def predict(self, model: Any, sample: Any, **kwargs: Any) -> Any:
        """Return the model's answer to the samples."""
        return model.predict_proba(sample, **kwargs) if self.predict_proba else model.predict(sample, **kwargs)

    def response_from_prediction(self, y_pred: Any, single: bool = True) -> Response:
        """Return the answer as JSON."""
        result = np.asarray(y_pred).tolist()
        return json_response({"metadata": g.good_metadata, "result": result[0] if single else result})

    def response_from_exception(self, exc: Exception) -> Response:
        """Return the answer to a failure; errors that are raised again get the application's own shape."""
        if isinstance(exc, PredictError):
            return foreseen(str(exc.error_message), exc.error_code)
        raise exc

    def _fields(self, model: Any) -> list[str]:
        """Return the names of a row's fields: the mapping's, or else the model's columns."""
        return [name for name, _ in self.mapping] if self.mapping else list(getattr(model, "feature_names_in_", ()))

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

    def _mapped(self, schema: Schema, served: Served) -> Schema:
        """Return the model's schema under the mapping's names."""
        mapping = self.mapping or []
        if len(mapping) != len(schema.fields):
            raise ConfigError(
                f"predict service {self.entry_point} maps {len(mapping)} fields, but model {served.model!r} "
                f"was fitted on {len(schema.fields)}: {', '.join(schema.names)}"
            )
        cached: dict[Any, Schema] = self.__dict__.setdefault("_schemas", {})
        key = (served.model, served.version)
        if key not in cached:
            cached.clear()
            cached[key] = Schema(
                [replace(field, name=name) for (name, _), field in zip(mapping, schema.fields, strict=True)]
            )
        return cached[key]
