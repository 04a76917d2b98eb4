"""`palladium.R`: models and data of an R script, declared as Palladium declared them."""

from typing import Any, ClassVar

from triglot.estimators import RClassifier, RModel, RRegressor
from triglot.foreign import RDataset

__all__ = ["AbstractModel", "ClassificationModel", "DatasetLoader", "RegressionModel", "Rpy2Transform"]


class DatasetLoader(RDataset):
    """Data of a function of an R script; further arguments go to the function."""

    def __init__(self, scriptname: str, funcname: str, **kwargs: Any) -> None:
        super().__init__(script=scriptname, function=funcname, params=kwargs)


class AbstractModel(RModel):
    """An R model that answers classes or numbers, whichever its target is; further arguments go to its function."""

    def __init__(self, scriptname: str, funcname: str, encode_labels: bool = False, **kwargs: Any) -> None:
        super().__init__(script=scriptname, fit=funcname, params=kwargs, encode_labels=encode_labels)


class ClassificationModel(AbstractModel, RClassifier):
    """An R model that answers classes."""


class RegressionModel(AbstractModel, RRegressor):
    """An R model that answers numbers."""


class Rpy2Transform:
    """A step before an R model that has nothing to do: tables keep their names and the levels of their factors."""

    keeps_table: ClassVar[bool] = True

    def fit(self, X: Any, y: Any = None) -> "Rpy2Transform":
        """Return self."""
        return self

    def transform(self, X: Any) -> Any:
        """Return X as it is."""
        return X
