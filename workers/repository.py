"""What one worker can answer for: the versions that it holds, and the language that fits them and reads data.

No sockets and no queue in here: the loop (`triglot.workers.worker`) decides what is answered by one call.
"""

import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from triglot.artefact import Artefact, seal
from triglot.drift.profile import profile_of
from triglot.errors import (
    ArtefactNeeded,
    ArtefactRefused,
    BadRequest,
    ConfigError,
    EstimatorFailed,
    ProtocolError,
    WrongAnswer,
)
from triglot.hooks import Ask, Hook, LoadedVersion, NewFit
from triglot.logs import about, writable
from triglot.manifest import Manifest
from triglot.protocol import batching, bundles
from triglot.protocol.messages import Op, Reply, Request, Spent
from triglot.protocol.runtime import FitTask, Model, Output, Runtime
from triglot.tables import json_answers
from triglot.tables.example import typical
from triglot.tables.labels import Labels
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Column, Table
from triglot.workers.activity import Activity
from triglot.workers.answers import WrongShares, checked, checked_json, checked_shares
from triglot.workers.fit_spec import FitSpec, mapping
from triglot.workers.telling_rows import evenly, infinite

logger = logging.getLogger("triglot.worker")

WARNINGS_SHOWN = 3  # of a load that is refused
ANY = (
    ". Have it answer the labels of its target, or numbers; or write 'answers': 'any' beside 'model' in the "
    "configuration, if callers are to get what it answers as it is"
)
LARGE = 1_000_000  # bytes; of a model of more it is told what has them


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """One version that this worker can answer for; its name is the model's. Its answers may be any JSON."""

    name: str
    model: Model
    schema: Schema
    labels: Labels | None
    sha256: str = ""
    pace: batching.Pace = field(default_factory=lambda: batching.Pace(batching.Limits()))
    any_answers: bool = False


class Models:
    """The versions of models that one language runtime holds, the one that was asked for longest ago first."""

    def __init__(self, runtime: Runtime, key: bytes, activity: Activity, most: int, hooks: Hook) -> None:
        self._runtime = runtime
        self._key = key
        self._activity = activity
        self._most = most
        self._hooks = hooks
        self._held: OrderedDict[tuple[str, int, str], Held] = OrderedDict()

    def answer(self, requests: Sequence[Request]) -> list[Reply]:
        """Return one reply a request, in order; several requests are predictions that may be merged."""
        first = requests[0]
        if first.op == "fit":
            return [self._fit(first)]
        if first.op == "load":
            return [self._load(first)]
        if first.op == "dataset":
            return [self._dataset(first)]
        if first.op == "transform":
            return [self._transform(first)]
        if first.op == "score":
            return [self._score(first)]
        return self._predict(requests)

    def limits(self, request: Request) -> batching.Limits:
        """Return how much a call to this request's version may answer: as its author declared, and as was learned."""
        try:
            return self._find(request).pace.limits
        except ArtefactNeeded:
            return batching.Limits()

    def _predict(self, requests: Sequence[Request]) -> list[Reply]:
        first = requests[0]
        held = self._find(first)
        if any(len(request.tables) != 1 for request in requests):
            raise ProtocolError(f"{first.op} takes one table, X")
        begun = time.perf_counter_ns()
        X = held.schema.check(Table.concat([request.tables[0] for request in requests]))
        asked = time.perf_counter_ns()
        answer = self._ask(held, first.op, X, first.params)
        answered = time.perf_counter_ns()
        held.pace.took(X.rows, (answered - asked) / 1e9)
        spent = self._spent(X.rows, begun, asked, answered)
        output = self.take_output(requests)
        return [
            Reply(
                request.id,
                (json_answers.to_table(answer[start:stop]),),
                output=output.text,
                warnings=output.warnings,
                parts=request.parts,
                spent=spent if request is first else spent._replace(rows=0),
            )
            for request, (start, stop) in zip(
                requests, bundles.spans([request.tables[0].rows for request in requests]), strict=True
            )
        ]

    def _spent(self, rows: int, begun: int, asked: int, answered: int) -> Spent:
        """Return what a call took; where the language does not tell what was the model's own, all of it was."""
        native, done = getattr(self._runtime, "native", (asked, answered))
        if not asked <= native <= done <= answered:  # of another call: this one had no rows
            native, done = asked, answered
        return Spent(0, native - begun, done - native, answered - done, rows)

    def _ask(self, held: Held, op: Op, X: Table, params: Mapping[str, Any]) -> Array:
        """Return the model's answer as a checked matrix of one row a row of X."""
        if held.any_answers:
            return self._ask_for_json(held, op, X, params)
        if op == "predict_proba":
            if held.labels is None:
                raise BadRequest("the model is no classifier and has no probabilities")
            if not X.rows:  # many estimators refuse what has no rows
                return np.empty((0, len(held.labels.classes)))
            shares = self._runtime.predict_proba(held.model, X, params)
            return checked_shares(shares, X.rows, held.labels, self._runtime.language, held.name)
        if not X.rows:
            return np.empty((0, 1), np.float64 if held.labels is None else np.int32)
        answers = self._runtime.predict(held.model, X, params)
        return checked(answers, X.rows, held.labels, self._runtime.language)

    def _ask_for_json(self, held: Held, op: Op, X: Table, params: Mapping[str, Any]) -> Array:
        answers = self._require_answers()
        found = answers(held.model, op, X, params) if X.rows else ()
        return checked_json(found, X.rows, op, self._runtime.language)

    def _require_answers(self) -> Callable[..., Sequence[Any]]:
        """Return what asks a model for whatever it answers; raises `BadRequest` in a language without that."""
        answers: Callable[..., Sequence[Any]] | None = getattr(self._runtime, "answers", None)
        if answers is None:
            raise BadRequest(f"models of {self._runtime.language} answer labels or numbers, and nothing else")
        return answers

    def _wrong(self, message: str) -> EstimatorFailed:
        return EstimatorFailed(message, language=self._runtime.language)

    def _fit(self, request: Request) -> Reply:
        spec = FitSpec.of(request.spec)
        if spec.answers == "any":
            self._require_answers()
        X, y, schema = _training_data(request, spec)
        base = None
        if request.artefact is not None:
            request.artefact.verified(self._key)
            base = request.artefact.blob
        started = time.perf_counter()
        model = self._runtime.fit(FitTask(spec.task, spec.author, spec.sources, X, y, spec.labels, base))
        seconds = time.perf_counter() - started
        output = self.take_output([request])
        blob = self._runtime.dump(model)
        fields = self._manifest(spec, schema) | {"example": typical(X)} | _profile(spec, X, schema)
        fitted = Held(request.model, model, schema, spec.labels)
        if self._answers_anything(spec, fitted, X):
            fitted = replace(fitted, labels=None, any_answers=True)
            fields |= {"answers": "any", "classes": None}
        known = self._runtime.describe(model)
        fields |= {name: known[name] for name in ("attributes", "modules", "parts") if known.get(name)}
        again = self._runtime.load(Manifest(fields), blob)  # bytes that never left this process
        reloaded = replace(fitted, model=again, pace=batching.Pace(spec.limits))
        if known.get("predict", True):  # a search over parameters may be made for its results alone
            classifier = fitted.labels is not None
            with self._telling_of_any(fitted):
                self._hooks.model_fitted(
                    NewFit(fields, schema, X, y, classifier, self._asking(fitted), self._asking(reloaded))
                )
        self._runtime.take_output()  # what hooks made the model print belongs to no request
        artefact = seal(fields, blob, self._key)
        if request.version > 0:
            self._hold(request, replace(reloaded, schema=Schema.from_json(fields["schema"]), sha256=artefact.sha256))
        info = {"seconds": seconds, "rows": X.rows, **known}
        if len(blob) > LARGE:
            info["weights"] = [list(part) for part in self._runtime.weigh(model)]
            self._runtime.take_output()
        return Reply(request.id, artefact=artefact, info=info, output=output.text, warnings=output.warnings)

    def _answers_anything(self, spec: FitSpec, fitted: Held, X: Table) -> bool:
        """Return whether the answers of what was fitted are to be any JSON: as was declared, or because they are."""
        if spec.answers != "either" or not hasattr(self._runtime, "answers"):
            return spec.answers == "any"
        return self._is_wrong(fitted, X.take(evenly(np.flatnonzero(~infinite(X)))))

    def _is_wrong(self, fitted: Held, rows: Table) -> bool:
        """Return whether an answer is no label, number or share; rows that the author's code refuses are left out."""
        return self._answers_wrong("predict", fitted, rows) or (
            fitted.labels is not None and self._answers_wrong("predict_proba", fitted, rows)
        )

    def _answers_wrong(self, op: Op, fitted: Held, rows: Table) -> bool:
        try:
            self._ask(fitted, op, rows, {})
        except WrongAnswer:
            return True
        except (BadRequest, EstimatorFailed):
            places = range(rows.rows) if rows.rows > 1 else ()
            return any(self._answers_wrong(op, fitted, rows.slice(place, place + 1)) for place in places)
        return False

    @contextlib.contextmanager
    def _telling_of_any(self, fitted: Held) -> Iterator[None]:
        """Add to what is no answer how it may be one."""
        try:
            yield
        except WrongAnswer as error:
            if not (fitted.any_answers or isinstance(error, WrongShares)) and hasattr(self._runtime, "answers"):
                error.args = (f"{error}{ANY}",)
            raise

    def _manifest(self, spec: FitSpec, schema: Schema) -> dict[str, Any]:
        """Return what is written of a fit, but for what the fitted model itself tells."""
        return {
            "language": self._runtime.language,
            "task": spec.task,
            "spec": spec.author,
            "sources": spec.sources,
            "runtime": dict(self._runtime.versions()),
            "schema": schema.to_json(),
            "classes": None if spec.labels is None else list(spec.labels.classes),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **({} if spec.batch is True else {"batch": spec.batch}),
        }

    def _dataset(self, request: Request) -> Reply:
        started = time.perf_counter()
        X, y = self._runtime.dataset(mapping(request.spec, "spec"), mapping(request.spec, "sources"))
        seconds = time.perf_counter() - started
        output = self.take_output([request])
        if y is not None and len(y) != X.rows:
            raise self._wrong(f"the dataset function gave {X.rows} rows and {len(y)} targets; one a row is needed")
        tables = (X,) if y is None else (X, Table.of({"y": _target(y)}))
        info = {"seconds": seconds, "rows": X.rows}
        return Reply(request.id, tables, info=info, output=output.text, warnings=output.warnings)

    def _transform(self, request: Request) -> Reply:
        if len(request.tables) > 1:
            raise ProtocolError("transform takes one table, X, or none")
        X = request.tables[0] if request.tables else None
        started = time.perf_counter()
        made = self._runtime.transform(mapping(request.spec, "spec"), mapping(request.spec, "sources"), X)
        seconds = time.perf_counter() - started
        output = self.take_output([request])
        info = {"seconds": seconds, "rows": made.rows}
        return Reply(request.id, (made,), info=info, output=output.text, warnings=output.warnings)

    def _score(self, request: Request) -> Reply:
        held, score = self._find(request), getattr(self._runtime, "score", None)
        if len(request.tables) != 2:
            raise ProtocolError("score takes X and y")
        if score is None or not held.any_answers:
            raise BadRequest("only a model whose answers are any JSON is asked for a score of its own")
        X, y = request.tables
        found = score(held.model, held.schema.check(X), y)
        output = self.take_output([request])
        table = Table(("score",), matrix=np.full((1, 1), found, dtype=np.float64))
        return Reply(request.id, (table,), output=output.text, warnings=output.warnings)

    def _load(self, request: Request) -> Reply:
        if request.artefact is None:
            raise ProtocolError("load needs an artefact")
        held = self._open(request, request.artefact)
        self._hold(request, held)
        output = self.take_output([request])
        info = dict(self._runtime.describe(held.model))
        return Reply(request.id, info=info, output=output.text, warnings=output.warnings)

    def _find(self, request: Request) -> Held:
        """Return the version that a request means, as the one that was asked for last."""
        key = (request.model, request.version, request.sha256)
        if not request.sha256:
            key = next((held for held in reversed(self._held) if held[:2] == key[:2]), key)
        held = self._held.get(key)
        if held is None:
            raise ArtefactNeeded(f"version {request.version} of model {request.model!r} is not held here")
        self._held.move_to_end(key)
        return held

    def _hold(self, request: Request, held: Held) -> None:
        self._held[(request.model, request.version, held.sha256)] = held
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        self._activity.holds = tuple(self._held)

    def _forget(self, key: tuple[str, int, str]) -> None:
        self._held.pop(key, None)
        self._activity.holds = tuple(self._held)

    def _open(self, request: Request, artefact: Artefact) -> Held:
        manifest = artefact.verified(self._key)
        if manifest.language != self._runtime.language:
            raise ProtocolError(f"this is a worker for {self._runtime.language}, not for {manifest.language}")
        offered = LoadedVersion(request.model, request.version, manifest)
        self._hooks.version_offered(offered)
        held = Held(
            request.model,
            self._runtime.load(manifest, artefact.blob),
            manifest.schema,
            manifest.labels,
            manifest.blob_sha256,
            batching.Pace(_declared(manifest)),
            manifest.any_answers,
        )
        key = (request.model, request.version, held.sha256)
        try:
            self._hooks.version_loaded(offered._replace(ask=self._asking(held), forget=lambda: self._forget(key)))
        except ArtefactRefused as error:  # what the load has warned of may be the reason
            raise ArtefactRefused(
                "; ".join([str(error), *self.take_output([request]).warnings[:WARNINGS_SHOWN]])
            ) from None
        return held

    def _asking(self, held: Held) -> Ask:
        return lambda op, X: self._ask(held, op, X, {})

    def take_output(self, requests: Sequence[Request]) -> Output:
        """Return what the author's code printed, after writing it to the log with the requests' ids."""
        output = self._runtime.take_output()
        if output.text or output.warnings:
            ids = ",".join([each for request in requests[:8] for each in request.ids][:8])
            asked = about(ids, requests[0].model, requests[0].version)
            for line in output.text.splitlines():
                logger.info("%s", writable(line), extra=asked)
            for line in output.warnings:
                logger.warning("%s", writable(line), extra=asked)
        return output


def _declared(manifest: Manifest) -> batching.Limits:
    try:
        return batching.Limits.of(manifest.batch)
    except ConfigError as error:
        raise ArtefactRefused(f"the manifest's {error}") from None


def _profile(spec: FitSpec, X: Table, schema: Schema) -> dict[str, Any]:
    """Return what is kept of how the training data look, as a field of the manifest, where anything is."""
    made = None if spec.unprofiled is None else profile_of(X, schema, spec.unprofiled)
    return {} if made is None else {"profile": made.to_json()}


def _training_data(request: Request, spec: FitSpec) -> tuple[Table, Array | None, Schema]:
    """Return what a fit's tables hold, X and y, and the schema that X has."""
    if len(request.tables) not in (1, 2):
        raise ProtocolError("fit takes X or X and y")
    X = request.tables[0]
    schema = Schema.learn(X, spec.unseen_levels)
    if spec.unseen_levels == "other":
        X = schema.check(X)  # its categories have the level that stands for unseen ones from now on
    y = request.tables[1].matrix() if len(request.tables) == 2 else None
    if y is not None and y.shape[1] == 1:
        y = y[:, 0]
    if y is not None and len(y) != X.rows:
        raise BadRequest(f"y has {len(y)} rows, X has {X.rows}")
    return X, y, schema


def _target(y: Column) -> Column:
    """Return a target whose classes have an order: text becomes a category with sorted levels."""
    if y.kind != "string":
        return y
    gone = np.zeros(len(y), dtype=bool) if y.missing is None else y.missing
    levels = sorted(set(y.values[~gone].tolist()))
    codes = {level: code for code, level in enumerate(levels)}
    return Column.category(
        np.array([-1 if g else codes[text] for text, g in zip(y.values, gone, strict=True)], dtype=np.int32),
        levels,
        missing=y.missing,
    )
