"""LitServe: `python -m benchmarks.alternatives.litserve_app PORT BATCH`, where so many requests may share a call."""

import os
import sys
from pathlib import Path
from typing import Any

import joblib
import litserve
import numpy as np

FOLDER = Path(os.environ["BENCH_MODELS"])
PROCESSES = 2
BATCH_WAIT_S = 0.002


class Classifier(litserve.LitAPI):
    """One of the models; a batch is a list of tables."""

    def setup(self, device: str) -> None:
        """Read the model that the path is named after."""
        self.model = joblib.load(FOLDER / f"{self.api_path.strip('/')}.joblib")

    def decode_request(self, request: dict[str, Any]) -> Any:
        """Return the rows of a request."""
        return np.asarray(request["rows"])

    def batch(self, inputs: list[Any]) -> list[Any]:
        """Leave the tables of a batch apart: they have their own numbers of rows."""
        return inputs

    def predict(self, x: Any) -> Any:
        """Return the classes of a table, or of each table of a batch."""
        if not isinstance(x, list):
            return self.model.predict(x)
        found = self.model.predict(np.concatenate(x))
        return np.split(found, np.cumsum([len(rows) for rows in x])[:-1])

    def unbatch(self, output: list[Any]) -> list[Any]:
        """Return the answers of a batch."""
        return output

    def encode_response(self, output: Any) -> dict[str, list[str]]:
        """Return an answer."""
        return {"result": output.tolist()}


def main(port: int, batch: int) -> None:
    """Serve both models; requests that are to meet go to one process."""
    workers = 1 if batch else PROCESSES
    waits = {"max_batch_size": batch, "batch_timeout": BATCH_WAIT_S} if batch else {}
    models = [Classifier(api_path=f"/{name}", **waits) for name in ("logistic", "forest")]
    server = litserve.LitServer(models, accelerator="cpu", workers_per_device=workers)
    server.run(
        host="127.0.0.1",
        port=port,
        num_api_servers=PROCESSES,
        log_level="warning",
        generate_client_file=False,
        access_log=False,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
