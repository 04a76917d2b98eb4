"""The way of a request to a predict service: which version answers, what it is asked, and how the answer is told."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from flask import Request, Response, g

from triglot.client.asynchronous import Lane
from triglot.errors import BadRequest, ConfigError, TriglotError
from triglot.server.context import Options
from triglot.server.limits import BodyLimits
from triglot.server.media import JSON, body_type, wanted
from triglot.server.payload import json_response, metadata
from triglot.server.predict import PredictService
from triglot.server.request import Asked, asked_by, typed_arguments
from triglot.server.stand_in import remote_model
from triglot.serving.catalogue import Served
from triglot.serving.service import Prediction, Question, Service
from triglot.tables.schema import Schema
from triglot.tables.table import Table

MAPPED_SCHEMAS = 64  # of the versions that answer now, and of some before them


class Told(NamedTuple):
    """The version that answers a request; and once it has, how many rows, and the JSON that the answer will be."""

    served: Served
    op: str
    rows: int = 0
    content: Mapping[str, Any] = MappingProxyType({})


class Route:
    """Answers the requests to one predict service, whose methods take part where a subclass has overridden any."""

    def __init__(self, service: Service, options: Options, predict: PredictService) -> None:
        self._predict = predict
        self._service = service
        self._options = options

    def answer(self, request: Request, model: str | None = None) -> Response:
        """Return the answer to one GET (one row of the query string) or POST (rows or columns, of any type).

        `model` is the one that the address names, where the predict service itself names none.
        """
        served = self._served(model)
        g.told = Told(served, self._op)
        if self._predict.overridden:
            g.good_metadata = self._metadata(served, g.request_id)
            stand_in = remote_model(self._service, served, self._options.timeout_s, g.request_id)
            return self._predict(stand_in, request)
        kind, accept = JSON, wanted(request.accept_mimetypes)
        if request.method == "POST":
            encoding, charset = request.headers.get("Content-Encoding"), request.mimetype_params.get("charset")
            kind = body_type(request.mimetype, charset, encoding)
        if (kind, accept) == (JSON, JSON):
            g.told = self._result(asked_by(request), served)
            return json_response(g.told.content)
        return self._bulk(request, served, kind, accept)

    def about(self, model: str | None = None) -> Told | None:
        """Return what is known of who would answer, or None; for an error that is to be told of."""
        try:
            return Told(self._served(model), self._op)
        except TriglotError:
            return None

    def told(self, asked: Asked, model: str | None = None) -> Told:
        """Return the answer; a GET's result is one answer, a POST's a list of them."""
        return self._result(asked, self._served(model))

    async def told_soon(self, lane: Lane, asked: Asked, model: str | None = None) -> Told:
        """Return the same as `told`, by the lane of the event loop that awaits it."""
        served = self._served(model)
        X, question = self._table(asked, served), self._question(asked.args, served, asked.request_id)
        return self._shown(await self._service.predict_soon(lane, question, X), asked)

    def _result(self, asked: Asked, served: Served) -> Told:
        X, question = self._table(asked, served), self._question(asked.args, served, asked.request_id)
        return self._shown(self._service.predict(question, X), asked)

    def _bulk(self, request: Request, served: Served, kind: str, accept: str) -> Response:
        """Return the answer to a request one of whose types, the body's or the answer's, is not JSON."""
        from triglot.server import bulk  # pyarrow comes with it, which many a service never needs

        question = self._question(request.args.to_dict(), served, g.request_id)
        options = self._options
        limits = BodyLimits(options.max_body_bytes, options.max_bulk_bytes, options.max_bulk_rows)
        call = bulk.Call(self._service, question, self._metadata(served, g.request_id), limits)
        if kind == JSON:
            return bulk.answer_table(call, self._table(asked_by(request), served), accept)
        lenient = self._predict.mapping is not None
        return bulk.answer_body(call, request, kind, accept, self._schema(served), lenient=lenient)

    def _served(self, model: str | None) -> Served:
        """Return the version that answers: of the named model, or of the only one."""
        name = self._predict.model if self._predict.model is not None else model
        if name is not None:
            return self._service.served(name)
        models = self._service.standings()
        if len(models) > 1:
            known = ", ".join(f"/models/{name}/predict" for name in sorted(models))
            raise BadRequest(f"this server has several models; ask one of them: {known}")
        return self._service.served(next(iter(models), "default"))

    def _question(self, arguments: Mapping[str, str], served: Served, request_id: str) -> Question:
        predict = self._predict
        params = self._params(arguments, served) if predict.params else {}
        return Question(served, params, predict.predict_proba, self._options.timeout_s, request_id)

    def _params(self, arguments: Mapping[str, str], served: Served) -> dict[str, Any]:
        """Return the declared arguments that the query string holds, by their types, or else the model has."""
        declared = self._predict.params
        said = typed_arguments(arguments, declared, self._predict.types)
        known = (served.info.card.attributes if len(said) < len(declared) else None) or {}
        return {name: known[name] for name, _ in declared if name in known} | said

    def _table(self, asked: Asked, served: Served) -> Table:
        """Return the rows of a request as the table that the model was fitted on."""
        predict, schema = self._predict, self._schema(served)
        content = asked.content(schema.names)
        if asked.body is None and predict.params:  # they stand in the query string, too, and are no fields
            arguments = {name for name, _ in predict.params}
            content = [{name: value for name, value in asked.args.items() if name not in arguments}]
        lenient = predict.mapping is not None
        if isinstance(content, dict):
            table = schema.columns(content, allow_extra=lenient)
        else:
            table = schema.rows(content, allow_extra=lenient)
        return table if schema is served.schema else table.renamed(served.schema.names)

    def _schema(self, served: Served) -> Schema:
        """Return the model's schema, under the mapping's names where there is a mapping."""
        schema, mapping = served.schema, self._predict.mapping
        if mapping is None:
            return schema
        if len(mapping) != len(schema.fields):
            raise ConfigError(
                f"predict service {self._predict.entry_point} maps {len(mapping)} fields, but model {served.model!r} "
                f"was fitted on {len(schema.fields)}: {', '.join(schema.names)}"
            )
        return _mapped(schema, tuple(name for name, _ in mapping))

    def _shown(self, prediction: Prediction, asked: Asked) -> Told:
        served, values = prediction.served, prediction.values
        result = values[0] if asked.body is None else values
        content = {"metadata": self._metadata(served, asked.request_id), "result": result}
        return Told(served, self._op, len(values), content)

    @property
    def _op(self) -> str:
        return "predict_proba" if self._predict.predict_proba else "predict"

    def _metadata(self, served: Served, request_id: str) -> dict[str, Any]:
        """Return where an answer comes from, as the answer says it."""
        facts: dict[str, Any] = {
            "model": served.model,
            "version": served.version,
            "language": served.language,
            "request_id": request_id,
        }
        if self._predict.predict_proba:
            facts["classes"] = None if served.labels is None else list(served.labels.classes)
        return metadata(self._options.service_metadata, **facts)


@lru_cache(MAPPED_SCHEMAS)
def _mapped(schema: Schema, names: tuple[str, ...]) -> Schema:
    """Return a schema under other names; the standard library's cache is safe under threads, and bounded."""
    return Schema([replace(field, name=name) for name, field in zip(names, schema.fields, strict=True)])
