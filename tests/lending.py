"""Workers that commands of the tests' own process borrow, in place of a fresh one for each that ends with it.

That a command starts its own, and that it ends, is tested with commands that are processes.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from triglot.cli import compare, stream
from triglot.training import train
from triglot.training.fit_worker import Bench, bench

BORROWERS = (train, compare, stream)


class Lender:
    """Holds one worker of each language that was asked for, until it is closed."""

    def __init__(self) -> None:
        self._benches: dict[str, Bench] = {}
        self._stack = contextlib.ExitStack()

    def has(self, worker: Bench) -> None:
        """Lend a worker that somebody else started and ends."""
        self._benches[worker.language] = worker

    def lend_to_commands(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the commands of this process borrow for as long as the patch holds."""
        for module in BORROWERS:
            monkeypatch.setattr(module, "bench", self.bench)

    @contextlib.contextmanager
    def bench(self, language: str, environ: Mapping[str, str], key_file: Path | None = None) -> Iterator[Bench]:
        """Hold the worker of a language as `triglot.training.fit_worker.bench` does; it outlives this."""
        if language not in self._benches:
            with contextlib.chdir(Path(__file__).parent):  # which outlives the working directory of a test
                self._benches[language] = self._stack.enter_context(bench(language, environ, key_file))
        yield self._benches[language]

    def close(self) -> None:
        """End every worker that was started here."""
        self._stack.close()
