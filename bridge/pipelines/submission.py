"""How a run of a pipeline is asked for, by whoever asks, and what came of it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from triglot.errors import BadRequest, EstimatorFailed, ResultNotFound, TriglotError
from triglot.pipelines.declared import Declared
from triglot.store.jobs import Job, JobStore

KIND: Final = "pipeline"
_SEE: Final = "see the info of the run's job"
# what these say may name files and code that are nobody's business
_OURS: Final = frozenset({"config", "estimator-failed", "artefact-refused", "protocol", "error", "store"})
NOT_PLAIN: Final = "a value of the rows is none that JSON has"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run that is over.

    `data` is its result in the form that `kind` names (`triglot.pipelines.declared.RESULTS`), None where it has none
    or it is gone; `error` says why it failed, as far as whoever asked may know, empty where it did not. The job's
    `info` has all of it.
    """

    job: Job
    kind: str = ""
    data: bytes | None = None
    error: str = ""


def submit(
    jobs: JobStore,
    pipeline: Declared,
    parameters: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]] | None = None,
    job_id: str | None = None,
) -> Job:
    """Return the job of a run, entered now, or the one that has this id already: the same request twice is one run.

    Raises `BadRequest` with all that is wrong with parameters and rows, and for an id that stands for another request.
    """
    checked = pipeline.checked(parameters, rows)
    said: dict[str, Any] = {"pipeline": pipeline.name, "parameters": checked}
    if rows is None:
        return jobs.submit(KIND, said, job_id)
    try:
        given = orjson.dumps(rows, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:
        raise BadRequest(f"{NOT_PLAIN}: {error}") from None
    # the rows themselves are beside the job, and so is what tells two requests of one id apart
    said |= {"rows": len(rows), "rows_sha256": hashlib.sha256(given).hexdigest()}
    return jobs.submit(KIND, said, job_id, given)


def outcome(jobs: JobStore, job: Job) -> Outcome:
    """Return what came of a job that is over, with its whole result."""
    if job.state != "finished":
        return Outcome(job, error=str((job.progress or {}).get("error", f"{job.state}; {_SEE}")))
    if job.result is None:
        return Outcome(job)
    try:
        return Outcome(job, str(job.result["kind"]), b"".join(jobs.result(job.id)))
    except ResultNotFound:
        return Outcome(job)


def for_callers(error: Exception) -> str:
    """Return what whoever asked for a run may read of its failure: what is their own, or in which step it came up."""
    if not isinstance(error, TriglotError):
        return f"failed ({type(error).__name__}); {_SEE}"
    said = str(error)
    if error.code not in _OURS:
        return said
    place = f"{said.partition(': ')[0]}: " if said.startswith("step ") else ""
    kind = error.native_class if isinstance(error, EstimatorFailed) and error.native_class else error.code
    return f"{place}failed ({kind}); {_SEE}"
