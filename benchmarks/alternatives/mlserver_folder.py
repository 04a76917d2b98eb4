"""What MLServer is started with: it answers in its own process, faster than through its pool of workers."""

import json
from pathlib import Path

BATCH_WAIT_S = 0.002


def write(models: Path, folder: Path, batch: int) -> None:
    """Write the settings of the server and of both models; `batch` requests may share a call, 0 for none."""
    server = {
        "debug": False,
        "host": "127.0.0.1",
        "parallel_workers": 0,
        "metrics_endpoint": None,
        "gzip_enabled": False,
    }
    _write(folder / "settings.json", server)
    for name in ("logistic", "forest"):
        model: dict[str, object] = {
            "name": name,
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": str(models / f"{name}.joblib")},
        }
        if batch:
            model |= {"max_batch_size": batch, "max_batch_time": BATCH_WAIT_S}
        _write(folder / name / "model-settings.json", model)


def _write(path: Path, settings: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings, indent=1), "utf-8")
