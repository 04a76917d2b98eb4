"""The engine that is this very process: parts are done by some threads, and answered by worker processes of its own."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from triglot.engines.choosing import Wanted
from triglot.engines.engine import Doing
from triglot.scoring.executor import close_executors
from triglot.scoring.parts import Done, Part

MOST_AT_A_TIME = 4  # parts whose pieces are in memory


def of(wanted: Wanted) -> "LocalEngine":
    """Return the engine with so many workers."""
    return LocalEngine(wanted.workers)


class LocalEngine:
    """Does parts here, some at a time, so that reading and writing one does not keep workers from another."""

    def __init__(self, workers: int = 1) -> None:
        self._at_a_time = min(workers, MOST_AT_A_TIME)

    def run(self, doing: Doing, parts: Sequence[Part]) -> Iterator[Done]:
        """Yield what became of each part, as they are done; who stops listening ends the rest."""
        if self._at_a_time == 1:
            yield from map(doing, parts)
            return
        pool = ThreadPoolExecutor(self._at_a_time, thread_name_prefix="triglot-part")
        try:
            for each in as_completed([pool.submit(doing, part) for part in parts]):
                yield each.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End the workers."""
        close_executors()
