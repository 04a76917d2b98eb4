"""What one worker can answer for: the versions that it holds, and the language that fits them and reads data.

No sockets and no queue in here: the loop (`triglot.workers.worker`) decides what is answered by one call.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from triglot.artefact import Artefact, seal
from triglot.errors import ArtefactNeeded, ArtefactRefused, BadRequest, ConfigError, EstimatorFailed, ProtocolError
from triglot.hooks import Ask, Hook, LoadedVersion, NewFit
from triglot.logs import writable
from triglot.manifest import Manifest
from triglot.protocol import batching, bundles
from triglot.protocol.messages import Op, Reply, Request
from triglot.protocol.runtime import FitTask, Model, Output, Runtime
from triglot.tables.labels import Labels
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Column, Table
from triglot.workers.activity import Activity
from triglot.workers.answers import checked, checked_shares
from triglot.workers.fit_spec import FitSpec, mapping

logger = logging.getLogger("triglot.worker")

WARNINGS_SHOWN = 3  # of a load that is refused
LARGE = 1_000_000  # bytes; of a model of more it is told what has them


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """One version that this worker can answer for; its name is the model's."""

    name: str
    model: Model
    schema: Schema
    labels: Labels | None
    sha256: str = ""
    pace: batching.Pace = field(default_factory=lambda: batching.Pace(batching.Limits()))


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
        X = held.schema.check(Table.concat([request.tables[0] for request in requests]))
        started = time.perf_counter()
        answer = self._ask(held, first.op, X, first.params)
        held.pace.took(X.rows, time.perf_counter() - started)
        output = self.take_output(requests)
        names = [str(j) for j in range(answer.shape[1])]
        return [
            Reply(
                request.id,
                (Table(names, matrix=answer[start:stop]),),
                output=output.text,
                warnings=output.warnings,
                parts=request.parts,
            )
            for request, (start, stop) in zip(
                requests, bundles.spans([request.tables[0].rows for request in requests]), strict=True
            )
        ]

    def _ask(self, held: Held, op: Op, X: Table, params: Mapping[str, Any]) -> Array:
        """Return the model's answer as a checked matrix of one row a row of X."""
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

    def _wrong(self, message: str) -> EstimatorFailed:
        return EstimatorFailed(message, language=self._runtime.language)

    def _fit(self, request: Request) -> Reply:
        spec = FitSpec.of(request.spec)
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
        fields = self._manifest(spec, schema)
        fitted = Held(request.model, model, schema, spec.labels)
        known = self._runtime.describe(model)
        fields |= {name: known[name] for name in ("attributes", "modules", "parts") if known.get(name)}
        again = self._runtime.load(Manifest(fields), blob)  # bytes that never left this process
        reloaded = Held(request.model, again, schema, spec.labels, pace=batching.Pace(spec.limits))
        if known.get("predict", True):  # a search over parameters may be made for its results alone
            self._hooks.model_fitted(
                NewFit(fields, schema, X, y, spec.labels is not None, self._asking(fitted), self._asking(reloaded))
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
            for line in output.text.splitlines():
                logger.info("[%s] %s", ids, writable(line))
            for line in output.warnings:
                logger.warning("[%s] %s", ids, writable(line))
        return output


def _declared(manifest: Manifest) -> batching.Limits:
    try:
        return batching.Limits.of(manifest.batch)
    except ConfigError as error:
        raise ArtefactRefused(f"the manifest's {error}") from None


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
