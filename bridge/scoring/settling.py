"""Which rows of a table cannot be answered: found by halves, so that all others are."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from triglot.errors import EstimatorFailed, PoisonRequest, TriglotError
from triglot.scoring.executor import Answered
from triglot.tables.table import Array, Table

# Beyond so many rows of one table that it fails on, or that end workers, something else than rows is wrong.
MOST_FAILING, MOST_DEADLY = 1_000, 10

# asks for a table, whose last try it may be
Ask = Callable[[Table, bool], Answered]


@dataclass(slots=True)
class Settled:
    """The answers to the rows that have one, what was wrong with the others, and how many workers ended meanwhile."""

    values: list[Array] = field(default_factory=list)
    wrong: dict[int, str] = field(default_factory=dict)
    deaths: int = 0

    def answers(self) -> Array | None:
        """Return the answers in their order, None where there are none."""
        return np.concatenate(self.values) if len(self.values) > 1 else next(iter(self.values), None)


def settled(table: Table, ask: Ask, *, whole: bool, refuse: Callable[[int, TriglotError], None]) -> Settled:
    """Return the answers to a table; where it fails, halves are asked, and their halves, down to the rows that fail.

    `refuse` is told of each of these, and may raise. Answers that depend on the rows beside (`whole`) are not parted.
    Raises the model's own error where it fails on more rows than can be the rows' fault.
    """
    found = Settled()
    waiting = [(0, table, False)]
    while waiting:
        first, part, last_try = waiting.pop()
        try:
            answered = ask(part, last_try)
        except (EstimatorFailed, PoisonRequest) as error:
            deadly = isinstance(error, PoisonRequest)
            found.deaths += deadly
            if whole:
                raise
            if part.rows > 1:
                middle = part.rows // 2
                waiting += [
                    (first + middle, part.slice(middle, part.rows), deadly),
                    (first, part.slice(0, middle), deadly),
                ]
            elif deadly and last_try:  # by chance, perhaps: a row is guilty only if it ends two more
                waiting.append((first, part, False))
            else:
                refuse(first, error)
                found.wrong[first] = "ends whatever worker answers it" if deadly else str(error)
                _check_number(found, error, deadly)
        else:
            found.values.append(answered.values)
            found.deaths += answered.deaths
    return found


def _check_number(found: Settled, error: TriglotError, deadly: bool) -> None:
    if len(found.wrong) >= (MOST_DEADLY if deadly else MOST_FAILING):
        raise error
