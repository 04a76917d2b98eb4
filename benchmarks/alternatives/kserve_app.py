"""KServe's Python server: `python -m benchmarks.alternatives.kserve_app --http_port PORT --workers N`."""

import os
from pathlib import Path
from typing import Any

import joblib
import kserve

FOLDER = Path(os.environ["BENCH_MODELS"])


class Classifier(kserve.Model):
    """One of the models."""

    def load(self) -> bool:
        """Read the model of this name."""
        self.model = joblib.load(FOLDER / f"{self.name}.joblib")
        self.ready = True
        return self.ready

    def predict(self, payload: Any, headers: Any = None, response_headers: Any = None) -> dict[str, list[str]]:
        """Return the classes of the rows."""
        return {"predictions": self.model.predict(payload["instances"]).tolist()}


def main() -> None:
    """Serve both models, without gRPC and without a line a request."""
    models = [Classifier(name) for name in ("logistic", "forest")]
    for model in models:
        model.load()
    kserve.ModelServer(enable_grpc=False, enable_latency_logging=False).start(models)


if __name__ == "__main__":
    main()
