"""What runs in the Python of an executor of Spark: a task's batches, answered by the workers of that process."""

import pickle
import platform
from collections.abc import Callable, Iterator
from typing import Any

from triglot.errors import TriglotError


def opened(whole: bytes) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Return what answers batches, of a task that the driver has pickled as Spark pickles its functions."""
    task = pickle.loads(whole)

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from task.run(batches)
        except TriglotError as error:
            raise TriglotError(f"the executor on {platform.node()}: {error}") from None

    return run
