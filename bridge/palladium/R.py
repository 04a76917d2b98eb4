"""`palladium.R`: models and data of an R script, declared as Palladium declared them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sklearn.base import BaseEstimator, TransformerMixin

from triglot.estimators import RClassifier, RModel, RRegressor
from triglot.foreign import RDataset
from triglot.palladium.renamed import Renamed

__all__ = ["AbstractModel", "ClassificationModel", "DatasetLoader", "RegressionModel", "Rpy2Transform"]


class DatasetLoader(RDataset):
    """Data of a function of an R script; further arguments go to the function."""

    def __init__(self, scriptname: str, funcname: str, **kwargs: Any) -> None:
        super().__init__(script=scriptname, function=funcname, params=kwargs)


class AbstractModel(Renamed, RModel):
    """An R model that answers classes or numbers, whichever its target is; further arguments go to its function."""

    _NAMES: ClassVar[Mapping[str, str]] = {
        "scriptname": "script",
        "funcname": "fit_function",
        "encode_labels": "encode_labels",
    }

    def __init__(self, scriptname: str, funcname: str, encode_labels: bool = False, **kwargs: Any) -> None:
        super().__init__(script=scriptname, fit_function=funcname, params=kwargs, encode_labels=encode_labels)


class ClassificationModel(AbstractModel, RClassifier):
    """An R model that answers classes."""


class RegressionModel(AbstractModel, RRegressor):
    """An R model that answers numbers."""


class Rpy2Transform(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn carries no types
    """A step before an R model that has nothing to do: tables keep their names and the levels of their factors."""

    keeps_table: ClassVar[bool] = True

    def fit(self, X: Any, y: Any = None) -> "Rpy2Transform":
        """Return self."""
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> Any:
        """Return X as it is."""
        return X
