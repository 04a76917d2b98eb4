"""Predict services: a route, a model and how a request becomes rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from flask import Request, Response, g

from triglot.catalogue import Served
from triglot.errors import BadRequest, ConfigError, Problem
from triglot.interfaces import PredictError
from triglot.schema import Field, Schema
from triglot.server.hooks import RemoteModel
from triglot.server.payload import error_body, json_response, json_rows, many_rows, metadata, one_row
from triglot.service import Prediction, Service
from triglot.table import Kind, Table

Params = Mapping[str, Any]
HOOKS = (
    "do",
    "sample_from_data",
    "params_from_data",
    "predict",
    "response_from_prediction",
    "response_from_exception",
)


class PredictService:
    """One predict route.

    model: the model's name; None is the only one there is. mapping: (field, type) in the order of the model's
    columns; without one the fields are the columns that the model was fitted on. A mapping may rename columns, and
    fields beside it are ignored; without a mapping they are refused. params: (name, type) of query arguments that
    are handed to the model's predict. predict_proba: answer probabilities, in class order, instead of classes.
    unwrap_sample: the mapping has one field, and a sample is its value. Further keywords become attributes.

    Subclasses may override `sample_from_data`, `params_from_data`, `predict`, `response_from_prediction`,
    `response_from_exception` and `do`; a service that does goes through them, one sample at a time.
    """

    types: ClassVar[dict[str, Kind]] = {"float": "float64", "int": "int64", "str": "string", "bool": "bool"}
    parsers: ClassVar[dict[str, Callable[[Any], Any]]] = {
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
        self._hooked = any(getattr(type(self), hook) is not getattr(PredictService, hook) for hook in HOOKS)

    def answer(self, service: Service, request: Request, service_metadata: Params, timeout_s: float) -> Response:
        """Return the answer to one GET (one row of the query string) or POST (a list of rows)."""
        served = self.served(service)
        if self._hooked:
            g.service_metadata = service_metadata
            return self.do(RemoteModel(service, served, timeout_s, g.request_id), request)
        single = request.method != "POST"
        X = self.rows(request, served, single)
        prediction = service.predict(
            served,
            X,
            proba=self.predict_proba,
            params=self.params_of(request),
            timeout_s=timeout_s,
            request_id=g.request_id,
        )
        return self.response(prediction, single, service_metadata)

    def served(self, service: Service) -> Served:
        """Return the version that answers: of the named model, or of the only one."""
        if self.model is not None:
            return service.served(self.model)
        models = service.models()
        if len(models) > 1:
            known = ", ".join(f"/models/{name}/predict" for name in sorted(models))
            raise BadRequest(f"this server has several models; ask one of them: {known}")
        return service.served(next(iter(models), "default"))

    def rows(self, request: Request, served: Served, single: bool) -> Table:
        """Return the rows of a request as the table that the model was fitted on."""
        schema, lenient = served.schema, self.mapping is not None
        if self.mapping is not None:
            schema = self._mapped(schema, served)
        if single:
            names = frozenset(name for name, _ in self.params)
            table = one_row(request, schema, ignore=names, allow_extra=lenient)
        else:
            table = many_rows(request, schema, allow_extra=lenient)
        return table if schema is served.schema else _renamed(table, served.schema.names)

    def params_of(self, request: Request) -> dict[str, Any]:
        """Return the declared arguments that the query string holds, by their types."""
        return self._parsed(request.args)

    def _parsed(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        found = {}
        for name, kind in self.params:
            text = arguments.get(name)
            if text is not None:
                try:
                    found[name] = self.parsers[kind](text)
                except ValueError:
                    raise BadRequest(f"argument {name!r} must be of type {kind}, not {text!r}") from None
        return found

    def response(self, prediction: Prediction, single: bool, service_metadata: Params) -> Response:
        """Return the prediction as JSON; a GET's result is one answer, a POST's a list of them."""
        served = prediction.served
        facts: dict[str, Any] = {
            "model": served.model,
            "version": served.version,
            "language": served.language,
            "request_id": prediction.request_id,
        }
        if self.predict_proba:
            facts["classes"] = prediction.classes
        result = prediction.values[0] if single else prediction.values
        return json_response({"metadata": metadata(dict(service_metadata), **facts), "result": result})

    def do(self, model: Any, request: Request) -> Response:
        """Return the answer by way of the methods that a subclass may override."""
        try:
            single = request.method != "POST"
            rows = [request.args] if single else json_rows(request)
            sample = np.array([self.sample_from_data(model, row) for row in rows])
            answer = self.predict(model, sample, **self.params_from_data(model, request.args))
            return self.response_from_prediction(answer, single=single)
        except Exception as error:
            return self.response_from_exception(error)

    def sample_from_data(self, model: Any, data: Mapping[str, Any]) -> Any:
        """Return one sample: an object array of the mapped values, or the one value with `unwrap_sample`."""
        values, problems = [], []
        for name, kind in self.mapping or []:
            try:
                values.append(self.parsers[kind](data[name]))
            except KeyError:
                problems.append(Problem(name, "is missing"))
            except (TypeError, ValueError, AttributeError):
                problems.append(Problem(name, f"must be of type {kind}, not {data[name]!r}"))
        if problems:
            raise BadRequest("the request does not fit the model", problems)
        return values[0] if self.unwrap_sample else np.array(values, dtype=object)

    def params_from_data(self, model: Any, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the declared arguments for the model's predict."""
        return self._parsed(data)

    def predict(self, model: Any, sample: Any, **kwargs: Any) -> Any:
        """Return the model's answer to the samples."""
        return model.predict_proba(sample, **kwargs) if self.predict_proba else model.predict(sample, **kwargs)

    def response_from_prediction(self, y_pred: Any, single: bool = True) -> Response:
        """Return the answer as JSON."""
        result = y_pred.tolist()
        body = {"metadata": metadata(dict(g.service_metadata)), "result": result[0] if single else result}
        return json_response(body)

    def response_from_exception(self, exc: Exception) -> Response:
        """Return the answer to a failure; errors that are raised again get the application's own shape."""
        if isinstance(exc, PredictError):
            body = error_body(str(exc.error_message), "predict-error")
            body["metadata"]["error_code"] = exc.error_code
            return json_response(body, 500)
        raise exc

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
                [
                    Field(name, field.kind, field.levels, field.ordered, field.nullable)
                    for (name, _), field in zip(mapping, schema.fields, strict=True)
                ]
            )
        return cached[key]


def _renamed(table: Table, names: Sequence[str]) -> Table:
    if table.is_matrix:
        return Table(names, matrix=table.matrix())
    return Table(names, columns=table.columns)
