"""Fitting one model: data in, a signed artefact out, by a fresh worker that ends afterwards.

A fresh process a fit means a clean interpreter, memory given back, and predictions that are not disturbed.
"""

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np

from triglot.artefact import Artefact, load_key, seal
from triglot.dispatch.blocking import Client
from triglot.errors import BadRequest, ConfigError, EstimatorFailed, WorkerLost, WorkerUnavailable
from triglot.languages.launch import absolute
from triglot.protocol.batching import Batch, Limits
from triglot.protocol.messages import Op, Reply, Request
from triglot.protocol.runtime import FitTask, Unprofiled
from triglot.tables.frames import target_table, task_of, to_column, to_table, to_target
from triglot.tables.labels import Task
from triglot.tables.table import Array, Table
from triglot.training.entry import UNSAID, Terms
from triglot.training.pipelines import declared, wants_frame
from triglot.training.scoring import score
from triglot.training.unanswered import closed
from triglot.training.weight import Weight
from triglot.training.worker_process import Child, require
from triglot.transport.request_ids import new_id

logger = logging.getLogger("triglot")

FIT_TIMEOUT_S = 24 * 3600.0
OPEN_TIMEOUT_S = 120.0
VERSION = 1  # what such a worker calls each model; no store has told it another number
ANY = (
    "it answers neither labels of the target nor numbers, or no probabilities: callers get what it answers as it is. "
    "Say so by 'answers': 'any' beside 'model', or refuse it by 'answers': {'missing': 'refused'}"
)
PATIENCE_S = 10.0  # nobody starts this worker again: without it, all that is left is to say so


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fitted model, not stored yet."""

    artefact: Artefact
    language: str
    task: Task
    info: Mapping[str, Any]
    output: str
    warnings: tuple[str, ...]
    weight: Weight


class Bench:
    """One fresh worker of one language, or several, alone in a run directory of its own.

    Where it ends in the middle of a question `WorkerLost` says how, with its last words.
    """

    def __init__(self, client: Client, language: str, key: bytes, children: Sequence[Child] = ()) -> None:
        self._client = client
        self._key = key
        self._children = children
        self.language = language

    def fit(
        self,
        name: str,
        model: Any,
        X: Any,
        y: Any,
        python_path: tuple[str, ...] = (),
        terms: Terms = UNSAID,
    ) -> Fitted:
        """Return the model fitted to X (rows, columns) and y (rows,), or None for models without a target.

        Numbers of several outputs are a y of shape (rows, outputs).
        """
        model = declared(model)
        table = to_table(X)
        if table.rows == 0:
            raise BadRequest("there are no rows to fit; look at the dataset loader")
        task: Task = "regression" if y is None else task_of(model, y)
        target, labels = (None, None) if y is None else to_target(y, task)
        spec, sources, base = _author(model, python_path)
        if base is not None and terms.x is not None:
            spec["x"] = terms.x
        elif base is not None and getattr(X, "ndim", 2) == 1:
            spec["x"] = "vector"  # a list of texts, say, for an estimator that counts their words
        elif base is not None and wants_frame(model):
            spec["x"] = "frame"
        unseen = terms.unseen_levels or getattr(model, "unseen_levels", None) or "error"
        said = (unseen, terms.batch, terms.answers, terms.unprofiled)
        wanted = FitTask(task, spec, sources, table, target, labels, base, *said)
        with self._last_words():
            return fit(self._client, self._key, self.language, name, wanted, version=VERSION)

    def dataset(self, spec: Mapping[str, Any], sources: Mapping[str, str]) -> Reply:
        """Return the answer of an author's dataset function: its tables are (X,) or (X, y), y of one column."""
        request = Request(op="dataset", id=new_id(), model="", spec={"spec": dict(spec), "sources": dict(sources)})
        return self._call(request, FIT_TIMEOUT_S)

    def transform(self, spec: Mapping[str, Any], sources: Mapping[str, str], X: Table | None) -> Reply:
        """Return the answer of an author's function that makes another table of X, or of nothing: its table is (X,)."""
        said = {"spec": dict(spec), "sources": dict(sources)}
        request = Request(op="transform", id=new_id(), model="", tables=() if X is None else (X,), spec=said)
        return self._call(request, FIT_TIMEOUT_S)

    def open(self, name: str, artefact: Artefact) -> Reply:
        """Return what a model says of itself once it is loaded from its artefact, and nothing is predicted."""
        request = Request(op="load", id=new_id(), model=name, version=VERSION, artefact=artefact)
        return self._call(request, OPEN_TIMEOUT_S)

    def predict(self, name: str, artefact: Artefact, X: Any) -> Array:
        """Return codes or numbers for X, of shape (rows,) or (rows, outputs), by a model loaded from its artefact."""
        matrix = self._ask(name, artefact, to_table(X)).answers
        return matrix[:, 0] if matrix.shape[1] == 1 else matrix

    def predict_proba(self, name: str, artefact: Artefact, X: Any) -> Array:
        """Return probabilities of shape (rows, classes) for X, in class order."""
        return self._ask(name, artefact, to_table(X), "predict_proba").answers

    def answer(
        self,
        name: str,
        artefact: Artefact,
        X: Table,
        params: Mapping[str, Any],
        *,
        proba: bool = False,
        timeout_s: float = FIT_TIMEOUT_S,
    ) -> Array:
        """Return the answer to a table: a code, numbers or probabilities a row; `params` go to the model's predict."""
        reply = self._ask(name, artefact, X, "predict_proba" if proba else "predict", params, timeout_s)
        return reply.answers

    def score(self, name: str, artefact: Artefact, X: Any, y: Any) -> float:
        """Return the accuracy or R² of a stored model on data that it may never have seen.

        One whose answers are any JSON judges itself; raises `ConfigError` where it does not.
        """
        card = artefact.card()
        if card.any_answers:
            return self._own_score(name, artefact, X, y)
        target, labels = to_target(y, card.task)
        if labels is not None:  # the model's own codes; a class that it never saw can only be wrong
            known = {label: code for code, label in enumerate(card.classes or ())}
            target = np.array([known.get(label, -1) for label in labels.classes], dtype=np.int32)[target]
        return score(card.task, target, self.predict(name, artefact, X))

    def _own_score(self, name: str, artefact: Artefact, X: Any, y: Any) -> float:
        truth = target_table(np.asarray(y)) if np.ndim(y) > 1 else Table.of({"y": to_column(y)})
        request = Request(
            op="score",
            id=new_id(),
            model=name,
            version=VERSION,
            sha256=artefact.sha256,
            tables=(to_table(X), truth),
        )
        try:
            return float(self._call(request, FIT_TIMEOUT_S, lambda: artefact).tables[0].matrix()[0, 0])
        except (BadRequest, EstimatorFailed) as error:
            raise ConfigError(
                f"model {name!r} answers any JSON and cannot be scored by its own method score: {error}. Write a "
                "'scoring' of yours into the configuration, a function f(model, X, y)"
            ) from error

    def _ask(
        self,
        name: str,
        artefact: Artefact,
        X: Table,
        op: Op = "predict",
        params: Mapping[str, Any] | None = None,
        timeout_s: float = FIT_TIMEOUT_S,
    ) -> Reply:
        request = Request(
            op=op,
            id=new_id(),
            model=name,
            version=VERSION,
            sha256=artefact.sha256,
            params=params or {},
            tables=(X,),
        )
        return self._call(request, timeout_s, lambda: artefact)

    def _call(self, request: Request, timeout_s: float, fetch: Callable[[], Artefact] | None = None) -> Reply:
        with self._last_words():
            return self._client.call(request, self.language, timeout_s, fetch=fetch).reply

    @contextmanager
    def _last_words(self) -> Iterator[None]:
        try:
            yield
        except (WorkerLost, WorkerUnavailable) as error:
            if not self._children:  # whoever started it tells
                raise
            lost = next((child for child in self._children if child.is_over()), self._children[0])
            raise WorkerLost(lost.how_it_ended()) from error


def fit(
    client: Client, key: bytes, language: str, name: str, task: FitTask, *, version: int = 0, digests: bool = False
) -> Fitted:
    """Return the model that a worker of the client's fitted, its artefact verified.

    With a `version` above 0 the worker goes on holding it; with `digests` data that the worker keeps is not sent again.
    Raises `ConfigError` for limits of `batch` that are none.
    """
    Limits.of(task.batch)
    request = Request(
        op="fit",
        id=new_id(),
        model=name,
        version=version,
        tables=(task.X,) if task.y is None else (task.X, target_table(task.y)),
        artefact=None if task.base is None else _sealed(task.base, task.task, key),
        spec={
            "task": task.task,
            "classes": None if task.labels is None else list(task.labels.classes),
            "spec": dict(task.spec),
            "sources": dict(task.sources),
            "unseen_levels": task.unseen_levels,
            **({} if task.batch is True else {"batch": _plain(task.batch)}),
            **({} if task.answers == "typed" else {"answers": task.answers}),
            **({} if task.unprofiled == () else {"profile": _profile(task.unprofiled)}),
        },
        digests=digests,
    )
    reply = client.call(request, language, FIT_TIMEOUT_S).reply
    if reply.artefact is None:
        raise WorkerUnavailable("the worker answered the fit without an artefact")
    reply.artefact.verified(key)
    card = reply.artefact.card()
    warnings = (*reply.warnings, *map(_closed, closed(task.X, card.schema)))
    if task.answers == "either" and card.any_answers:
        warnings = (*warnings, ANY)
    weight = Weight.of(language, len(reply.artefact.blob), task.X, reply.info)
    if weight.remark is not None:
        warnings = (*warnings, weight.remark)
    return Fitted(reply.artefact, language, task.task, reply.info, reply.output, warnings, weight)


def log_warning(name: str, line: str) -> None:
    """Tell of a model what its author should look at."""
    logger.warning("%s: %s", name, line)


def pass_on(name: str, told: Fitted | Reply, warn: Callable[[str, str], None] = log_warning) -> None:
    """Log what an author's code printed, by a name, and tell what it warned of."""
    for line in told.output.splitlines():
        logger.info("%s: %s", name, line)
    for line in told.warnings:
        warn(name, line)


def _closed(name: str) -> str:
    return (
        f"{name}: training had missing values, and the model fails on them; a request without a value is refused. Fill "
        "them in fit and in predict if they are to be answered"
    )


def _plain(batch: Batch) -> Batch:
    return dict(batch) if isinstance(batch, Mapping) else batch


def _profile(unprofiled: Unprofiled) -> Any:
    return False if unprofiled is None else {"without": list(unprofiled)}


def _author(model: Any, python_path: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, str], bytes | None]:
    if hasattr(model, "author"):
        return (*model.author(), None)
    return {"python_path": list(python_path)}, {}, cloudpickle.dumps(model)


def _sealed(base: bytes, task: Task, key: bytes) -> Artefact:
    """Return an unfitted estimator as it travels to the worker that shall fit it."""
    fields: dict[str, Any] = {
        "language": "python",
        "task": task,
        "spec": {},
        "sources": {},
        "runtime": {},
        "schema": None,
        "classes": None,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return seal(fields, base, key)


@contextmanager
def bench(
    language: str,
    environ: Mapping[str, str],
    key_file: Path | None = None,
    workers: int = 1,
    tell: Callable[[str], object] | None = None,
) -> Iterator[Bench]:
    """Hold a fresh worker of the language, or several; they and their run directory are gone afterwards.

    tell: as `Child` has it. Raises `LanguageUnavailable` with the reason where the worker does not come up.
    """
    with starting_bench(language, environ, key_file, workers, tell=tell) as ready:
        yield ready()


@contextmanager
def starting_bench(
    language: str,
    environ: Mapping[str, str],
    key_file: Path | None = None,
    workers: int = 1,
    cwd: Path | None = None,
    tell: Callable[[str], object] | None = None,
) -> Iterator[Callable[[], Bench]]:
    """Start what `bench` holds, and give what waits for it, so that something else is done meanwhile.

    cwd: the folder that the workers work in, by default that of this process.
    """
    require(language, environ)
    key = load_key(key_file, environ)
    with tempfile.TemporaryDirectory(prefix="triglot-") as folder:
        children: list[Child] = []
        client = Client(Path(folder), patience_s=PATIENCE_S)

        def ready() -> Bench:
            for number, child in enumerate(children, start=1):
                child.wait_until_ready(client, number)
            return Bench(client, language, key, children)

        try:
            for number in range(workers):  # in here, so that none is left behind by a Ctrl-C meanwhile
                name = f"fit-{number}" if number else "fit"
                here = environ if cwd is None else absolute(environ)
                children.append(Child(language, name, Path(folder), here, key_file=key_file, cwd=cwd, tell=tell))
            yield ready
        except (SystemExit, KeyboardInterrupt):  # nobody waits any more for what they are doing
            client.is_ending = True
            for child in children:
                child.process.kill()
            raise
        finally:
            client.close()
            for child in children:
                child.stop()
