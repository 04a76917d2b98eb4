"""BentoML: a service that answers a request at a time, and one that batches."""

import os
from pathlib import Path

import bentoml
import joblib
import numpy as np

FOLDER = Path(os.environ["BENCH_MODELS"])
QUIET = {"metrics": {"enabled": False}, "logging": {"access": {"enabled": False}}}


@bentoml.service(workers=2, **QUIET)
class Single:
    """Each request is one call."""

    def __init__(self) -> None:
        self.models = {path.stem: joblib.load(path) for path in FOLDER.glob("*.joblib")}

    @bentoml.api
    def logistic(self, rows: np.ndarray) -> list[str]:
        """Return the classes of the rows."""
        return self.models["logistic"].predict(rows).tolist()

    @bentoml.api
    def forest(self, rows: np.ndarray) -> list[str]:
        """Return the classes of the rows."""
        return self.models["forest"].predict(rows).tolist()


@bentoml.service(workers=1, **QUIET)
class Batching:
    """Requests that come close together are one call; one process, so that they meet."""

    def __init__(self) -> None:
        self.models = {path.stem: joblib.load(path) for path in FOLDER.glob("*.joblib")}

    @bentoml.api(batchable=True, max_batch_size=64_000, max_latency_ms=1000)
    def logistic(self, rows: np.ndarray) -> list[str]:
        """Return the classes of the rows."""
        return self.models["logistic"].predict(rows).tolist()

    @bentoml.api(batchable=True, max_batch_size=64_000, max_latency_ms=1000)
    def forest(self, rows: np.ndarray) -> list[str]:
        """Return the classes of the rows."""
        return self.models["forest"].predict(rows).tolist()
