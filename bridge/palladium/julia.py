"""`palladium.julia`: models of a Julia package, declared as Palladium declared them."""

from collections.abc import Mapping
from typing import Any

from triglot.estimators import JuliaClassifier, JuliaModel

__all__ = ["AbstractModel", "ClassificationModel"]


class AbstractModel(JuliaModel):
    """A Julia model that answers classes or numbers, whichever its target is; samples are the columns of X."""

    def __init__(
        self,
        fit_func: str,
        predict_func: str,
        fit_kwargs: Mapping[str, Any] | None = None,
        predict_kwargs: Mapping[str, Any] | None = None,
        encode_labels: bool = False,
    ) -> None:
        super().__init__(
            fit=fit_func,
            predict=predict_func,
            params=dict(fit_kwargs or {}),
            predict_params=dict(predict_kwargs or {}),
            encode_labels=encode_labels,
            layout="columns",
        )


class ClassificationModel(AbstractModel, JuliaClassifier):
    """A Julia model that answers classes."""
