"""Small things that components, configurations and their authors use."""

import functools
import inspect
import logging
import resource
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from triglot.bygone import arguments as bygone
from triglot.config import known_config, resolve_dotted_name
from triglot.decorators import pluggable
from triglot.process_store import process_store

MIB: Final = 2**20


@contextmanager
def timer(log: Callable[[str], Any] | None = None, message: str | None = None) -> Iterator[None]:
    """Log that something begins, and in how many seconds it was done.

    Examples:
        >>> said = []
        >>> with timer(said.append, "Counting"):
        ...     pass
        >>> said[0]
        'Counting...'
    """
    if log is not None:
        log(f"{message}...")
    started = time.perf_counter()
    yield
    if log is not None:
        log(f"{message} done in {time.perf_counter() - started:.3f} sec.")


@contextmanager
def session_scope(session: Any) -> Iterator[Any]:
    """Hold a session of SQLAlchemy as one transaction: committed at the end, rolled back after an error, closed."""
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()


def apply_kwargs(func: Callable[..., Any], **kwargs: Any) -> Any:
    """Return what `func` returns for those of the arguments that it takes.

    Examples:
        >>> apply_kwargs(lambda n, y: (n, y), n=3, X="left out", y="kept")
        (3, 'kept')
    """
    parameters = inspect.signature(func).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return func(**kwargs)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = {parameter.name for parameter in parameters if parameter.kind in named}
    return func(**{key: value for key, value in kwargs.items() if key in known})


def Partial(func: Callable[..., Any] | str, **kwargs: Any) -> Callable[..., Any]:
    """Return the function, which may be a dotted name, with these arguments given, as its library takes them today.

    Raises:
        ConfigError: The dotted name leads nowhere.

    Examples:
        >>> Partial("builtins.sorted", reverse=True)([1, 3, 2])
        [3, 2, 1]
    """
    function = resolve_dotted_name(func) if isinstance(func, str) else func
    partial = functools.partial(function, **bygone.todays(function, kwargs, _tell))
    functools.update_wrapper(partial, function, updated=())
    return partial


def _tell(advice: str) -> None:
    logging.getLogger("triglot").warning("Partial: %s", advice)


def memory_usage() -> tuple[float, float]:
    """Return the resident and the virtual memory of this process in MiB."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        virtual, resident, *_ = map(int, statm.read().split())
    page = resource.getpagesize()
    return resident * page / MIB, virtual * page / MIB


@pluggable("get_metadata_decorators")
def get_metadata(
    error_code: int = 0,
    error_message: str | None = None,
    status: str = "OK",
    *,
    facts: Mapping[str, Any] | None = None,
    service_metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the metadata of an answer: its status, further facts, and last what the service says of itself.

    That is the entry `service_metadata` of the configuration unless it is given.
    """
    metadata: dict[str, Any] = {"status": status, "error_code": error_code}
    if error_message is not None:
        metadata["error_message"] = error_message
    own = known_config().get("service_metadata", {}) if service_metadata is None else service_metadata
    return {**metadata, **(facts or {}), **own}


def run_job(func: Callable[..., Any], **params: Any) -> tuple[threading.Thread, str]:
    """Start `func` in a thread of this process and return the thread and the job's id.

    What became of it stands in `process_store['process_metadata']['jobs'][id]`, from before the thread starts until
    the process ends.
    """
    job_id = str(uuid.uuid4())
    job: dict[str, Any] = {
        "func": getattr(func, "__qualname__", repr(func)),
        "started": str(datetime.now(UTC).replace(tzinfo=None)),
        "status": "running",
    }

    def run() -> None:
        try:
            job["info"] = str(func(**params))
            job["status"] = "finished"
        except Exception:
            job["info"] = traceback.format_exc()
            job["status"] = "error"
            logging.getLogger("triglot").exception("job %s failed", job_id)

    thread = threading.Thread(target=run, name=f"job-{job_id}")
    process_store["process_metadata"].setdefault("jobs", {})[job_id] = job
    thread.start()
    job["thread"] = thread.ident
    return thread, job_id
