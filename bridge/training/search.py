"""Searches over parameters: what `grid_search` of a configuration says, as an object with `fit` and `cv_results_`."""

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import joblib

from triglot.errors import ConfigError
from triglot.util import apply_kwargs


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
            setattr(estimator, name, functools.partial(_inside, estimator, name, backend, params))
    return estimator


def _inside(estimator: Any, name: str, backend: str, params: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
    method = getattr(type(estimator), name).__get__(estimator)
    with joblib.parallel_backend(backend, **params):
        return method(*args, **kwargs)


def _of_arguments(grid_search: Mapping[str, Any], model: Any, scoring: Any, X: Any, y: Any, persist: bool) -> Any:
    from sklearn.model_selection import GridSearchCV

    arguments = {"refit": persist, **grid_search}
    if scoring is not None:
        if "scoring" in arguments:
            raise ConfigError("scoring stands in grid_search and at the top level; keep the one at the top level")
        arguments["scoring"] = scoring
    cv = arguments.get("cv")
    if callable(cv) and not hasattr(cv, "split"):
        folds = apply_kwargs(cv, n=len(X), X=X, y=y)
        arguments["cv"] = folds if hasattr(folds, "split") or isinstance(folds, int) else list(folds)
    if persist and _gives_several(arguments.get("scoring")) and arguments["refit"] is True:
        names = ", ".join(map(repr, arguments["scoring"]))
        raise ConfigError(f"grid_search: with several scores 'refit' must name the one that decides: {names}")
    try:
        return GridSearchCV(model, **arguments)
    except TypeError as error:
        raise ConfigError(f"grid_search: {error}; its entries are arguments of GridSearchCV") from error


def _refuse_without_refit(search: Any) -> None:
    if getattr(search, "refit", True) is False:
        raise ConfigError(
            "grid_search: with refit False the search ends without a fitted model, so there is no best one to store; "
            "leave refit out, or run without --persist-best"
        )


def _gives_several(scoring: Any) -> bool:
    return isinstance(scoring, Collection) and not isinstance(scoring, str)
