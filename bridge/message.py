"""Request, Started, Reply and Fault: what the sides of the bridge say to each other, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from triglot.artefact import Artefact
from triglot.table import Table

Op: TypeAlias = Literal["fit", "predict", "predict_proba", "load", "dataset"]
OPS: tuple[Op, ...] = ("fit", "predict", "predict_proba", "load", "dataset")


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One thing asked of a worker.

    predict, predict_proba: `tables` is (X,). fit: `tables` is (X,) or (X, y), `spec` says what to fit, and
    `artefact` carries the unfitted estimator of a language that cannot be described by text alone.
    load: `artefact` is the version to hold from now on. dataset: `spec` says which function of the author gives data;
    the reply's `tables` are (X,) or (X, y), y of one column. `timeout_ms` counts from sending, so that the clocks of
    two hosts need not agree. A request that was in flight when a worker ended comes again with `alone` set: it is
    never merged with others, and the worker says that it starts before it does, so that a request which ends
    workers is known for it. `sent` is when it was sent, in seconds of the host's monotonic clock, where both sides
    share one: a worker then sees how long a request has waited before it was read. With `digests` the tables are named
    by what they hold, so that those which a worker has seen before need not be sent again. A fit with a `version` above
    0 leaves the fitted model with the worker, under that version. `sha256` says which bytes are meant by model and
    version, as a store that was made anew counts from 1 again; where it is empty, whatever is held will do.
    """

    op: Op
    id: str
    model: str
    version: int = 0
    timeout_ms: int = 30_000
    params: Mapping[str, Any] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    artefact: Artefact | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False
    sent: float | None = None
    digests: bool = False
    sha256: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Started:
    """The notice that a request sent with `alone` is being worked on from now."""

    id: str


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """The good answer to the request of the same id; `output` is what the author's code printed meanwhile."""

    id: str
    tables: tuple[Table, ...] = ()
    artefact: Artefact | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    output: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """The bad answer to the request of the same id: a code of `triglot.errors`, and text."""

    id: str
    code: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)
