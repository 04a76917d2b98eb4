"""Request, Started, Reply and Fault: what the sides of the bridge say to each other, as values that never change.

Named tuples, because several are made for every prediction, and a frozen dataclass takes four times as long to make.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from triglot.artefact import Artefact
from triglot.tables import json_answers
from triglot.tables.table import Array, Table

Op: TypeAlias = Literal["fit", "predict", "predict_proba", "load", "dataset", "transform", "score"]
OPS: tuple[Op, ...] = ("fit", "predict", "predict_proba", "load", "dataset", "transform", "score")

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Part(NamedTuple):
    """One of the requests that share a message: its id, and how many rows of the table are its own."""

    id: str
    rows: int


class Request(NamedTuple):
    """One thing asked of a worker.

    predict, predict_proba: `tables` is (X,). fit: `tables` is (X,) or (X, y), `spec` says what to fit, and `artefact`
    carries the unfitted estimator of a language that cannot be described by text alone. load: `artefact` is the version
    to hold from now on. dataset: `spec` says which function of the author gives data; the reply's `tables` are (X,) or
    (X, y), y of one column. transform: `spec` says which function of the author makes another table of `tables`, which
    are (X,) or none; the reply's are (X,). score: `tables` are (X, y), y as the author has it; the reply's table is one
    number, the model's own score. `timeout_ms` counts from sending, so that the clocks of two hosts need not agree. A
    request that was in flight when a worker ended comes again with `alone` set: it is never merged with others, and the
    worker says that it starts before it does, so that a request which ends workers is known for it. `sent` is when it
    was sent, in seconds of the host's monotonic clock, where both sides share one: a worker then sees how long a
    request has waited before it was read. With `digests` the tables are named by what they hold, so that those which a
    worker has seen before need not be sent again. A fit with a `version` above 0 leaves the fitted model with the
    worker, under that version. `sha256` says which bytes are meant by model and version, as a store that was made anew
    counts from 1 again; where it is empty, whatever is held will do. Where several requests share a message
    (`triglot.protocol.bundles`) they are its `parts`, whose rows follow each other in the one table.
    """

    op: Op
    id: str
    model: str
    version: int = 0
    timeout_ms: int = 30_000
    params: Mapping[str, Any] = _NOTHING
    tables: tuple[Table, ...] = ()
    artefact: Artefact | None = None
    spec: Mapping[str, Any] = _NOTHING
    alone: bool = False
    sent: float | None = None
    digests: bool = False
    sha256: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the requests that share this message; of one by itself its own."""
        return tuple([part.id for part in self.parts]) if self.parts else (self.id,)

    @property
    def rows(self) -> int:
        """The rows of X; 0 where there is no table."""
        return self.tables[0].rows if self.tables else 0


class Spent(NamedTuple):
    """What the call that a reply comes of took, in nanoseconds, and how many rows it had.

    `queue` is how long the request waited for the worker: from sending where both sides share a clock, else from
    reading. The others are of the whole call, whoever shared it: `input` until the table was native, `infer` until the
    model had answered, `output` until its answer was a table. `rows` stands in one of the replies that a call gives, 0
    in the others, so that whoever adds up the replies of all callers counts each call once.
    """

    queue: int = 0
    input: int = 0
    infer: int = 0
    output: int = 0
    rows: int = 0


class Started(NamedTuple):
    """The notice that a request sent with `alone` is being worked on from now."""

    id: str


class Reply(NamedTuple):
    """The good answer to the request of the same id, or to its `parts`, whose rows follow each other in the table.

    `output` is what the author's code printed meanwhile, `spent` what a prediction's call took, if the worker tells it.
    """

    id: str
    tables: tuple[Table, ...] = ()
    artefact: Artefact | None = None
    info: Mapping[str, Any] = _NOTHING
    output: str = ""
    warnings: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    spent: Spent | None = None

    @property
    def answers(self) -> Array:
        """What the table of a prediction holds, one row a row: codes, numbers, or texts of JSON (objects)."""
        return json_answers.of_table(self.tables[0])


class Fault(NamedTuple):
    """The bad answer to the request of the same id: a code of `triglot.errors`, and text."""

    id: str
    code: str
    message: str
    details: Mapping[str, Any] = _NOTHING
