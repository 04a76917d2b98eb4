"""How much of what is asked is looked at for drift, and for how long it counts."""

import math
from dataclasses import dataclass

from triglot.errors import ConfigError


@dataclass(frozen=True, slots=True)
class DriftTerms:
    """What is looked at: a share of the requests, at most so many rows of each, of about the last `window_s` seconds.

    A version is compared with its training from `least_rows` rows on.
    """

    share: float = 0.1
    rows: int = 100
    least_rows: int = 500
    window_s: float = 3600.0

    def __post_init__(self) -> None:
        whole = all(isinstance(number, int) and number > 0 for number in (self.rows, self.least_rows))
        if not (whole and 0 < self.share <= 1 and 0 < self.window_s < math.inf):
            raise ConfigError(
                f"drift: {self}; share is above 0 and at most 1, rows and least_rows are whole numbers above 0, "
                "window_s is above 0"
            )
