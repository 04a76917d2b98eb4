"""The way of a request to a predict service: which version answers, what it is asked, and how the answer is told."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from flask import Request, Response, g

from triglot.bodies import shapes
from triglot.bodies.media import JSON, USUAL, Form, body_type
from triglot.bodies.payload import dumps, metadata
from triglot.dispatch.asynchronous import Lane
from triglot.errors import BadRequest, ConfigError, TriglotError
from triglot.scope_names import SCOPE
from triglot.server.context import Options
from triglot.server.exchange import MOST_AT_ONCE, Heard, Lengthy, Told
from triglot.server.media import is_ordinary, wanted
from triglot.server.predict import PROBA, PredictService
from triglot.server.request import Asked, asked_by, typed_arguments
from triglot.server.stand_in import remote_model
from triglot.serving import scoped
from triglot.serving.families import Family
from triglot.serving.scoped import Part
from triglot.serving.served import Served
from triglot.serving.service import Prediction, Question, Service, require_classes
from triglot.tables.schema import Schema
from triglot.tables.table import Table

MAPPED_SCHEMAS = 64  # of the versions that answer now, and of some before them
ANY_VALUES = 100
_RESULTS = ("result", "probabilities")
_JSON_TYPES = frozenset({JSON, f"{JSON};charset=utf-8", f"{JSON}; charset=utf-8"})


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
        family = None if self._predict.overridden else self._family(model)
        if family is None:
            return self._of_one(request, self._whole(request, model))
        form, kind = _forms(request)
        if kind != JSON and SCOPE in request.args:
            return self._of_one(request, self._whole(request, model))
        if kind == JSON:
            asked = asked_by(request)
            parts = self._parts(asked, model)
        else:
            asked = Asked(request.args.to_dict(), b"", g.request_id)
            parts = self._parts_of_a_body(request, family, kind)
        g.told = Told(parts[0].served, self._op)
        if form == USUAL:
            g.told = told = self._result(asked, parts)
            return told.response()
        if len(parts) > 1:
            raise BadRequest("answers of several scopes are JSON; ask for one scope, by ?scope=, or accept JSON")
        return self._bulk(request, parts[0], kind, form)

    def _of_one(self, request: Request, part: Part) -> Response:
        """Return the answer of one model to a request of any type."""
        g.told = Told(part.served, self._op)
        if self._predict.overridden:
            g.good_metadata = self._metadata(part.served, g.request_id)
            stand_in = remote_model(self._service, part.served, self._options.timeout_s, g.request_id)
            return self._predict(stand_in, request)
        form, kind = _forms(request)
        if (kind, form) == (JSON, USUAL):
            g.told = told = self._result(asked_by(request), [part])
            return told.response()
        return self._bulk(request, part, kind, form)

    def about(self, model: str | None = None) -> Told | None:
        """Return what is known of who would answer, or None; for an error that is to be told of."""
        try:
            return Told(self._served(model), self._op)
        except TriglotError:
            return None

    def head(self, environ: Mapping[str, Any]) -> Mapping[str, str] | None:
        """Return the arguments of an ordinary request's query string: it and its answer are JSON, if it has a body."""
        if environ["REQUEST_METHOD"] == "POST" and environ.get("CONTENT_TYPE", "").lower() not in _JSON_TYPES:
            return None
        query = environ.get("QUERY_STRING", "")
        if not query.isascii() or not is_ordinary(environ.get("HTTP_ACCEPT")) or "HTTP_CONTENT_ENCODING" in environ:
            return None
        args: dict[str, str] = {}
        if query:
            for name, value in parse_qsl(query, keep_blank_values=True, errors="werkzeug.url_quote"):
                args.setdefault(name, value)
        return args

    def told(self, heard: Heard, model: str | None = None) -> Told:
        """Return the answer; a GET's result is one answer, a POST's a list of them."""
        asked = Asked(heard.head, heard.body, heard.request_id)
        return self._result(asked, self._parts(asked, model))

    async def told_soon(self, lane: Lane, heard: Heard, model: str | None = None) -> Told:
        """Return the same as `told`, by the lane of the event loop that awaits it."""
        asked = Asked(heard.head, heard.body, heard.request_id)
        part, *further = self._parts(asked, model, at_hand=True)
        if further:
            raise Lengthy
        served = part.served
        questions, X = self._questions(asked, part), self._table(asked, part)
        if X.rows * sum(_width(served, each) for each in questions) > MOST_AT_ONCE:
            raise Lengthy
        soon = [self._service.predict_soon(lane, each, X) for each in questions]
        return self._shown([await soon[0]] if len(soon) == 1 else await asyncio.gather(*soon), asked)

    def _result(self, asked: Asked, parts: Sequence[Part]) -> Told:
        together = [(self._questions(asked, part), self._table(asked, part)) for part in parts]
        if len(together) > 1:
            answers = scoped.answers(together, self._service.predict, self._options.timeout_s)
            return self._joined(answers, parts, asked)
        ((questions, X),) = together
        return self._shown([self._service.predict(each, X) for each in questions], asked)

    def _family(self, model: str | None) -> Family | None:
        """Return the family of scopes' models that is asked, where it is one: the named one, or the only one."""
        name, families = self._predict.model or model, self._service.families()
        if not families or (name is not None and name not in families):
            return None
        models = self._service.standings()
        if name is not None:
            return None if name in models else families[name]
        return next(iter(families.values())) if len(families) == 1 and not models else None

    def _parts(self, asked: Asked, model: str | None, *, at_hand: bool = False) -> Sequence[Part]:
        """Return which models are asked what; raises `Lengthy` for one that would have to be looked up meanwhile."""
        family = self._family(model)
        if family is None:
            return [Part(self._served(model))]
        find = self._at_hand if at_hand else self._service.served
        return scoped.parts(
            family, asked.args.get(SCOPE), asked.content, find, lambda served: self._schema(served).names
        )

    def _parts_of_a_body(self, request: Request, family: Family, kind: str) -> Sequence[Part]:
        """Return which models are asked what by a table of another type than JSON, whose rows name their scopes."""
        from triglot.server import bulk  # pyarrow comes with both, which many a service never needs
        from triglot.serving.scoped_tables import parts_of_a_table

        limits, lenient = self._options.limits, self._predict.mapping is not None
        with bulk.body_whole(request, limits) as body:
            return parts_of_a_table(
                family, body, kind, request.mimetype_params, limits, self._service.served, self._schema, lenient=lenient
            )

    def _whole(self, request: Request, model: str | None) -> Part:
        """Return the one model that a request asks, whatever its body is like."""
        family = self._family(model)
        if family is None:
            return Part(self._served(model))
        return Part(self._service.served(scoped.named(family, request.args.get(SCOPE))), of_a_family=True)

    def _at_hand(self, model: str) -> Served:
        served = self._service.at_hand(model)
        if served is None:
            raise Lengthy
        return served

    def _bulk(self, request: Request, part: Part, kind: str, form: Form) -> Response:
        """Return the answer to a request whose body or whose answer is not the usual JSON."""
        from triglot.server import bulk  # pyarrow comes with both, which many a service never needs
        from triglot.serving.bulk import Call

        options, served = self._options, part.served
        asked = asked_by(request) if kind == JSON else Asked(request.args.to_dict(), b"", g.request_id)
        questions = self._questions(asked, part)
        call = Call(self._service, questions, options.limits)
        metadata = self._metadata(served, g.request_id, questions)
        if kind == JSON or part.table is not None:
            return bulk.answer_table(call, metadata, self._table(asked, part), form)
        lenient = self._predict.mapping is not None
        return bulk.answer_body(call, metadata, request, kind, form, self._schema(served), lenient=lenient)

    def _served(self, model: str | None) -> Served:
        """Return the version that answers: of the named model, or of the only one."""
        name = self._predict.model if self._predict.model is not None else model
        if name is not None:
            return self._service.served(name)
        models = {**self._service.standings(), **self._service.families()}
        if len(models) > 1:
            known = ", ".join(f"/models/{name}/predict" for name in sorted(models))
            raise BadRequest(f"this server has several models; ask one of them: {known}")
        return self._service.served(next(iter(models), "default"))

    def _questions(self, asked: Asked, part: Part) -> Sequence[Question]:
        """Return what is asked of the version: for classes and probabilities together it is asked twice."""
        predict, served = self._predict, part.served
        params = self._params(asked.args, served) if predict.params else {}
        question = Question(served, params, predict.predict_proba, self._options.timeout_s, asked.request_id)
        questions = [question]
        if asked.body is not None and asked.args and self._wants_both(asked.args, part):
            if served.any_answers:
                raise BadRequest(
                    f"model {served.model!r} answers no classes beside which probabilities could stand; ask "
                    f"/models/{served.model}/predict_proba for what it answers there"
                )
            questions.append(question._replace(proba=True))
        require_classes(questions[-1])
        return questions

    def _wants_both(self, arguments: Mapping[str, str], part: Part) -> bool:
        """Whether a POST asks for probabilities beside classes; raises `BadRequest` for arguments that nobody reads."""
        declared = [name for name, _ in self._predict.params]
        if part.of_a_family:
            declared = [*declared, SCOPE]
        known = declared if PROBA in declared or self._predict.predict_proba else [*declared, PROBA]
        unknown = next((name for name in arguments if name not in known), None)
        if unknown is not None:
            there = f"the query string may have {', '.join(map(repr, known))}" if known else "it takes no query string"
            raise BadRequest(
                f"a POST has its rows in its body, and {unknown[:60]!r} is no argument of this route; {there}"
            )
        said = "false" if PROBA in declared else arguments.get(PROBA, "false")
        if said not in ("true", "false"):
            raise BadRequest(f"argument {PROBA!r} must be true or false, not {said[:60]!r}")
        return said == "true"

    def _params(self, arguments: Mapping[str, str], served: Served) -> dict[str, Any]:
        """Return the declared arguments that the query string holds, by their types, or else the model has."""
        declared = self._predict.params
        said = typed_arguments(arguments, declared, self._predict.types)
        known = (served.info.card.attributes if len(said) < len(declared) else None) or {}
        return {name: known[name] for name, _ in declared if name in known} | said

    def _table(self, asked: Asked, part: Part) -> Table:
        """Return the rows that a model is asked as the table that it was fitted on."""
        predict, served, schema = self._predict, part.served, self._schema(part.served)
        if part.table is not None:
            return part.table if schema is served.schema else part.table.renamed(served.schema.names)
        content = asked.content(schema.names) if part.content is None else part.content
        if asked.body is None and isinstance(content, list):  # arguments stand there, too, and are no fields
            arguments = {name for name, _ in predict.params}
            content = [{name: value for name, value in row.items() if name not in arguments} for row in content]
        lenient = predict.mapping is not None
        table = shapes.table(schema, content, allow_extra=lenient)
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

    def _shown(self, predictions: Sequence[Prediction], asked: Asked) -> Told:
        served = predictions[0].served
        results = [each.values[0] if asked.body is None else each.values for each in predictions]
        metadata = self._metadata(served, asked.request_id, predictions)
        content = {"metadata": metadata, **dict(zip(_RESULTS, results, strict=False))}
        return Told(served, self._op, len(predictions[0].values), dumps(content))

    def _joined(self, answers: Sequence[Sequence[Prediction]], parts: Sequence[Part], asked: Asked) -> Told:
        """Return the answers of several models in the order of the rows."""
        results = scoped.joined(parts, answers)
        facts = scoped.facts(parts, classes=self._predict.predict_proba or len(results) > 1)
        told = metadata(self._options.service_metadata, request_id=asked.request_id, **facts)
        content = {"metadata": told, **dict(zip(_RESULTS, results, strict=False))}
        return Told(parts[0].served, self._op, len(results[0]), dumps(content))

    @property
    def _op(self) -> str:
        return "predict_proba" if self._predict.predict_proba else "predict"

    def _metadata(self, served: Served, request_id: str, parts: Sequence[Any] = ()) -> dict[str, Any]:
        """Return where an answer comes from, as the answer says it; of how many parts it is."""
        facts: dict[str, Any] = {
            "model": served.model,
            "version": served.version,
            "language": served.language,
            "request_id": request_id,
        }
        if served.any_answers:
            facts["answers"] = "any"
        elif self._predict.predict_proba or len(parts) > 1:
            facts["classes"] = None if served.labels is None else list(served.labels.classes)
        return metadata(self._options.service_metadata, **facts)


def _width(served: Served, question: Question) -> int:
    """Return how many values an answer to a row is taken to have; nobody knows how much any JSON is."""
    if served.any_answers:
        return ANY_VALUES
    return len(served.labels.classes) if question.proba and served.labels is not None else 1


def _forms(request: Request) -> tuple[Form, str]:
    """Return the form of the answer that a request wants, and the type of its body."""
    form = wanted(request.accept_mimetypes)
    return form, body_type(request.mimetype, request.mimetype_params) if request.method == "POST" else JSON


@lru_cache(MAPPED_SCHEMAS)
def _mapped(schema: Schema, names: tuple[str, ...]) -> Schema:
    """Return a schema under other names; the standard library's cache is safe under threads, and bounded."""
    return Schema([replace(field, name=name) for name, field in zip(names, schema.fields, strict=True)])
