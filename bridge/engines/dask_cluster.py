"""A Dask cluster: one that runs somewhere, reached at its scheduler, or one on this machine for as long as needed.

Dask is an extra, and is imported where it is needed.
"""

import asyncio
import importlib
import logging
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

from triglot import __version__
from triglot.engines.engine import first_line
from triglot.errors import ConfigError, LanguageUnavailable
from triglot.languages.known import missing

REACH_S: Final = 5.0
WORKERS_S: Final = 15.0


def needed(module: str) -> Any:
    """Return a module of Dask's; raises `ConfigError` with the extra that brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(f"Dask is not installed here ({error}); run: pip install 'triglot[dask]'") from None


@contextmanager
def cluster(scheduler: str | None, *, workers: int | None = None, python_path: Sequence[str] = ()) -> Iterator[Any]:
    """Hold a client of the cluster at `scheduler`, or of a new one of processes here, which ends with it.

    workers: how many processes a new one has, by default one a core. python_path: folders of the author's own modules,
    for these processes.

    Raises `ConfigError` where no scheduler answers at that address, or none of its workers is there, within seconds.
    """
    if scheduler is None:
        with _own(workers or os.cpu_count() or 1, python_path) as client:
            yield client
        return
    client = reached(scheduler)
    try:
        _wait_for_a_worker(client, scheduler)
        yield client
    finally:
        client.close()


def reached(scheduler: str) -> Any:
    """Return a new client of the scheduler at this address; raises `ConfigError` where none answers."""
    distributed, core = needed("distributed"), needed("distributed.core")
    try:
        with ThreadPoolExecutor(1) as thread:  # a notebook's own has an event loop that runs
            thread.submit(asyncio.run, _answers(core, distributed.Security(), scheduler)).result()
        return distributed.Client(scheduler, timeout=REACH_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # among them what times out, and what is no address
        raise ConfigError(
            f"no Dask scheduler answers at {scheduler!r} within {REACH_S:g} s ({first_line(error)}): start one by "
            "`dask scheduler`, or leave the address out for a cluster on this machine"
        ) from None


async def _answers(core: Any, security: Any, scheduler: str) -> None:
    """Return if something of Dask's is there; a client that fails leaves what may hold up the process's next one."""
    arguments = security.get_connection_args("client")
    comm = await asyncio.wait_for(core.connect(scheduler, timeout=REACH_S, **arguments), 2 * REACH_S)
    comm.abort()


@contextmanager
def _own(workers: int, python_path: Sequence[str]) -> Iterator[Any]:
    distributed = needed("distributed")
    with (
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,  # a Triglot worker answers one call at a time
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # not 8787, which another Dask of this machine may have
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.ERROR,
        ) as local,
        distributed.Client(local, set_as_default=False) as client,
    ):
        client.register_plugin(_plugin(tuple(python_path)))
        yield client


def _plugin(python_path: tuple[str, ...]) -> Any:
    """Return what prepares each process of a cluster of our own, also one that is started again."""

    class Prepared(needed("distributed").WorkerPlugin):  # type: ignore[misc]  # which is there only now
        name = "triglot-prepared"

        def setup(self, worker: Any) -> None:
            sys.stdout = sys.stderr  # the driver's output is for results, and what authors print is none
            sys.path[:0] = [folder for folder in python_path if folder not in sys.path]

    return Prepared()


def _wait_for_a_worker(client: Any, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError:
        raise ConfigError(
            f"the Dask scheduler at {scheduler!r} has no workers: start some by `dask worker {scheduler}`"
        ) from None


def require(client: Any, languages: Collection[str]) -> None:
    """Return if each worker of the cluster has Triglot, of this version, and these languages.

    Raises `ConfigError` or `LanguageUnavailable` with the worker's address, what it lacks and what mends it.
    """
    try:
        found: Mapping[str, tuple[str, Mapping[str, str | None]]] = client.run(_state, sorted(languages))
    except ImportError as error:
        raise ConfigError(
            f"a Dask worker has no Triglot of this version ({error}): install triglot=={__version__} where it runs"
        ) from None
    for address, (version, reasons) in sorted(found.items()):
        if version != __version__:
            raise ConfigError(
                f"the Dask worker at {address} has Triglot {version}, and here is {__version__}: install the same"
            )
        for language, reason in reasons.items():
            if reason is not None:
                raise LanguageUnavailable(
                    f"the Dask worker at {address} cannot run {language}: {reason}. Install it there, where `triglot "
                    f"doctor {language}` says how, or take workers that have it"
                )


def _state(languages: Sequence[str]) -> tuple[str, dict[str, str | None]]:
    """Return, on a worker, the version there, and why it lacks a language, if it does."""
    return __version__, {language: missing(language, os.environ) for language in languages}


def kept(client: Any, value: Any) -> Any:
    """Return a future of a value that crosses once to each process that needs it.

    It is the result of a task, so that it is made again where the processes that had it have ended. What Dask scatters
    is on these alone, and lost with them.
    """
    with needed("dask").config.set({"distributed.admin.large-graph-warning-threshold": "1TiB"}):  # as values may be
        return client.submit(_itself, value, key=f"triglot-{uuid4().hex}", pure=False)


def _itself(value: Any) -> Any:
    return value
