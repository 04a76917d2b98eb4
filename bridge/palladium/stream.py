"""`palladium.server.PredictStream`: the stream of this process's configuration."""

import weakref
from contextlib import ExitStack
from typing import Any

from triglot.config import get_config
from triglot.palladium.project import model_name, workshop
from triglot.persisters.decorated import read_model
from triglot.training import stream
from triglot.training.fit_worker import bench

__all__ = ["PredictStream"]


class PredictStream(stream.PredictStream):
    """Answers lines by the version that is active when it is made, through a worker that ends with it."""

    def __init__(self, predict_service_name: str = "predict_service") -> None:
        config = get_config()
        service = config[predict_service_name]
        name = model_name(config["model_persister"])
        stored = read_model(config["model_persister"], name)
        where = workshop()
        running = ExitStack()
        worker = running.enter_context(bench(stored.artefact.card().language, where.environ, where.key_file))
        self.close = weakref.finalize(self, running.close)
        super().__init__(stream.streamed(worker, name, stored.artefact), service)

    def __enter__(self) -> "PredictStream":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()
