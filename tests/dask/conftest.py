"""One cluster of Dask for all that is tested on it: a scheduler, and two processes that nannies start again."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dask.marks import Marks
from tests.helpers import require
from triglot.engines.dask_cluster import cluster

# Where another Dask of this machine may listen: a cluster of ours says no word of it.
DASHBOARD = 8787


@pytest.fixture(scope="session")
def dask() -> Iterator[Any]:
    """Hold a client of the cluster."""
    require("dask")
    require("r")
    with socket.socket() as another:
        with contextlib.suppress(OSError):  # where it is taken already
            another.bind(("127.0.0.1", DASHBOARD))
            another.listen()
        with cluster(None, workers=2) as client:
            yield client


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    """Return where calls of `curve.R` leave their marks."""
    return Marks(tmp_path)
