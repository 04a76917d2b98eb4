"""Which engine is meant by its name; one that is not asked for is not imported."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from triglot.engines.engine import Engine
from triglot.errors import BadRequest

ENGINES: Final = ("local", "dask", "spark")  # each a module here, whose `of` makes one


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: how many workers a process has, and the address of a cluster; None is the engine's own."""

    workers: int
    environ: Mapping[str, str]
    master: str | None = None
    scheduler: str | None = None


def engine_of(name: str, wanted: Wanted) -> Engine:
    """Return an engine; raises `BadRequest` where an address is another engine's, or its library is not there."""
    for option, said, owner in (("--master", wanted.master, "spark"), ("--scheduler", wanted.scheduler, "dask")):
        if said is not None and name != owner:
            raise BadRequest(f"{option} is of --engine {owner}, not of {name}; leave it out, or say --engine {owner}")
    try:
        engine: Engine = importlib.import_module(f"triglot.engines.{name}").of(wanted)
    except ModuleNotFoundError as error:
        raise BadRequest(
            f"--engine {name} needs {error.name}, which is not installed; run: pip install 'triglot[{name}]'"
        ) from None
    return engine
