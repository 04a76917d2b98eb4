"""What the routes for other servers' clients share: which model is asked, what is read, and how it is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import g, request

from triglot.bodies import shapes
from triglot.errors import BadRequest, Problem
from triglot.scope_names import SCOPE
from triglot.server.context import Options
from triglot.server.exchange import Told
from triglot.server.request import body_of
from triglot.serving import scoped
from triglot.serving.families import Family
from triglot.serving.scoped import Content, Part
from triglot.serving.served import Served
from triglot.serving.service import Prediction, Question, Service
from triglot.tables.table import Table


class Asking:
    """Asks the models of a service for a face; each method belongs to the request that Flask is answering."""

    def __init__(self, service: Service, options: Options) -> None:
        self.service = service
        self.options = options

    def served(self, model: str, *, proba: bool = False) -> Served:
        """Return the version that answers for a model, and note it for whoever is told of requests."""
        served = self.about(model)
        g.told = Told(served, _op(proba))
        return served

    def about(self, model: str) -> Served:
        """Return the version that answers for a model; of a family of scopes' models the query string says which."""
        family = self.service.family(model)
        return self.service.served(model if family is None else scoped.named(family, request.args.get(SCOPE)))

    def parts(self, model: str, content: Content, *, proba: bool = False) -> Sequence[Part]:
        """Return which models are asked what: one, or of a family those whose scopes query string or rows name."""
        family = self.service.family(model)
        if family is None:
            served = self.served(model, proba=proba)
            return [Part(served, content(served.schema.names))]
        found = scoped.parts(
            family, request.args.get(SCOPE), content, self.service.served, lambda served: served.schema.names
        )
        g.told = Told(found[0].served, _op(proba))
        return found

    def parts_of_a_body(self, family: Family, kind: str) -> Sequence[Part]:
        """Return the same of a table of another type than JSON, whose rows name the scopes."""
        from triglot.server import bulk  # pyarrow comes with both, which many a service never needs
        from triglot.serving.scoped_tables import parts_of_a_table

        limits, parameters = self.options.limits, request.mimetype_params
        with bulk.body_whole(request, limits) as body:
            found = parts_of_a_table(
                family, body, kind, parameters, limits, self.service.served, lambda each: each.schema, lenient=True
            )
        g.told = Told(found[0].served, _op(False))
        return found

    def values(
        self, parts: Sequence[Part], said: Mapping[str, Any] | None = None, *, allow_extra: bool = True
    ) -> list[Any]:
        """Return the plain answers to the rows of a request, in their order.

        said: arguments of predict, None where there is no place for any. allow_extra: ignore columns that a model does
        not know.
        """
        if len(parts) == 1:
            return self.answer(parts[0].served, *self._asked(parts[0], said, allow_extra)).values
        together = []
        for part in parts:
            X, params = self._asked(part, said, allow_extra)
            together.append(([self.question(part.served, params)], X))
        answers = scoped.answers(together, self.service.predict, self.options.timeout_s)
        (values,) = scoped.joined(parts, answers)
        g.told = g.told._replace(rows=len(values))
        return values

    def _asked(
        self, part: Part, said: Mapping[str, Any] | None, allow_extra: bool
    ) -> tuple[Table, dict[str, Any] | None]:
        X = part.table
        if X is None:
            assert part.content is not None
            X = shapes.table(part.served.schema, part.content, allow_extra=allow_extra)
        return X, None if said is None else self.params(part.served, said)

    def body(self) -> bytes:
        """Return the whole body, whatever its type is called; raises where it is too large."""
        return body_of(request)

    def answer(
        self, served: Served, X: Table, params: Mapping[str, Any] | None = None, *, proba: bool = False
    ) -> Prediction:
        """Return the answers to the rows of a table."""
        prediction = self.service.predict(self.question(served, params, proba=proba), X)
        g.told = Told(served, _op(proba), X.rows)
        return prediction

    def question(self, served: Served, params: Mapping[str, Any] | None = None, *, proba: bool = False) -> Question:
        """Return what a version is asked, by this request's id and the service's time limit."""
        return Question(served, params or {}, proba, self.options.timeout_s, g.request_id)

    def params(self, served: Served, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of the model's predict, of those that a predict service of the configuration declares.

        One that is absent is the model's attribute of that name, if it has one. Raises `BadRequest` for others, and
        for values of another type.
        """
        declared = self._declared(served.model)
        known = served.info.card.attributes or {}
        found = {name: known[name] for name in declared if name in known}
        problems = [Problem(name, _unknown(declared)) for name in said if name not in declared]
        for name, kind in declared.items():
            if name not in said:
                continue
            if type(said[name]) in _TYPES[kind]:
                found[name] = _PYTHON[kind](said[name])
            else:
                problems.append(Problem(name, f"must be of type {kind}, not {said[name]!r:.60}"))
        if problems:
            raise BadRequest("the arguments beside the rows do not fit", problems)
        return found

    def _declared(self, model: str) -> dict[str, str]:
        """Return the arguments that the predict service of a model, else of all models, declares."""
        services = [each for each in self.options.services if each.model in (model, None) and not each.overridden]
        services.sort(key=lambda each: each.model is None)
        return dict(services[0].params) if services else {}


_PYTHON = {"float": float, "int": int, "str": str, "bool": bool}
_TYPES: Mapping[str, tuple[type, ...]] = {"float": (float, int), "int": (int,), "str": (str,), "bool": (bool,)}


def _unknown(declared: Mapping[str, str]) -> str:
    if declared:
        return f"is no argument of this model's predict; known are {', '.join(declared)}"
    return "is no argument of this model's predict; a predict service of the configuration declares them by params"


def _op(proba: bool) -> str:
    return "predict_proba" if proba else "predict"
