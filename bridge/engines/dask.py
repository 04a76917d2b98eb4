"""The engine that is a Dask cluster: parts are done by its processes, each with worker processes of its own."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from triglot.engines.choosing import Wanted
from triglot.engines.dask_cluster import cluster, kept, needed, require
from triglot.engines.engine import Doing
from triglot.errors import WorkerUnavailable
from triglot.scoring.parts import Done, Part
from triglot.scoring.task import Task

PER_THREAD: Final = 3  # parts that a cluster knows of; it needs no list of all
TRIES_AGAIN: Final = 2
LONELY_S: Final = 60.0  # how long parts wait on a cluster without a worker


def of(wanted: Wanted) -> "DaskEngine":
    """Return the engine of the cluster at the scheduler's address, or of one on this machine."""
    return DaskEngine(wanted.scheduler)


class DaskEngine:
    """Has parts done by a cluster; one whose process ends meanwhile is done again, by another.

    Raises `ConfigError` where no scheduler answers.
    """

    def __init__(self, scheduler: str | None = None) -> None:
        self._stack = ExitStack()
        self._client = self._stack.enter_context(cluster(scheduler))

    def run(self, doing: Doing, parts: Sequence[Part]) -> Iterator[Done]:
        """Yield what became of each part, as they are done; who stops listening ends the rest.

        Raises `LanguageUnavailable` where a process of the cluster lacks the model's language, and `WorkerUnavailable`
        where none is left.
        """
        require(self._client, _languages(doing))
        waiting = iter(parts)
        with _Run(self._client, doing) as run:
            while run.has_begun(waiting):
                yield from run.some()

    def close(self) -> None:
        """End the cluster, if it is this engine's own."""
        self._stack.close()


class _Run:
    """One piece of work on a cluster."""

    def __init__(self, client: Any, doing: Doing) -> None:
        self._client = client
        self._distributed = needed("distributed")
        self._name = f"triglot-{uuid4().hex}"
        self._doing = kept(client, doing)
        self._parts: dict[Any, Part] = {}
        self._begun: Counter[tuple[int, int]] = Counter()

    def __enter__(self) -> "_Run":
        self._client.subscribe_topic(self._name, lambda event: self._begun.update([tuple(event[1])]))
        return self

    def __exit__(self, *_: object) -> None:
        self._client.unsubscribe_topic(self._name)
        self._client.cancel([*self._parts, self._doing], force=True)

    def has_begun(self, waiting: Iterator[Part]) -> bool:
        """Hand on as many parts as keep all processes busy; return whether there are any that are not done."""
        room = PER_THREAD * max(1, sum(self._client.nthreads().values())) - len(self._parts)
        for _, part in zip(range(room), waiting, strict=False):
            key = f"{self._name}-{part.name}"
            future = self._client.submit(_done, self._doing, part, self._name, key=key, pure=False, retries=TRIES_AGAIN)
            self._parts[future] = part
        return bool(self._parts)

    def some(self) -> Iterator[Done]:
        """Yield what became of the parts that are done by now; waits for one, if not for ever."""
        try:
            with self._client.as_current():
                ready, _ = self._distributed.wait(list(self._parts), timeout=LONELY_S, return_when="FIRST_COMPLETED")
        except TimeoutError:  # parts take their time
            if not self._client.nthreads():
                raise WorkerUnavailable(
                    f"the Dask cluster at {self._client.scheduler.address} has no workers any more; what is done stays "
                    "done: start workers, and run the command again"
                ) from None
            return
        for future in ready:
            yield self._told(future, self._parts.pop(future))

    def _told(self, future: Any, part: Part) -> Done:
        error = future.exception()
        if error is not None:
            return Done(part.id, failure=f"{part.place}: {_why(error)}", fatal=True)
        done: Done = future.result()
        return replace(done, repeated=done.repeated + max(0, self._begun[part.id] - 1))


def _done(doing: Doing, part: Part, topic: str) -> Done:
    """Return, on a process of the cluster, what became of a part there."""
    here = needed("distributed").get_worker()
    here.log_event(topic, list(part.id))
    done = doing(part)
    return replace(done, failure=f"{done.failure} (on the Dask worker {here.address})") if done.failure else done


def _languages(doing: Doing) -> set[str]:
    return {doing.scorer.version().artefact.card().language} if isinstance(doing, Task) else set()


def _why(error: BaseException) -> str:
    if type(error).__name__ == "KilledWorker":
        return "each Dask worker that began this part was ended; see the workers' logs, they may need more memory"
    return f"{type(error).__name__}: {error}"
