"""The engine that is a cluster of Spark: a task a part, tried again by Spark, on executors that see the same files."""

import json
import logging
import os
import platform
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from triglot.engines.choosing import Wanted
from triglot.engines.engine import Doing, first_line
from triglot.errors import ConfigError, TriglotError
from triglot.scoring.parts import Done, Part, PartId
from triglot.spark.failures import reason
from triglot.spark.library import pyspark
from triglot.spark.shipping import shipped

REACH_S = 5.0  # within which a master takes a connection
LOOK_S = 0.1  # between two looks at what is done
SETTINGS = {"spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF"}


def of(wanted: Wanted) -> "SparkEngine":
    """Return the engine that is meant."""
    return SparkEngine(wanted.master)


class SparkEngine:
    """Does parts in an application of its own, or in the session that this process has.

    Args:
        master: What Spark calls one: spark://HOST:7077, yarn, k8s://..., local[4]. By default that of Spark's own
            configuration, else all cores of this machine.

    Raises:
        ConfigError: Spark is not installed, or no master answers there.
    """

    def __init__(self, master: str | None = None) -> None:
        if master is not None:
            _require_answer(master)
        sessions = pyspark("sql").SparkSession
        active = sessions.getActiveSession()
        self._own = active is None
        self._session = active or _started(sessions.builder, master)

    def run(self, doing: Doing, parts: Sequence[Part]) -> Iterator[Done]:
        """Yield what became of each part, as they are done; who stops listening ends the rest.

        Raises `TriglotError` where Spark gives a part up.
        """
        job = _Job(self._session.sparkContext, doing, parts)
        seen: set[PartId] = set()
        try:
            for said in job.told():
                done = Done.from_json(json.loads(said))
                if done.id not in seen:
                    seen.add(done.id)
                    yield done
        finally:
            job.cancel()

    def close(self) -> None:
        """End the application, unless it was there before."""
        if self._own:
            self._session.stop()


@dataclass(frozen=True, slots=True)
class Parts:
    """A task: parts in, what became of them out, both as texts of JSON; `folder` is where the driver works."""

    doing: Doing
    folder: str

    def run(self, parts: Iterator[str]) -> Iterator[str]:
        """Yield what became of the parts of a partition."""
        again = pyspark().TaskContext.get().attemptNumber()
        for said in parts:
            with _within(self.folder):  # paths mean here what they mean there
                done = self.doing(Part.from_json(json.loads(said)))
            failure = f"{done.failure} (on {platform.node()})" if done.failure else ""
            yield json.dumps(replace(done, failure=failure, repeated=done.repeated + again).to_json())


class _Job:
    """A job of Spark in a thread of its own, of whose parts is told as each is done."""

    def __init__(self, context: Any, doing: Doing, parts: Sequence[Part]) -> None:
        self._context = context
        self._group = uuid.uuid4().hex
        self._telling = context.accumulator([], _listing())
        self._parts = [json.dumps(part.to_json()) for part in parts]
        self._results: list[str] = []
        self._failure: Exception | None = None
        self._thread = threading.Thread(
            target=self._run, args=(shipped(Parts(doing, os.getcwd())),), name="triglot-spark"
        )
        self._thread.start()

    def told(self) -> Iterator[str]:
        """Yield what became of each part, some of it twice."""
        heard = 0
        while self._thread.is_alive():
            self._thread.join(LOOK_S)
            fresh = self._telling.value[heard:]
            heard += len(fresh)
            yield from fresh
        if self._failure is not None:
            raise TriglotError(reason(self._failure) or f"Spark gave up: {first_line(self._failure)}") from None
        yield from self._results

    def cancel(self) -> None:
        """End what is not done."""
        if self._thread.is_alive():
            self._context.cancelJobGroup(self._group)
            self._thread.join()

    def _run(self, work: Callable[[Iterator[str]], Iterator[str]]) -> None:
        telling = self._telling

        def listened(parts: Iterator[str]) -> Iterator[str]:  # made here, so that it is sent whole
            for done in work(parts):
                telling.add([done])
                yield done

        try:
            self._context.setJobGroup(self._group, "triglot score", True)
            given = self._context.parallelize(self._parts, len(self._parts))
            self._results = given.mapPartitions(listened).collect()
        except Exception as error:
            self._failure = error


@contextmanager
def _within(folder: str) -> Iterator[None]:
    """Work in a folder; raises `TriglotError` where an executor has none of that path."""
    try:
        back = os.getcwd()
        os.chdir(folder)
    except OSError as error:
        raise TriglotError(
            f"{folder!r}, where the driver works, is not here ({error.strerror}): both must see the same files"
        ) from None
    try:
        yield
    finally:
        os.chdir(back)


def _listing() -> Any:
    """Return how Spark adds up what tasks tell: as a list; its class is made here, so that it is sent whole."""

    class Listing(pyspark("accumulators").AccumulatorParam):  # type: ignore[misc]
        def zero(self, value: list[str]) -> list[str]:
            return []

        def addInPlace(self, value1: list[str], value2: list[str]) -> list[str]:
            return [*value1, *value2]

    return Listing()


def _started(builder: Any, master: str | None) -> Any:
    """Return a session, whose executors have the Python that is said, else this one by its path, as images have it."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    logging.getLogger("py4j").setLevel(logging.WARNING)  # it tells of each connection
    builder = builder.appName("triglot")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    try:
        return (builder if master is None else builder.master(master)).getOrCreate()
    except Exception as error:
        where = master or "what its configuration says"
        raise ConfigError(f"Spark does not start on {where}: {first_line(error)}") from None


def _require_answer(master: str) -> None:
    """Raise `ConfigError` where no standalone master takes a connection; Spark itself would try for a minute."""
    if not master.startswith("spark://"):
        return
    why = ""
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host, int(port)), REACH_S).close()
        except (OSError, ValueError) as error:
            why = str(error)
        else:
            return
    raise ConfigError(f"--master: no Spark master answers at {master} ({why}); start it, or name another")
