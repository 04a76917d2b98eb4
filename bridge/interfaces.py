"""What components may derive from; nothing asks for the type, so whatever has the methods will do."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any


class DatasetLoader(ABC):
    """Gives data and target whenever it is called."""

    @abstractmethod
    def __call__(self) -> tuple[Any, Any]:
        """Return data of n rows, and a target of n values or None."""


class CrossValidationGenerator(ABC):
    """Gives the splits of a cross validation."""

    @abstractmethod
    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Return pairs of the indexes to train on and of those to test on."""


class ModelPersister(ABC):
    """Keeps versions of a model, one of which may be active."""

    @abstractmethod
    def read(self, version: int | None = None) -> Any:
        """Return a version, the active one by default; raises `LookupError` where there is none."""

    @abstractmethod
    def write(self, model: Any) -> int:
        """Store the model under a new version, which is not active, and return the version."""

    @abstractmethod
    def activate(self, version: int) -> None:
        """Make a version the active one; raises `LookupError` where there is no such version."""

    def delete(self, version: int) -> None:
        """Remove a version; raises `LookupError` where there is no such version."""
        # optional, as in Palladium: a store of an author's own that never deletes need not say so
        raise NotImplementedError(f"{type(self).__name__} deletes no versions")

    @abstractmethod
    def list_models(self) -> list[dict[str, Any]]:
        """Return the metadata of each version, which has a `version`, in ascending order."""

    @abstractmethod
    def list_properties(self) -> dict[str, str]:
        """Return facts of the whole, such as `active-model`."""

    def upgrade(self, from_version: str | None = None, to_version: str | None = None) -> None:  # noqa: B027  # optional
        """Bring what is stored up to date; by default there is nothing to do."""


class PredictService(ABC):
    """Answers a request by a model."""

    @abstractmethod
    def __call__(self, model: Any, request: Any) -> Any:
        """Return the response to a request."""


class PredictError(Exception):
    """A failure that a model's `predict` foresees; code and message reach the caller.

    Args:
        error_message: What the caller reads.
        error_code: What a program reads; any number but 0.

    Examples:
        >>> str(PredictError("no such shop", 404))
        'no such shop (404)'
    """

    def __init__(self, error_message: str, error_code: int = -1) -> None:
        super().__init__(error_message, error_code)
        self.error_message = error_message
        self.error_code = error_code

    def __str__(self) -> str:
        return f"{self.error_message} ({self.error_code})"


def annotate(obj: Any, metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the metadata that an object carries, after `metadata` was added to it.

    Examples:
        >>> class Fitted:
        ...     pass
        >>> fitted = Fitted()
        >>> annotate(fitted, {"version": 1}), annotate(fitted, {"score": 0.9})
        ({'version': 1}, {'version': 1, 'score': 0.9})
    """
    carried: dict[str, Any] = {**getattr(obj, "__metadata__", {}), **(metadata or {})}
    obj.__metadata__ = carried
    return carried


def __getattr__(name: str) -> Any:
    if name == "Model":  # it needs scikit-learn, which most processes do without
        from triglot.model import Model

        return Model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
