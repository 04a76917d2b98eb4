"""Searches over parameters: what `grid_search` of a configuration says, as an object with `fit` and `cv_results_`."""

import logging
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import joblib

from triglot.bygone import arguments as bygone
from triglot.bygone.names import todays_scoring
from triglot.errors import ConfigError
from triglot.util import apply_kwargs

logger = logging.getLogger("triglot")


def search_of(grid_search: Any, model: Any, scoring: Any, X: Any, y: Any, *, persist: bool) -> Any:
    """Return the unfitted search: the object that the configuration gives, or a GridSearchCV of its arguments.

    `refit` is only done where the best model is to be stored, unless the arguments say otherwise. A function `cv`
    is called with those of `n`, `X` and `y` that it takes. Raises `ConfigError` where the result could not be stored
    although it is to be.
    """
    search = (
        _of_arguments(grid_search, model, scoring, X, y, persist) if isinstance(grid_search, Mapping) else grid_search
    )
    if not callable(getattr(search, "fit", None)):
        raise ConfigError(f"grid_search: {type(search).__name__} has no fit; give a dict or a search object")
    if persist:
        _refuse_without_refit(search)
    return search


def with_parallel_backend(
    estimator: Any, backend: str, methods: Sequence[str] = ("fit", "predict", "predict_proba"), **params: Any
) -> Any:
    """Return the estimator with these of its methods run inside `joblib.parallel_backend(backend, **params)`."""
    for name in methods:
        if hasattr(type(estimator), name):
            setattr(estimator, name, _Inside(estimator, name, backend, params))
    return estimator


@dataclass
class _Inside:
    """A method of an estimator inside a backend. It fits in a worker's process, and takes along where Dask is."""

    estimator: Any
    name: str
    backend: str
    params: Mapping[str, Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        method = getattr(type(self.estimator), self.name).__get__(self.estimator)
        with joblib.parallel_backend(self.backend, **self.params):
            return method(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        """Return what goes to another process: there is no client of Dask's there but one for this address."""
        client = _client_of_dask() if self.backend == "dask" else None
        if client is None or {"client", "scheduler_host"} & set(self.params):
            return vars(self)
        return {**vars(self), "params": {**self.params, "scheduler_host": client.scheduler.address}}


def _client_of_dask() -> Any:
    """Return the client of this process, which its configuration may have made; None where there is none."""
    distributed = sys.modules.get("distributed")
    try:
        return None if distributed is None else distributed.default_client()
    except ValueError:
        return None


def _of_arguments(grid_search: Mapping[str, Any], model: Any, scoring: Any, X: Any, y: Any, persist: bool) -> Any:
    from sklearn.model_selection import GridSearchCV

    arguments = {"refit": persist, **grid_search}
    if scoring is not None:
        if "scoring" in arguments:
            raise ConfigError("scoring stands in grid_search and at the top level; keep the one at the top level")
        arguments["scoring"] = scoring
    arguments["scoring"] = todays_scoring(arguments.get("scoring"), _tell)
    cv = arguments.get("cv")
    if callable(cv) and not hasattr(type(cv), "split"):  # of a class, and of what wraps one, `split` is no method yet
        folds = apply_kwargs(cv, n=len(X), X=X, y=y)
        arguments["cv"] = folds if hasattr(folds, "split") or isinstance(folds, int) else list(folds)
    if persist and _gives_several(arguments.get("scoring")) and arguments["refit"] is True:
        names = ", ".join(map(repr, arguments["scoring"]))
        raise ConfigError(f"grid_search: with several scores 'refit' must name the one that decides: {names}")
    try:
        return GridSearchCV(model, **bygone.todays(GridSearchCV, arguments, _tell))
    except ValueError as error:
        raise ConfigError(f"grid_search: {error}") from error
    except TypeError as error:
        raise ConfigError(f"grid_search: {error}; its entries are arguments of GridSearchCV") from error


def _tell(advice: str) -> None:
    logger.warning("grid_search: %s", advice)


def _refuse_without_refit(search: Any) -> None:
    if getattr(search, "refit", True) is False:
        raise ConfigError(
            "grid_search: with refit False the search ends without a fitted model, so there is no best one to store; "
            "leave refit out, or run without --persist-best"
        )


def _gives_several(scoring: Any) -> bool:
    return isinstance(scoring, Collection) and not isinstance(scoring, str)
