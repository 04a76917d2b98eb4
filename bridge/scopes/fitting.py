"""The fit of one scope: the unit of work, which any process can do that sees the configuration, the data and the store.

What a process needs for it (the configuration read, workers started) is made once for each thread and kept.
"""

import atexit
import logging
import os
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from triglot.errors import ConfigError, ModelNotFound, TriglotError, WorkerLost, WorkerUnavailable
from triglot.languages.launch import Workshop, algebra_environment
from triglot.persister import ACTIVE, NOT_PROVED, VersionInfo
from triglot.project import Project
from triglot.scope_names import SCOPE, model_of
from triglot.scopes.loading import Values, of_scope
from triglot.training.entry import Entry
from triglot.training.kept import Kept
from triglot.training.pipelines import language_of
from triglot.training.train import FitOptions, fit_model
from triglot.training.worker_process import require

logger = logging.getLogger("triglot")

TRIES = 2  # of a scope whose fit ends its worker, which something else may have ended


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one scope.

    version: that was written, by this run, if one was; `before` says that it was there already. failure: why there is
    none, or none that is active. unproved: whether it was written all the same. warnings: what the author should look
    at, a line each.
    """

    values: Values
    version: int | None = None
    before: bool = False
    failure: str = ""
    unproved: bool = False
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FitOfScope:
    """Fits the model of a family to one scope after the other, wherever it is called; it is made to be pickled.

    run: names the run, of which each scope's version is written once. environ: what the project adds to the environment
    of a process. threads: how many a fit's linear algebra has.
    """

    family: str
    run: str
    directory: str
    environ: Mapping[str, str] = field(hash=False)
    threads: int = 1
    activate: bool = True
    evaluate: bool = False
    persist_if_better_than: float | None = None
    prove: bool = True

    @classmethod
    def of(cls, project: Project, family: str, run: str, **options: Any) -> "FitOfScope":
        """Return what fits a configured model of a project."""
        return cls(family, run, str(project.directory), project.own_environment(), **options)

    def __call__(self, values: Values) -> Outcome:
        """Return what became of a scope; whatever goes wrong with it is told, and not raised."""
        begun = time.perf_counter()
        try:
            return replace(_place(self).fitted(values), seconds=time.perf_counter() - begun)
        except (WorkerLost, WorkerUnavailable) as error:
            return Outcome(values, failure=f"{error}. It was tried {TRIES} times, by fresh processes")
        except TriglotError as error:
            return Outcome(values, failure=str(error))
        except Exception as error:  # of an author's loader, say
            return Outcome(values, failure=f"{type(error).__name__}: {error}")

    def lost(self, values: Values, how: str) -> Outcome:
        """Return what became of a scope whose processes were ended."""
        return Outcome(values, failure=f"the process that fitted it {how}; it was tried {TRIES} times")


class _Place:
    """What one thread of a process needs for all scopes of a run."""

    def __init__(self, work: FitOfScope, stack: ExitStack) -> None:
        os.chdir(work.directory)
        project = Project((), {**os.environ, **work.environ}, Path(work.directory))
        of_project = project.workshop
        environ = {**of_project.environ, **algebra_environment(of_project.environ, work.threads)}
        workshop = Workshop(environ, of_project.key_file, of_project.python_path)
        self._work = work
        self._store = project.store
        self._entry = project.entry(work.family)
        self._kept = stack.enter_context(Kept(workshop))
        self._workshop = workshop
        self._warnings: list[str] = []
        self._options = FitOptions(
            activate=work.activate,
            evaluate=work.evaluate,
            persist_if_better_than=work.persist_if_better_than,
            scoring=project.part(work.family, "scoring"),
            prove=work.prove,
            kept=self._kept,
            warn=lambda _, line: self._warnings.append(line),
        )

    def fitted(self, values: Values) -> Outcome:
        """Return what became of a scope; raises `WorkerLost` where its fit ended its worker again and again."""
        name = model_of(self._work.family, list(values.values()))
        if (done := self._done(name)) is not None:
            return self._before(values, done)
        for tries_left in reversed(range(TRIES)):
            self._warnings.clear()
            try:
                return replace(self._fitted(values, name), warnings=tuple(self._warnings))
            except (WorkerLost, WorkerUnavailable):
                self._kept.drop()
                if not tries_left:
                    raise
        raise AssertionError

    def _fitted(self, values: Values, name: str) -> Outcome:
        said, terms = self._entry, replace(self._entry.terms, unprofiled=None)  # nobody looks at one scope's drift
        entry = Entry(name, said.model, self._loader(said.train, values), self._loader(said.test, values), terms)
        options = replace(self._options, metadata={"job": self._work.run, SCOPE: dict(values)})
        made = fit_model(entry, self._workshop, self._store, options)
        if made.unproved is not None:
            return Outcome(values, made.version, failure=made.unproved, unproved=made.version is not None)
        if made.version is None:
            least = self._work.persist_if_better_than
            return Outcome(values, failure=f"its test score {made.metrics.get('score_test')} is below {least}")
        return Outcome(values, made.version)

    def _loader(self, loader: Any, values: Values) -> Any:
        return of_scope(loader, values, self._kept.fitting)

    def _done(self, name: str) -> VersionInfo | None:
        """Return the version that this run has written before."""
        try:
            versions = self._store.list(name)
        except ModelNotFound:
            return None
        return next((info for info in versions if info.metadata.get("job") == self._work.run), None)

    def _before(self, values: Values, done: VersionInfo) -> Outcome:
        """Return what became of a scope before this process began; it may have been ended before it was activated."""
        if why := done.metadata.get(NOT_PROVED):
            return Outcome(values, done.version, before=True, failure=str(why), unproved=True)
        if self._work.activate and ACTIVE not in done.aliases:
            self._store.activate(done.model, done.version)
        return Outcome(values, done.version, before=True)


_here = threading.local()


def _place(work: FitOfScope) -> _Place:
    """Return this thread's place for a run; that of the run before ends."""
    known: tuple[FitOfScope, _Place, ExitStack] | None = getattr(_here, "known", None)
    if known is not None and known[0] == work:
        return known[1]
    leave()
    stack = ExitStack()
    atexit.register(stack.close)
    place = _Place(work, stack)
    _here.known = (work, place, stack)
    return place


def leave() -> None:
    """End what this thread keeps for the scopes of a run."""
    known: tuple[FitOfScope, _Place, ExitStack] | None = getattr(_here, "known", None)
    _here.known = None
    if known is not None:
        atexit.unregister(known[2].close)
        known[2].close()


def check(project: Project, family: str) -> None:
    """Return if a family's model can be fitted here; raises why not, before it costs anything."""
    entry = project.entry(family)
    require(language_of(entry.model), project.environ)
    if entry.train is None:
        raise ConfigError(f"model {family!r} has no dataset_loader_train; add one to the configuration")
