"""`palladium.julia`: models of a Julia package, declared as Palladium declared them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from triglot.estimators import JuliaClassifier, JuliaModel
from triglot.palladium.renamed import Renamed

__all__ = ["AbstractModel", "ClassificationModel"]


class AbstractModel(Renamed, JuliaModel):
    """A Julia model that answers classes or numbers, whichever its target is; samples are the columns of X."""

    _NAMES: ClassVar[Mapping[str, str]] = {
        "fit_func": "fit_function",
        "predict_func": "predict_function",
        "fit_kwargs": "params",
        "predict_kwargs": "predict_params",
        "encode_labels": "encode_labels",
    }

    def __init__(
        self,
        fit_func: str,
        predict_func: str,
        fit_kwargs: Mapping[str, Any] | None = None,
        predict_kwargs: Mapping[str, Any] | None = None,
        encode_labels: bool = False,
    ) -> None:
        super().__init__(
            fit_function=fit_func,
            predict_function=predict_func,
            params=fit_kwargs,
            predict_params=predict_kwargs,
            encode_labels=encode_labels,
            layout="columns",
        )


class ClassificationModel(AbstractModel, JuliaClassifier):
    """A Julia model that answers classes."""
