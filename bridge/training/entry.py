"""A configured model as a value, so that what fits, checks and tests need not know who read the configuration."""

from dataclasses import dataclass
from typing import Any

from triglot.protocol.batching import Batch


@dataclass(frozen=True, slots=True)
class Entry:
    """One configured model and its data.

    train, test: what loads the data, or None. unseen_levels: what becomes of levels of a category that the data do not
    have, by default what the model says. batch: whether a worker may answer several requests by one call.
    missing_allowed: whether the model may answer with what is no number.
    """

    name: str
    model: Any
    train: Any
    test: Any = None
    unseen_levels: str | None = None
    batch: Batch = True
    missing_allowed: bool = False
