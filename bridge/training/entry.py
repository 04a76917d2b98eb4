"""A configured model as a value, so that what fits, checks and tests need not know who read the configuration."""

from dataclasses import dataclass
from typing import Any, Final

from triglot.protocol.batching import Batch
from triglot.protocol.runtime import Unprofiled
from triglot.tables.labels import AnswersWanted


@dataclass(frozen=True, slots=True)
class Terms:
    """What a configuration says of a model beside the model itself.

    unseen_levels: what becomes of levels of a category that the data do not have ("error", "missing" or "other"), by
    default what the model says. batch: whether a worker may answer several requests by one call. x: how a model of
    Python gets its data, "frame" or "matrix"; by default what suits their kinds. missing_allowed: whether the model may
    answer with what is no number. answers: whether it may answer any JSON ("any"), or labels and
    numbers alone ("typed"); "either" is any JSON where they are neither. unprofiled: the columns of which no profile is
    kept, None where none is kept of any.
    """

    unseen_levels: str | None = None
    batch: Batch = True
    x: str | None = None
    missing_allowed: bool = False
    answers: AnswersWanted = "typed"
    unprofiled: Unprofiled = ()


UNSAID: Final = Terms()


@dataclass(frozen=True, slots=True)
class Entry:
    """One configured model and its data; train, test: what loads the data, or None."""

    name: str
    model: Any
    train: Any
    test: Any = None
    terms: Terms = UNSAID
