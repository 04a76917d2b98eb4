"""The step that has a stored model answer."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from triglot.errors import BadRequest, ConfigError
from triglot.pipelines.step import Frame, Step, Wants
from triglot.tables.table import Array, Table

if TYPE_CHECKING:
    from triglot.persister import StoredVersion
    from triglot.pipelines.context import Context

logger = logging.getLogger("triglot")

TIMEOUT_S = 24 * 3600.0
IN_FLIGHT = 2
_BY = ("own", "service")


class Predict(Step):
    """Adds what a model answers to the table, behind its other columns, of which the model gets those that it knows.

    Args:
        model: The model's name.
        version: A version of it; by default the one that is active when the run begins.
        by: Whose workers answer: "own", one that the run starts, or "service", those of the service that runs here with
            this configuration.
        proba: Whether probabilities are added, a column a class, instead of classes.
        column: The name of the column, where it is one.
        params: The model's own arguments of `predict`.

    Raises:
        ConfigError: `by` is neither.
        BadRequest: When it runs: a column is missing or does not fit, or the table has a column of that name.

    Examples:
        >>> sorted(Predict("iris", by="service").wants().needed)
        []
    """

    def __init__(
        self,
        model: str,
        version: int | None = None,
        by: Literal["own", "service"] = "own",
        proba: bool = False,
        column: str = "prediction",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        if by not in _BY:
            raise ConfigError(f"by: {by!r}; write one of {', '.join(map(repr, _BY))}")
        self.model = model
        self.version = version
        self.by = by
        self.proba = proba
        self.column = column
        self.params = dict(params or {})

    def wants(self) -> Wants:
        return Wants()

    def run(self, context: "Context", table: Frame | None, parameters: Mapping[str, Any]) -> Frame:
        from triglot.bulk import flow
        from triglot.bulk.writing import Answers
        from triglot.persisters.decorated import read_model
        from triglot.protocol.batching import Limits

        assert table is not None
        stored = read_model(context.store(), self.model, self.version)
        card = stored.artefact.card()
        if self.proba and card.labels is None:
            raise BadRequest(f"model {self.model!r} is no classifier and has no probabilities")
        X = _known_columns(table, card.schema)
        pace = flow.Pace(len(card.schema.names), whole=Limits.of(card.batch).alone)
        answers = Answers(card.labels, proba=self.proba, coded=False, any_json=card.any_answers)
        found: list[list[tuple[str, Any]]] = []
        done = 0
        for answer in flow.answers(_cut(X, pace), self._asking(context, stored), pace, IN_FLIGHT):
            found.append(answers.columns(answer))
            done += len(answer)
            context.tell(done)
        logger.info("%d rows are answered by %s, version %d", done, self.model, stored.version)
        return self._added(table, found or [answers.none()])

    def _asking(self, context: "Context", stored: "StoredVersion") -> Callable[[Table], Array]:
        artefact = stored.artefact
        if self.by == "own":
            worker = context.models(artefact.card().language)
            return lambda X: worker.answer(self.model, artefact, X, self.params, proba=self.proba)
        return _of_the_service(context, stored, self.params, proba=self.proba)

    def _added(self, table: Frame, found: list[list[tuple[str, Any]]]) -> Frame:
        import pyarrow as pa

        names = [self.column if name == "prediction" else name for name, _ in found[0]]
        twice = [name for name in names if name in table.columns]
        if twice:
            raise BadRequest(
                f"the table has a column {twice[0]!r} already; say another 'column', or drop that one before"
            )
        arrays = [pa.chunked_array([piece[place][1] for piece in found]) for place in range(len(names))]
        columns = {name: array.to_pandas().to_numpy() for name, array in zip(names, arrays, strict=True)}
        return table.assign(**columns)


def _of_the_service(
    context: "Context", stored: "StoredVersion", params: Mapping[str, Any], *, proba: bool
) -> Callable[[Table], Array]:
    """Return what has the workers of the running service answer; they are handed the version if they lack it."""
    from triglot.protocol.messages import Request
    from triglot.transport.request_ids import new_id

    if context.client is None:
        raise ConfigError("by: 'service': this run knows of no service")
    client, artefact = context.client(context), stored.artefact
    pool = context.pool(stored.model, artefact.card().language)

    def ask(X: Table) -> Array:
        request = Request(
            op="predict_proba" if proba else "predict",
            id=new_id(),
            model=stored.model,
            version=stored.version,
            sha256=artefact.sha256,
            params=params,
            tables=(X,),
        )
        return client.call(request, pool, TIMEOUT_S, fetch=lambda: artefact).reply.answers

    return ask


def _known_columns(frame: Frame, schema: Any) -> Table:
    """Return the columns that a model knows; raises `BadRequest` naming those that are missing or do not fit."""
    from triglot.tables.frames import to_table

    names = set(schema.names)
    table: Table = schema.check(to_table(frame[[name for name in frame.columns if str(name) in names]]))
    return table


def _cut(X: Table, pace: Any) -> Iterator[Table]:
    start = 0
    while start < X.rows:
        stop = min(X.rows, start + pace.rows)
        yield X.slice(start, stop)
        start = stop
