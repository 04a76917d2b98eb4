"""Searches of scikit-learn's on a Dask cluster, by joblib's backend for it: data cross once, and outlive a worker."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import joblib

from triglot.engines.dask_cluster import cluster, kept, needed, reached, require
from triglot.training.pipelines import languages_within


@contextmanager
def spread(scheduler: str | None, *, python_path: Sequence[str] = ()) -> Iterator[Callable[[Any], "OnDask"]]:
    """Give what makes of a search one on the cluster at `scheduler`, or on one of this machine's own.

    It raises `ConfigError` or `LanguageUnavailable` where a process of the cluster lacks what the search needs.
    """
    with cluster(scheduler, python_path=python_path) as client:

        def on_dask(search: Any) -> OnDask:
            require(client, languages_within(search))
            return OnDask(search, scheduler or client.scheduler.address)

        yield on_dask


@contextmanager
def parallel(client: Any) -> Iterator[None]:
    """Run what uses joblib within on the cluster of a client."""
    needed("distributed")
    with joblib.parallel_config(backend="dask", client=_Steady(client)):
        yield


class _Steady:
    """A client that scatters data so that they outlive the processes which have them."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def scatter(self, data: Any, **_: Any) -> Any:
        """Return a future of the data, which the scheduler keeps."""
        return kept(self._client, data)


@dataclass
class OnDask:
    """A search that a worker of this machine begins and a cluster carries out; its fit returns the search alone.

    What asks of the estimator before the fit is answered by the search.
    """

    search: Any
    scheduler: str

    def fit(self, X: Any, y: Any) -> Any:
        """Return the search, fitted by the cluster."""
        client = reached(self.scheduler)
        try:
            with parallel(client):
                return self.search.fit(X, y)
        finally:
            client.close()

    @property
    def estimator(self) -> Any:
        """What the search tries parameters of."""
        return getattr(self.search, "estimator", self.search)

    def __sklearn_tags__(self) -> Any:
        return self.search.__sklearn_tags__()
