"""`palladium.interfaces`."""

from typing import Any

from triglot import interfaces
from triglot.interfaces import (
    CrossValidationGenerator,
    DatasetLoader,
    ModelPersister,
    PredictError,
    PredictService,
    annotate,
)

__all__ = [
    "CrossValidationGenerator",
    "DatasetLoader",
    "ModelPersister",
    "PredictError",
    "PredictService",
    "annotate",
]


def __getattr__(name: str) -> Any:
    return getattr(interfaces, name)  # Model, which is loaded only where it is named
