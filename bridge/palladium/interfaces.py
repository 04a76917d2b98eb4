"""`palladium.interfaces`."""

import functools
from typing import Any

from triglot import interfaces
from triglot.interfaces import (
    CrossValidationGenerator,
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


class DatasetLoader(interfaces.DatasetLoader):
    """Gives data and target whenever it is called, inside the `load_data_decorators` of the configuration."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if (call := vars(cls).get("__call__")) is not None:
            cls.__call__ = functools.wraps(call)(lambda self: _decorated(call)(self))  # type: ignore[method-assign]


def _decorated(call: Any) -> Any:
    from triglot.dataset import decorated  # a worker that only has the module of a loader never calls it

    return decorated(call)


def __getattr__(name: str) -> Any:
    return getattr(interfaces, name)  # Model, which is loaded only where it is named
