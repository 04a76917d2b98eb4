"""The function that Spark sends to executors: it comes whole, so that it can say what they lack.

Spark pickles a function that a module has by its name, and one that a function has made by its code. The latter needs
nothing of ours where it arrives before it has looked.
"""

import pickle
from collections.abc import Callable, Iterator
from typing import Any

from triglot import __version__


def shipped(task: object) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Return what executors run for a task: `task.run`, handed the batches, in an executor that has this Triglot.

    It is called with an iterator of batches. Raises in the executor a `RuntimeError` that says what to do where there
    is no Triglot, or another one; Spark shows it in the driver.
    """
    whole, wanted = pickle.dumps(task), __version__

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        import platform

        host = platform.node()
        try:
            import triglot

            if triglot.__version__ != wanted:
                raise RuntimeError(
                    f"the executor on {host} has Triglot {triglot.__version__} and the driver {wanted}: install the "
                    "same on both"
                )
            from triglot.spark.executor import opened
        except ImportError as error:
            raise RuntimeError(
                f"the executor on {host} has no Triglot that can be imported ({error}): install triglot=={wanted} in "
                "the Python that PYSPARK_PYTHON names there, or take an image that has it"
            ) from None
        yield from opened(whole)(batches)

    return run
