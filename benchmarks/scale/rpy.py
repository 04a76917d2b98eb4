"""What one writes for R in a data frame of Spark or Dask without this project: rpy2, and pandas2ri for the frames."""

import functools
from pathlib import Path
from typing import Any

AUTHOR = Path(__file__).parents[1] / "authors" / "scale.R"


@functools.cache
def fitted(learned: str) -> Any:
    """Return R's model, fitted once a process."""
    from rpy2 import robjects
    from rpy2.robjects import default_converter
    from rpy2.robjects.conversion import localconverter

    with localconverter(default_converter):  # by that of pandas it would not stay R's own
        robjects.r["source"](str(AUTHOR))
        return robjects.r(f"{{ rows <- read.csv('{learned}'); linear(rows[setdiff(names(rows), 'y')], rows$y) }}")


def answers(learned: str, frame: Any) -> Any:
    """Return R's predictions for a pandas frame, as numbers."""
    import numpy as np
    from rpy2 import robjects
    from rpy2.robjects import default_converter, pandas2ri
    from rpy2.robjects.conversion import localconverter

    model = fitted(learned)
    with localconverter(default_converter + pandas2ri.converter):
        return np.asarray(robjects.r["predict"](model, frame))
