"""The loop of every worker, whatever its language: drain the queue, answer it in as few calls as can be.

The loop runs in the thread that started the interpreter, because R and Julia may be entered from no other; a
second thread (`triglot.workers.control`) answers heartbeats meanwhile.
"""

import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import zmq

from triglot import batching, wire
from triglot.artefact import Artefact, seal
from triglot.errors import (
    ArtefactNeeded,
    BadRequest,
    DeadlineExceeded,
    EstimatorFailed,
    Overloaded,
    ProtocolError,
    TriglotError,
)
from triglot.estimator import FitTask, Model, Output, Runtime
from triglot.labels import Labels
from triglot.message import Fault, Op, Reply, Request, Started
from triglot.schema import Schema
from triglot.table import Array, Table
from triglot.workers.activity import Activity
from triglot.workers.golden import Ask, check_golden_rows, record_golden_rows

logger = logging.getLogger("triglot.worker")

COPY_BELOW_BYTES = 65_536
HELD_VERSIONS = 64
POLL_MS = 100
DRAINING_POLL_MS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One request that waits, whom to answer and when it stops being worth it."""

    client: bytes
    request: Request
    expires: float


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """One version that this worker can answer for."""

    model: Model
    schema: Schema
    labels: Labels | None


class Worker:
    """Answers what comes in on one ROUTER socket with one language runtime, until it is told to drain."""

    def __init__(
        self,
        runtime: Runtime,
        socket: "zmq.Socket[bytes]",
        key: bytes,
        activity: Activity,
        *,
        limits: batching.Limits | None = None,
        queue: int = 4_096,
        linger_s: float = 0.25,
        drained: Callable[[], None] = lambda: None,
    ) -> None:
        self._runtime = runtime
        self._socket = socket
        self._key = key
        self._activity = activity
        self._limits = limits or batching.Limits()
        self._queue = queue
        self._linger_s = linger_s
        self._drained = drained
        self._held: OrderedDict[tuple[str, int], Held] = OrderedDict()

    def run(self) -> None:
        """Answer until draining, then what still comes from those who have not heard of it yet."""
        while not self._activity.draining:
            self._turn(POLL_MS)
        self._drained()
        last = time.monotonic()
        while time.monotonic() - last < self._linger_s:
            if self._turn(DRAINING_POLL_MS):
                last = time.monotonic()

    def _turn(self, wait_ms: int) -> bool:
        """Answer all that waits; False where nothing came for `wait_ms`."""
        if not self._socket.poll(wait_ms, zmq.POLLIN):
            return False
        for call in batching.plan(self._receive(), self._limits):
            self._answer(call)
        return True

    def _receive(self) -> list[Job]:
        """Take all that waits; what cannot be read or is beyond the queue's bound is answered at once."""
        jobs: list[Job] = []
        now = time.monotonic()
        while True:
            try:
                client, *frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                self._activity.queued = len(jobs)
                return jobs
            identity = client.bytes
            light = [frame.bytes if len(frame.buffer) < COPY_BELOW_BYTES else frame for frame in frames]
            try:
                request = wire.decode_request(light)
            except ProtocolError as error:
                self._send(identity, _fault(wire.request_id(light), error))
                continue
            if len(jobs) >= self._queue:
                self._send(identity, _fault(request.id, Overloaded("this worker's queue is full; try again later")))
                continue
            jobs.append(Job(identity, request, now + request.timeout_ms / 1000))

    def _answer(self, call: Sequence[Job]) -> None:
        now = time.monotonic()
        live = [job for job in call if job.expires > now]
        for job in call:
            if job.expires <= now:
                late = DeadlineExceeded("the request waited in the worker's queue past its deadline")
                self._send(job.client, _fault(job.request.id, late))
        if not live:
            return
        for job in live:
            if job.request.alone:
                self._send(job.client, Started(job.request.id))
        with self._activity.working(max(job.expires for job in live), len(live)):
            self._call(live)

    def _call(self, call: Sequence[Job]) -> None:
        """Answer a call whole, or bisect it where the author's code fails, so that only the guilty one fails."""
        requests = [job.request for job in call]
        try:
            replies = self._replies(requests)
        except TriglotError as error:
            output = self._take_output(requests)
            if len(call) > 1 and isinstance(error, EstimatorFailed | BadRequest):
                if time.monotonic() < max(job.expires for job in call):
                    for half in batching.halves(call):
                        self._call(half)
                    return
                error = DeadlineExceeded("the call ran past the deadlines of all its requests and was stopped")
            for job in call:
                self._send(job.client, _fault(job.request.id, error, output))
            return
        except Exception as error:
            logger.exception("request %s: the worker itself failed", requests[0].id)
            for job in call:
                self._send(job.client, _fault(job.request.id, error))
            return
        for job, reply in zip(call, replies, strict=True):
            self._send(job.client, reply)

    def _replies(self, requests: Sequence[Request]) -> list[Reply]:
        first = requests[0]
        if first.op == "fit":
            return [self._fit(first)]
        if first.op == "load":
            return [self._load(first)]
        return self._predict(requests)

    def _predict(self, requests: Sequence[Request]) -> list[Reply]:
        first = requests[0]
        held = self._held.get((first.model, first.version))
        if held is None:
            raise ArtefactNeeded(f"version {first.version} of model {first.model!r} is not held here")
        self._held.move_to_end((first.model, first.version))
        if any(len(request.tables) != 1 for request in requests):
            raise ProtocolError(f"{first.op} takes one table, X")
        X = held.schema.check(Table.concat([request.tables[0] for request in requests]))
        answer = self._ask(held, first.op, X, first.params)
        output = self._take_output(requests)
        names = [str(j) for j in range(answer.shape[1])]
        return [
            Reply(
                request.id,
                (Table(names, matrix=answer[start:stop]),),
                output=output.text,
                warnings=output.warnings,
            )
            for request, (start, stop) in zip(
                requests, batching.spans([request.tables[0].rows for request in requests]), strict=True
            )
        ]

    def _ask(self, held: Held, op: Op, X: Table, params: Mapping[str, Any]) -> Array:
        """Return the model's answer as a checked matrix of one row a row of X."""
        if op == "predict_proba":
            if held.labels is None:
                raise BadRequest("the model is no classifier and has no probabilities")
            if not X.rows:  # many estimators refuse what has no rows
                return np.empty((0, len(held.labels.classes)))
            answer = np.asarray(self._runtime.predict_proba(held.model, X, params), dtype=np.float64)
            columns = len(held.labels.classes)
            if answer.shape != (X.rows, columns):
                raise self._wrong(f"predict_proba gave shape {answer.shape}, expected ({X.rows}, {columns})")
            return answer
        if not X.rows:
            return np.empty((0, 1), np.float64 if held.labels is None else np.int32)
        answer = np.asarray(self._runtime.predict(held.model, X, params))
        if answer.ndim == 1:
            answer = answer.reshape(-1, 1)
        if answer.ndim != 2 or answer.shape[0] != X.rows:
            raise self._wrong(f"predict gave shape {answer.shape} for {X.rows} rows; one answer a row is needed")
        if held.labels is None:
            try:
                return answer.astype(np.float64, copy=False)
            except (TypeError, ValueError):
                raise self._wrong(f"predict gave values of type {answer.dtype}; numbers are needed") from None
        if answer.dtype != np.int32 or answer.shape[1] != 1:
            raise self._wrong("a classifier must answer one class a row")
        if answer.min() < 0 or answer.max() >= len(held.labels.classes):
            raise self._wrong("a classifier must answer one of its classes for every row; here one is missing")
        return answer

    def _wrong(self, message: str) -> EstimatorFailed:
        return EstimatorFailed(message, language=self._runtime.language)

    def _fit(self, request: Request) -> Reply:
        spec = request.spec
        task = spec.get("task")
        if task not in ("classification", "regression") or len(request.tables) not in (1, 2):
            raise ProtocolError("fit takes X or X and y, and a task: classification or regression")
        labels = Labels(tuple(spec["classes"])) if spec.get("classes") is not None else None
        X = request.tables[0]
        y = request.tables[1].matrix()[:, 0] if len(request.tables) == 2 else None
        if y is not None and len(y) != X.rows:
            raise BadRequest(f"y has {len(y)} rows, X has {X.rows}")
        base = None
        if request.artefact is not None:
            request.artefact.verified(self._key)
            base = request.artefact.blob
        author = _mapping(spec, "spec")
        sources = _mapping(spec, "sources")
        schema = Schema.learn(X)
        started = time.perf_counter()
        model = self._runtime.fit(FitTask(task, author, sources, X, y, labels, base))
        seconds = time.perf_counter() - started
        output = self._take_output([request])
        blob = self._runtime.dump(model)
        fields = {
            "language": self._runtime.language,
            "task": task,
            "spec": author,
            "sources": sources,
            "runtime": dict(self._runtime.versions()),
            "schema": schema.to_json(),
            "classes": None if labels is None else list(labels.classes),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        fitted = Held(model, schema, labels)
        reloaded = Held(self._runtime.load(fields, blob), schema, labels)
        fields["golden"] = record_golden_rows(
            schema, X, labels is not None, self._asking(fitted), self._asking(reloaded)
        )
        self._runtime.take_output()  # what the golden rows printed belongs to no request
        artefact = seal(fields, blob, self._key)
        info = {"seconds": seconds, "rows": X.rows, **self._runtime.describe(model)}
        return Reply(request.id, artefact=artefact, info=info, output=output.text, warnings=output.warnings)

    def _load(self, request: Request) -> Reply:
        if request.artefact is None:
            raise ProtocolError("load needs an artefact")
        held = self._open(request.artefact)
        self._held[(request.model, request.version)] = held
        while len(self._held) > HELD_VERSIONS:
            self._held.popitem(last=False)
        self._activity.holds = tuple(self._held)
        output = self._take_output([request])
        info = dict(self._runtime.describe(held.model))
        return Reply(request.id, info=info, output=output.text, warnings=output.warnings)

    def _open(self, artefact: Artefact) -> Held:
        manifest = artefact.verified(self._key)
        if manifest["language"] != self._runtime.language:
            raise ProtocolError(f"this is a worker for {self._runtime.language}, not for {manifest['language']}")
        classes = manifest["classes"]
        held = Held(
            self._runtime.load(manifest, artefact.blob),
            Schema.from_json(manifest["schema"]),
            None if classes is None else Labels(tuple(classes)),
        )
        check_golden_rows(manifest.get("golden"), held.schema, self._asking(held))
        return held

    def _asking(self, held: Held) -> Ask:
        return lambda op, X: self._ask(held, op, X, {})

    def _take_output(self, requests: Sequence[Request]) -> Output:
        """Return what the author's code printed, after writing it to the log with the requests' ids."""
        output = self._runtime.take_output()
        if output.text or output.warnings:
            ids = ",".join(request.id for request in requests[:8])
            for line in output.text.splitlines():
                logger.info("[%s] %s", ids, line)
            for line in output.warnings:
                logger.warning("[%s] %s", ids, line)
        return output

    def _send(self, client: bytes, reply: Reply | Fault | Started) -> None:
        # A client that is gone is no business of ours: ROUTER drops what nobody will read.
        with contextlib.suppress(zmq.Again):
            self._socket.send_multipart([client, *wire.encode_reply(reply)], zmq.NOBLOCK)


def _mapping(spec: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = spec.get(key, {})
    if not isinstance(value, dict):
        raise ProtocolError(f"{key!r} must be a map")
    return value


def _fault(request_id: str, error: Exception, output: Output | None = None) -> Fault:
    if isinstance(error, TriglotError):
        details = error.details()
        if output is not None and output.text and not details.get("output"):
            details["output"] = output.text
        return Fault(request_id, error.code, str(error), details)
    return Fault(request_id, TriglotError.code, f"the worker failed: {type(error).__name__}: {error}")
