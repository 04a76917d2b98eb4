"""Scopes on a cluster: an engine has each fitted by a process that sees the configuration, the data and the store.

An engine knows parts of work and what became of each; a scope is such a part here.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from triglot.engines.choosing import Wanted, engine_of
from triglot.scopes.fitting import FitOfScope, Outcome, leave
from triglot.scopes.loading import Values
from triglot.scoring.parts import Done, Part

_UNPROVED, _BEFORE = 1, 2  # bits of what is no number of rows here


@dataclass(frozen=True, slots=True)
class FitOfPart:
    """Fits the scope that a part stands for; it is made to be pickled."""

    work: FitOfScope

    def __call__(self, part: Part) -> Done:
        """Return what became of it: the version as its rows."""
        outcome = self.work(json.loads(part.place))
        bits = _UNPROVED * outcome.unproved | _BEFORE * outcome.before
        return Done(part.id, outcome.version or 0, bits, failure=outcome.failure, told=outcome.warnings)


def spread(work: FitOfScope, scopes: Sequence[Values], engine: str, wanted: Wanted) -> Iterator[Outcome]:
    """Yield what becomes of each scope, as they are done; who stops listening ends the rest."""
    parts = [Part((0, number), json.dumps(dict(values)), "scope") for number, values in enumerate(scopes)]
    chosen = engine_of(engine, wanted)
    try:
        for done in chosen.run(FitOfPart(work), parts):
            yield _outcome(done, scopes[done.id[1]])
    finally:
        chosen.close()
        leave()


def _outcome(done: Done, values: Values) -> Outcome:
    before, unproved = bool(done.bad & _BEFORE), bool(done.bad & _UNPROVED)
    return Outcome(values, done.rows or None, before, done.failure, unproved, done.told)
