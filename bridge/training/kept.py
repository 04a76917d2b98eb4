"""Workers that are kept from one fit to the next, for many fits of one author's code."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

from triglot.languages.launch import HELD_VARIABLE, Workshop
from triglot.training.fit_worker import Bench, starting_bench
from triglot.training.proof import Prover


class Kept:
    """Of each language one worker that fits and one that proves, started when they are first wanted.

    The one that proves has fitted nothing, so that a model which needs what its fit left behind is found out. Either
    holds one version at a time. Who has lost one drops all of them, and whoever comes next gets fresh ones.
    """

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._ready: dict[tuple[str, bool], Callable[[], Bench]] = {}
        self._stack = ExitStack()

    def fitting(self, language: str) -> Bench:
        """Return the worker that fits; a second one is on its way, for the proof."""
        ready = self._starting(language, proves=False)
        self._starting(language, proves=True)
        return ready()

    @contextmanager
    def prover(self, language: str, *, wanted: bool = True) -> Iterator[Prover | None]:
        """Hold what proves a version, or None where no proof is wanted."""
        yield Prover(self._starting(language, proves=True), language, self._workshop) if wanted else None

    def drop(self) -> None:
        """End all workers."""
        self._ready.clear()
        self._stack.close()

    def __enter__(self) -> "Kept":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ready.clear()
        self._stack.__exit__(kind, error, at)

    def _starting(self, language: str, *, proves: bool) -> Callable[[], Bench]:
        if (language, proves) not in self._ready:
            self._ready[language, proves] = self._started(language, proves=proves)
        return self._ready[language, proves]

    def _started(self, language: str, *, proves: bool) -> Callable[[], Bench]:
        environ = {**self._workshop.environ, HELD_VARIABLE: "1"}
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="triglot-"))) if proves else None
        return self._stack.enter_context(starting_bench(language, environ, self._workshop.key_file, cwd=folder))
