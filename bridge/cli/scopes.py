"""`triglot fit --scopes`: one model for each row of a file."""

import logging
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triglot.engines.choosing import Wanted
from triglot.errors import ConfigError, TriglotError
from triglot.progress import bar, notice
from triglot.project import Project
from triglot.scope_names import BETWEEN, scope_of
from triglot.scopes import elsewhere, files
from triglot.scopes.fitting import FitOfScope, Outcome, check
from triglot.scopes.loading import Values
from triglot.scopes.local import spread

logger = logging.getLogger("triglot")

EXIT_FAILED = 1
EXIT_NOT_PROVED = 3
WORTH_A_PROCESS = 8  # scopes: to start interpreters takes as long as some small fits
MOST_KINDS = 20  # of warnings that are told
_NUMBER = re.compile(r"(?<![\w'])\d[\d.,]*(?![\w'])")  # that is no part of a name
TOLD_EVERY = 10  # parts of all, where no terminal shows a bar


@dataclass(frozen=True, slots=True)
class Where:
    """Where scopes are fitted: how many at a time, by which engine, at which address of a cluster."""

    workers: int | None
    engine: str
    master: str | None
    scheduler: str | None

    def spread(self, work: FitOfScope, scopes: Sequence[Values], environ: Mapping[str, str]) -> Iterator[Outcome]:
        """Yield what becomes of each scope."""
        at_a_time = self.at_a_time(len(scopes))
        wanted = Wanted(at_a_time, environ, self.master, self.scheduler)
        if self.engine != "local":
            return elsewhere.spread(work, scopes, self.engine, wanted)
        if self.master is not None or self.scheduler is not None:
            raise ConfigError("--master and --scheduler are of clusters; say --engine spark, or --engine dask")
        level = max(logging.getLogger().level, logging.WARNING)
        return spread(work, scopes, at_a_time, level)

    def at_a_time(self, scopes: int) -> int:
        """Return how many of so many scopes are fitted at a time on this machine."""
        return self.workers or min(os.cpu_count() or 1, 1 + scopes // WORTH_A_PROCESS)


@dataclass(slots=True)
class _Tally:
    """How many scopes a run has come to."""

    total: int
    fitted: int = 0
    before: int = 0
    failed: int = 0
    unproved: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.failed += bool(outcome.failure) and not outcome.unproved
        self.unproved += outcome.unproved
        if not outcome.failure:
            self.before += outcome.before
            self.fitted += not outcome.before

    @property
    def done(self) -> int:
        """How many of all were tried."""
        return self.fitted + self.before + self.failed + self.unproved

    def __str__(self) -> str:
        parts = [
            (self.before, "before this command"),
            (self.failed, "failed"),
            (self.unproved, "stored and not activated"),
        ]
        return ", ".join([f"{self.fitted} of {self.total} fitted", *(f"{n} {what}" for n, what in parts if n)])


class _Warnings:
    """What fits have warned of: of lines that are alike but for numbers the first, and of how many scopes."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, str]] = {}
        self._scopes: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count those of one more scope."""
        kinds = {_NUMBER.sub("#", line): line for line in reversed(outcome.warnings)}
        self._scopes.update(kinds.keys())
        for kind, line in kinds.items():
            self._first.setdefault(kind, (scope_of(list(outcome.values.values())), line))

    def tell(self, family: str, total: int) -> None:
        """Log each kind once."""
        for kind, scopes in self._scopes.most_common(MOST_KINDS):
            first, line = self._first[kind]
            logger.warning("%s: %s (%d of %d scopes, such as %s)", family, line, scopes, total, first)
        if (more := len(self._scopes) - MOST_KINDS) > 0:
            logger.warning("%s: %d more kinds of warnings; fit to fewer scopes to see them", family, more)


def fit_scopes(project: Project, names: Sequence[str], path: Path, where: Where, **options: Any) -> int:
    """Fit a model to each scope of a file, and return the exit code.

    Raises `ConfigError` for what keeps all of them from being fitted.
    """
    family = names[0] if len(names) == 1 else project.only_name
    scopes = files.read(path, family)
    check(project, family)
    threads = max(1, (os.cpu_count() or 1) // where.at_a_time(len(scopes.rows)))
    failures = files.Failures(scopes)
    tally, warnings = _Tally(len(scopes.rows)), _Warnings()
    with files.run(scopes, family) as (run, goes_on):
        if goes_on:
            notice(f"An earlier run over {path} was ended; what it has stored stays as it is.")
        work = FitOfScope.of(project, family, run, threads=threads, **options)
        try:
            with bar(f"Fitting {family}", tally.total) as show:
                for outcome in where.spread(work, scopes.rows, project.environ):
                    tally.add(outcome)
                    warnings.add(outcome)
                    show(tally.done, str(tally))
                    _tell(family, outcome, tally)
                    if outcome.failure:
                        failures.add(outcome.values, outcome.failure)
        except KeyboardInterrupt:
            raise TriglotError(
                f"ended by Ctrl-C: {tally}, and they stay so; run the same command again, and it goes on there"
            ) from None
        finally:
            warnings.tell(family, tally.total)
    failures.close()
    notice(f"Model {family}: {tally}.")
    if tally.failed + tally.unproved:
        notice(f"{failures.path} has those with the reasons; repeat them by --scopes {failures.path}")
    return EXIT_FAILED if tally.failed else EXIT_NOT_PROVED if tally.unproved else 0


def _tell(family: str, outcome: Outcome, tally: _Tally) -> None:
    """Log what has failed, and now and then how far it is."""
    if outcome.failure:
        name = f"{family}{BETWEEN}{scope_of(list(outcome.values.values()))}"
        logger.error("%s: %s", name, outcome.failure)
    if tally.done * TOLD_EVERY // tally.total > (tally.done - 1) * TOLD_EVERY // tally.total:
        logger.info("%s: %s", family, tally)
