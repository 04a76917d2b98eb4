"""Answers the requests that messages bring: one prediction each, in the very body that HTTP would give."""

import asyncio
import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, Final, TypeVar

from triglot.bodies import shapes
from triglot.bodies.media import JSON, UnsupportedMediaType, body_type
from triglot.bodies.payload import dumps, metadata
from triglot.dispatch.asynchronous import Lane
from triglot.errors import BadRequest, TooLarge
from triglot.messages.desk import Made
from triglot.messages.message import PREDICT, PROBA, Message, Outcome
from triglot.messages.once import Once, key_of, outcome_of
from triglot.messages.telling import Terms
from triglot.scope_names import SCOPE
from triglot.serving import scoped
from triglot.serving.families import Family
from triglot.serving.scoped import Part
from triglot.serving.served import Served
from triglot.serving.service import Prediction, Question, Service
from triglot.tables.labels import plain_answers
from triglot.tables.schema import Schema
from triglot.tables.table import Table

T = TypeVar("T")

SHORT_BYTES = 2**16  # longer bodies, and answers of more values than that many, are made in threads
MOST_AT_ONCE = 10_000
_PLAIN: Final = frozenset({"", "utf-8", "utf8", "us-ascii", "binary", "identity"})
_USUAL: Final = frozenset({"", JSON, f"{JSON}; charset=utf-8", f"{JSON};charset=utf-8"})


class Answering:
    """Answers the requests of one event loop; `pool` has the threads for what would hold it up.

    once: what keeps answers for requests that come again; None where each is asked anew. most_bytes: the most that an
    answer may have, which the broker has to carry.
    """

    def __init__(
        self, service: Service, terms: Terms, lane: Lane, pool: Executor, once: Once | None, most_bytes: int
    ) -> None:
        self._service = service
        self._terms = terms
        self._lane = lane
        self._pool = pool
        self._once = once
        self._most_bytes = most_bytes

    async def answered(self, message: Message) -> Made:
        """Return a good answer; raises whatever stands in its way."""
        if self._once is None or not message.id:
            return await self._anew(message)
        key = key_of(PREDICT, self._once.broker, message)
        letter = await self._once.known(key, message)
        if letter is not None:
            return Made(outcome_of(letter))
        made = await self._anew(message)
        assert made.outcome is not None
        return made._replace(outcome=await self._once.keep(key, message, made.outcome))

    async def _anew(self, message: Message) -> Made:
        family = self._family(message.name)
        if family is not None:
            return await self._in_a_thread(lambda: self._of_scopes(message, family))
        request_id, served = message.request_id, self._served(message.name)
        questions = self._questions(message, served, request_id)
        kind, parameters = self._kind(message)
        if kind != JSON:
            values = await self._in_a_thread(lambda: self._bulk(message, questions, kind, parameters))
            return self._good(served, request_id, values, len(values[0]))
        if len(message.body) > SHORT_BYTES:
            return await self._in_a_thread(lambda: self._long(message, served, questions, parameters, request_id))
        X, single = self._table(message, served, parameters)
        predictions = await self._asked(questions, X)
        values = [each.values[0] if single else each.values for each in predictions]
        return self._good(served, request_id, values, X.rows)

    def _kind(self, message: Message) -> tuple[str, dict[str, str]]:
        """Return the type of a body and its parameters; raises for one that is not read here, or too long."""
        if message.encoding.lower() not in _PLAIN:
            raise UnsupportedMediaType(f"send the body as it is; {message.encoding[:60]!r} is not read here")
        kind, parameters = (JSON, {}) if message.content_type in _USUAL else message.kind
        body_type(kind, parameters)
        if len(message.body) > (most := self._terms.limits.of(kind)):
            raise TooLarge(f"a body of {kind} may have {most:,} bytes; send fewer rows at a time")
        return kind, parameters

    def _family(self, name: str) -> Family | None:
        """Return the family of scopes' models that is asked: the named one, or the only one where there is no model."""
        if not self._service.families():
            return None
        names = [name] if name else self._service.names()
        return self._service.family(names[0]) if len(names) == 1 else None

    def _served(self, name: str) -> Served:
        """Return the version that answers: of the named model, or of the only one."""
        if name:
            return self._service.served(name)
        models = self._service.names()
        if len(models) != 1:
            known = ", ".join(models) or "none yet"
            raise BadRequest(f"say which model is asked, by the address or by the header 'model'; there are {known}")
        return self._service.served(models[0])

    def _questions(self, message: Message, served: Served, request_id: str) -> Sequence[Question]:
        """Return what is asked: the answer, and with `proba` the probabilities, too."""
        said = message.headers.get(PROBA, "false")
        if said not in ("true", "false"):
            raise BadRequest(f"header 'proba' must be true or false, not {said[:60]!r}")
        question = Question(served, timeout_s=self._terms.timeout_s, request_id=request_id)
        if said == "false":
            return (question,)
        if served.labels is None:
            raise BadRequest(f"model {served.model!r} is no classifier and has no probabilities")
        return question, question._replace(proba=True, further=True)

    def _table(self, message: Message, served: Served, parameters: Mapping[str, str]) -> tuple[Table, bool]:
        """Return the rows of a JSON body, and whether it is one row, an object of single values."""
        content = shapes.loads(message.body)
        orient = parameters.get("orient", "")
        if _is_a_row(content, orient):
            return served.schema.rows([content]), True
        names = served.schema.names
        arranged = shapes.arranged(content, orient) if orient else shapes.rows_or_columns(content, names)
        return shapes.table(served.schema, arranged), False

    def _of_scopes(self, message: Message, family: Family) -> Made:
        """Return the answers of the models of the scopes that a header or the rows name, as many as there are."""
        kind, parameters = self._kind(message)
        asked, single = self._parts(message, family, kind, parameters)
        request_id = message.request_id
        together = [
            (
                self._questions(message, part.served, request_id),
                shapes.table(part.served.schema, part.content or []) if part.table is None else part.table,
            )
            for part in asked
        ]
        answers = scoped.answers(together, self._service.predict, self._terms.timeout_s)
        if len(asked) == 1:
            values = [each.values[0] if single else each.values for each in answers[0]]
            return self._good(asked[0].served, request_id, values, together[0][1].rows)
        joined = scoped.joined(asked, answers)
        facts = {**scoped.facts(asked, classes=len(joined) > 1), "request_id": request_id}
        return self._told(facts, joined, len(joined[0]), Outcome(b"", model=family.name))

    def _parts(
        self, message: Message, family: Family, kind: str, parameters: Mapping[str, str]
    ) -> tuple[Sequence[Part], bool]:
        """Return which models are asked what, and whether it is one row, an object of single values."""
        said, find = message.headers.get(SCOPE), self._service.served
        if kind != JSON:
            from triglot.bulk.envelope import Body  # pyarrow comes with it, which many a service never needs
            from triglot.serving.scoped_tables import parts_of_a_table

            limits = self._terms.limits
            body = Body(io.BytesIO(message.body), limits.body_bytes, len(message.body))
            return parts_of_a_table(family, body, kind, parameters, limits, find, _schema, said=said), False
        content = shapes.loads(message.body)
        orient = parameters.get("orient", "")
        single = _is_a_row(content, orient)

        def rows(fields: Sequence[str]) -> shapes.Rows | shapes.Columns:
            if single:
                return [content]
            return shapes.arranged(content, orient) if orient else shapes.rows_or_columns(content, fields)

        return scoped.parts(family, said, rows, find, lambda served: served.schema.names), single

    async def _asked(self, questions: Sequence[Question], X: Table) -> list[Prediction]:
        classes = max(1, 0 if questions[0].served.labels is None else len(questions[0].served.labels.classes))
        if X.rows * classes > MOST_AT_ONCE:
            return await self._in_a_thread(lambda: [self._service.predict(each, X) for each in questions])
        soon = [self._service.predict_soon(self._lane, each, X) for each in questions]
        return [await soon[0]] if len(soon) == 1 else list(await asyncio.gather(*soon))

    def _long(
        self,
        message: Message,
        served: Served,
        questions: Sequence[Question],
        parameters: Mapping[str, str],
        request_id: str,
    ) -> Made:
        X, single = self._table(message, served, parameters)
        answers = [self._service.predict(each, X).values for each in questions]
        return self._good(served, request_id, [each[0] if single else each for each in answers], X.rows)

    def _bulk(
        self, message: Message, questions: Sequence[Question], kind: str, parameters: Mapping[str, str]
    ) -> list[list[Any]]:
        """Return the answers to a body of rows in another form than JSON, and beside them the probabilities."""
        from triglot.bulk.envelope import Body  # pyarrow comes with it, which many a service never needs
        from triglot.serving import bulk

        served = questions[0].served
        values: list[list[Any]] = [[] for _ in questions]
        with bulk.place():
            for each, found in zip(questions, values, strict=True):
                call = bulk.Call(self._service, (each,), self._terms.limits)
                body = Body(io.BytesIO(message.body), call.most_bytes, len(message.body), call.why)
                for answer in call.answers(body, kind, parameters, served.schema, lenient=False):
                    found += plain_answers(answer, served.labels, proba=each.proba)
        return values

    def _good(self, served: Served, request_id: str, values: Sequence[Any], rows: int) -> Made:
        facts: dict[str, Any] = {
            "model": served.model,
            "version": served.version,
            "language": served.language,
            "request_id": request_id,
        }
        if len(values) > 1 and served.labels is not None:
            facts["classes"] = list(served.labels.classes)
        return self._told(facts, values, rows, Outcome(b"", model=served.model, version=served.version))

    def _told(self, facts: Mapping[str, Any], values: Sequence[Any], rows: int, outcome: Outcome) -> Made:
        content = {"metadata": metadata(self._terms.service_metadata, **facts)}
        content |= dict(zip(("result", "probabilities"), values, strict=False))
        body = dumps(content)
        if len(body) > self._most_bytes:
            raise TooLarge(f"the answer has {len(body):,} bytes, and {self._most_bytes:,} are carried; send fewer rows")
        return Made(outcome._replace(body=body), rows)

    async def _in_a_thread(self, make: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, make)


def _schema(served: Served) -> Schema:
    return served.schema


def _is_a_row(content: Any, orient: str) -> bool:
    """Whether the JSON of a body is one row, an object of single values."""
    return isinstance(content, dict) and not orient and not any(map(_is_nested, content.values()))


def _is_nested(value: Any) -> bool:
    return isinstance(value, (list, dict))
