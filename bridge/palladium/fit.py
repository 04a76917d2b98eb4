"""`palladium.fit`: what the commands do, as functions; what they are not given comes from the configuration.

A model is fitted by a worker of its own, so that what is returned is not the estimator but answers like one.
"""

import logging
from typing import Any

from triglot.config import args_from_config
from triglot.errors import ConfigError
from triglot.palladium.commands import command
from triglot.palladium.project import model_name, terms, workshop
from triglot.training import train
from triglot.training.entry import Entry
from triglot.training.evaluation import FittedModel
from triglot.training.search import with_parallel_backend

logger = logging.getLogger("palladium")

__all__ = [
    "activate",
    "admin_cmd",
    "delete",
    "fit",
    "fit_cmd",
    "grid_search",
    "grid_search_cmd",
    "with_parallel_backend",
]

admin_cmd, fit_cmd, grid_search_cmd = command("admin"), command("fit"), command("grid-search")


@args_from_config
def fit(
    dataset_loader_train: Any,
    model: Any,
    model_persister: Any,
    persist: bool = True,
    activate: bool = True,
    dataset_loader_test: Any = None,
    evaluate: bool = False,
    persist_if_better_than: float | None = None,
    scoring: Any = None,
) -> FittedModel:
    """Fit the model, and store and activate it unless that is not wanted; see `triglot.training.train.fit_model`."""
    entry = Entry(model_name(), model, dataset_loader_train, dataset_loader_test, terms(model))
    options = train.FitOptions(persist, activate, evaluate, persist_if_better_than, scoring)
    return train.fit_model(entry, workshop(), model_persister, options)


@args_from_config
def grid_search(
    dataset_loader_train: Any,
    model: Any,
    grid_search: Any,
    scoring: Any = None,
    save_results: str | None = None,
    persist_best: bool = False,
    model_persister: Any = None,
) -> FittedModel:
    """Search, print what was found, the best first, and return the search; see `triglot.training.train.grid_search`."""
    if persist_best and model_persister is None:
        raise ConfigError("the best model cannot be stored without a model_persister; add one to the configuration")
    entry = Entry(model_name(), model, dataset_loader_train, terms=terms(model))
    store = model_persister if persist_best else None
    found, candidates = train.grid_search(entry, workshop(), store, grid_search, scoring, tell=print)
    print(candidates.results.to_string())
    if save_results:
        candidates.results.to_csv(save_results, index=False)
    return found


@args_from_config
def activate(model_persister: Any, model_version: int) -> None:
    """Make a version the active one; raises `LookupError` where there is no such version."""
    model_persister.activate(model_name(model_persister), int(model_version))
    logger.info("Activated model with version %d.", model_version)


@args_from_config
def delete(model_persister: Any, model_version: int) -> None:
    """Remove a version; raises `LookupError` where there is no such version."""
    model_persister.delete(model_name(model_persister), int(model_version))
    logger.info("Deleted model with version %d.", model_version)
