"""What a run has besides its table: a model store, workers of its own or of the service, and somebody who is told."""

import contextlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from triglot.persister import Persister

if TYPE_CHECKING:
    from triglot.dispatch.blocking import Client
    from triglot.training.fit_worker import Bench

Tell = Callable[[int], None]


@dataclass
class Context:
    """One run's surroundings; a context manager at whose end its workers are gone.

    run_id: the job's id, or a random one. client: makes the client of the workers of the service that runs here, to be
    closed with the context. pool: the pool that this service has for a model of a language. tell: told how many rows
    the step at work has done.
    """

    run_id: str
    environ: Mapping[str, str]
    store: Callable[[], Persister]
    key_file: Path | None = None
    client: Callable[["Context"], "Client"] | None = None
    pool: Callable[[str, str], str] = lambda model, language: language
    tell: Tell = lambda rows: None
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _benches: dict[tuple[str, bool], "Bench"] = field(default_factory=dict)

    def __enter__(self) -> "Context":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self._benches.clear()

    def author(self, language: str) -> "Bench":
        """Return the worker that this run has for authors' functions: it has no key that could sign a version."""
        return self._bench(language, signs=False)

    def models(self, language: str) -> "Bench":
        """Return the worker that this run has for models of a language."""
        return self._bench(language, signs=True)

    def _bench(self, language: str, *, signs: bool) -> "Bench":
        from triglot.training.fit_worker import bench

        if (language, signs) not in self._benches:
            environ = self.environ if signs else {**self.environ, "TRIGLOT_SIGNING_KEY": secrets.token_hex(32)}
            held = bench(language, environ, self.key_file if signs else None)
            self._benches[language, signs] = self._stack.enter_context(held)
        return self._benches[language, signs]

    def close_with(self, closing: Callable[[], object]) -> None:
        """Have this called when the run is over."""
        self._stack.callback(closing)
