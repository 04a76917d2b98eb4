"""Every error of the bridge: one root, one sentence and one wire code a class.

Numbers of HTTP stand in `triglot.bodies.telling` alone; what crosses a process boundary is text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class TriglotError(Exception):
    """Root of all errors that this project raises on purpose."""

    code: str = "error"

    def details(self) -> dict[str, Any]:
        """Return the facts of the error as plain JSON values, for the wire and for clients."""
        return {}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one field of a request: where, and what to do."""

    field: str
    message: str
    row: int | None = None

    def __str__(self) -> str:
        where = f"field {self.field!r}" if self.row is None else f"row {self.row}, field {self.field!r}"
        return f"{where}: {self.message}"


class BadRequest(TriglotError):
    """The caller sent something that cannot be used; every bad field is named at once."""

    code = "bad-request"

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join([message, *map(str, self.problems)]) if problems else message)

    def details(self) -> dict[str, Any]:
        return {
            "problems": [
                {"field": p.field, "message": p.message, **({} if p.row is None else {"row": p.row})}
                for p in self.problems
            ]
        }


class TooLarge(BadRequest):
    """The caller sent more than this service takes at a time; the message says how much it takes."""

    code = "too-large"


class ModelNotFound(TriglotError, LookupError):
    """No model of that name is known; the message lists the known ones."""

    code = "model-not-found"


class VersionNotFound(TriglotError, LookupError):
    """The model has no such version, or none is active."""

    code = "version-not-found"


class VersionInUse(TriglotError):
    """The version carries an alias (such as `active`) and so may not be deleted."""

    code = "version-in-use"


class JobNotFound(TriglotError, LookupError):
    """There is no job of that id; jobs that ended long ago are forgotten."""

    code = "job-not-found"


class ProgramNotFound(TriglotError, LookupError):
    """No program of that name is supervised; the message lists the known ones."""

    code = "program-not-found"


class PipelineNotFound(TriglotError, LookupError):
    """No pipeline of that name is declared; the message lists the known ones."""

    code = "pipeline-not-found"


class ResultNotFound(TriglotError, LookupError):
    """The job has no result that could be fetched: not yet, none at all, or not any more; the message says which."""

    code = "result-not-found"


class ConfigError(TriglotError, ValueError):
    """The configuration is wrong; the message names file, key path and remedy."""

    code = "config"


class MissingKey(ConfigError, KeyError):
    """The configuration has no such entry; the message says where it was looked for."""

    def __str__(self) -> str:  # KeyError would show the repr, with its line ends escaped
        return str(self.args[0]) if self.args else ""


class LanguageUnavailable(TriglotError):
    """The language runtime is not installed or does not start; the message says why."""

    code = "language-unavailable"


class EstimatorFailed(TriglotError):
    """The author's code raised; carries the native class, message, traceback and output as text.

    `error_code` is set where the author foresaw the failure (`triglot.interfaces.PredictError`): then it and the
    message are meant for the caller.
    """

    code = "estimator-failed"

    def __init__(
        self,
        message: str,
        *,
        language: str = "",
        native_class: str = "",
        traceback: str = "",
        output: str = "",
        error_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.error_code = error_code
        self.language = language
        self.native_class = native_class
        self.traceback = traceback
        self.output = output

    def details(self) -> dict[str, Any]:
        return {
            "language": self.language,
            "native_class": self.native_class,
            "traceback": self.traceback,
            "output": self.output,
            **({} if self.error_code is None else {"error_code": self.error_code}),
        }


class WrongAnswer(EstimatorFailed):
    """The author's code answered what is no label of its classes, and no number."""


class ArtefactNeeded(TriglotError):
    """The worker does not hold that version; repeat the request with the artefact attached."""

    code = "artefact-needed"


class TableNeeded(TriglotError):
    """The worker does not keep the buffer of that digest; repeat the request with the bytes."""

    code = "table-needed"


class ArtefactRefused(TriglotError):
    """The artefact's signature or checksum does not hold; no loader has seen a byte of it."""

    code = "artefact-refused"


class VersionUnavailable(TriglotError):
    """A version is there and cannot be asked at the moment; `cause` says why, for callers.

    `retry_after_s` is how long the next try is away.
    """

    def __init__(
        self, message: str, *, model: str = "", version: int = 0, cause: str = "", retry_after_s: float = 0.0
    ) -> None:
        super().__init__(message)
        self.model = model
        self.version = version
        self.cause = cause
        self.retry_after_s = retry_after_s

    def details(self) -> dict[str, Any]:
        return {"model": self.model, "version": self.version, "cause": self.cause}


class VersionNotLoadable(VersionUnavailable):
    """No worker that was asked can load the version, which is tried again."""

    code = "version-not-loadable"


class VersionQuarantined(VersionUnavailable):
    """Requests to the version have ended so many workers that it is not asked for a while."""

    code = "version-quarantined"


class ProtocolError(TriglotError):
    """Frames that are not a message of this protocol."""

    code = "protocol"


class Overloaded(TriglotError):
    """The queue is full; try again later."""

    code = "overloaded"


class WorkerUnavailable(TriglotError):
    """No worker of the language took the request before its deadline; `deaths` of them ended with it in their hands."""

    code = "worker-unavailable"

    def __init__(self, message: str, *, deaths: int = 0) -> None:
        super().__init__(message)
        self.deaths = deaths


class DeadlineExceeded(TriglotError):
    """No answer came before the request's deadline; `started` if the worker had said that it was working on it."""

    code = "deadline-exceeded"

    def __init__(self, message: str, *, started: bool = False) -> None:
        super().__init__(message)
        self.started = started


class WorkerLost(TriglotError):
    """The worker ended while it held the request; `started` if it had said that it was working on it alone.

    `reason` is what it said of its end, if it ended itself.
    """

    code = "worker-lost"

    def __init__(self, message: str, *, started: bool = False, reason: str = "") -> None:
        super().__init__(f"{message}: {reason}" if reason else message)
        self.started = started
        self.reason = reason


class WorkerMakesRoom(WorkerLost):
    """The worker goes, so that its next process can serve a version that another one of the model has displaced."""

    code = "worker-makes-room"


class PoisonRequest(TriglotError):
    """The request ended more than one worker and is refused."""

    code = "poison-request"


class StoreError(TriglotError):
    """The model store could not do what was asked."""

    code = "store"


_BY_CODE: dict[str, type[TriglotError]] = {
    kind.code: kind
    for kind in (
        ModelNotFound,
        VersionNotFound,
        VersionInUse,
        JobNotFound,
        ProgramNotFound,
        PipelineNotFound,
        ResultNotFound,
        ConfigError,
        LanguageUnavailable,
        ArtefactNeeded,
        ArtefactRefused,
        VersionNotLoadable,
        VersionQuarantined,
        TableNeeded,
        ProtocolError,
        Overloaded,
        WorkerUnavailable,
        DeadlineExceeded,
        WorkerLost,
        WorkerMakesRoom,
        PoisonRequest,
        StoreError,
    )
}


def from_wire(code: str, message: str, details: Mapping[str, Any]) -> TriglotError:
    """Return the error that a fault on the wire stands for; an unknown code gives the root."""
    if code == EstimatorFailed.code:
        foreseen = details.get("error_code")
        return EstimatorFailed(
            message,
            **{key: str(details.get(key, "")) for key in ("language", "native_class", "traceback", "output")},
            error_code=foreseen if isinstance(foreseen, int) else None,
        )
    if code == BadRequest.code:
        told = details.get("problems")
        return BadRequest(message) if not isinstance(told, list) else _retold(message, told)
    return _BY_CODE.get(code, TriglotError)(message)


def _retold(message: str, problems: list[Any]) -> BadRequest:
    """Return a `BadRequest` whose text is as it was told, with the problems it names."""
    error = BadRequest(message)
    error.problems = tuple(
        Problem(str(each.get("field", "")), str(each.get("message", "")), each.get("row"))
        for each in problems
        if isinstance(each, Mapping)
    )
    return error
