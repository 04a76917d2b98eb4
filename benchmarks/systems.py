"""The systems that are measured: what each is started with, what it is asked and how it answers."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks import ours
from benchmarks.alternatives import environments, mlserver_folder
from benchmarks.data import Row, columns, query

OWN = "own"  # the project's own environment, which has scikit-learn, Flask and the servers
HERE = Path(__file__).parent
CONFIG = HERE / "suite-config.py"
LOGISTIC = ("logistic",)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one system is started: its ports, the models of its environment and a folder of its own."""

    port: int
    models: Path
    folder: Path
    grpc_port: int = 0


@dataclass(frozen=True, slots=True)
class Speech:
    """How a system is asked for rows, by path and body, and where its answer has the labels."""

    ask: Callable[[str, list[Row]], tuple[str, Any]]
    labels: Callable[[Any], list[Any]]

    def request(self, model: str, rows: list[Row]) -> tuple[str, bytes | None]:
        """Return path and body of a request; without a body it is a GET."""
        path, body = self.ask(model, rows)
        return path, None if body is None else orjson.dumps(body)


@dataclass(frozen=True, slots=True)
class System:
    """One system in one setting; `ways` are those of the Open Inference Protocol that it is asked by as well."""

    name: str
    title: str
    command: Callable[[Place], list[str]]
    speech: Speech
    environment: str = OWN
    models: tuple[str, ...] = ("logistic", "forest")
    environ: Callable[[Place], Mapping[str, str]] = lambda place: {}
    headers: tuple[tuple[str, str], ...] = ()
    default: bool = True
    ways: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether it is this project's own service."""
        return self.speech is TRIGLOT

    @property
    def python(self) -> Path:
        """Return the interpreter of its environment."""
        return Path(sys.executable) if self.environment == OWN else environments.python(self.environment)

    def environment_variables(self, place: Place) -> dict[str, str]:
        """Return the environment of its processes: one thread for linear algebra, its own programs first."""
        return {
            **os.environ,
            "OPENBLAS_NUM_THREADS": "1",
            "BENCH_MODELS": str(place.models),
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
            **self.environ(place),
        }


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _ask_triglot(model: str, rows: list[Row]) -> tuple[str, Any]:
    path = f"/models/{model}/predict"
    return (f"{path}?{query(rows[0])}", None) if len(rows) == 1 else (path, columns(rows))


def _ask_plain(model: str, rows: list[Row]) -> tuple[str, Any]:
    path = f"/{model}/predict"
    return (f"{path}?{query(rows[0])}", None) if len(rows) == 1 else (path, rows)


def _ask_plumber(_model: str, rows: list[Row]) -> tuple[str, Any]:
    return (f"/predict?{query(rows[0])}", None) if len(rows) == 1 else ("/predict", rows)


def _ask_v2(model: str, rows: list[Row]) -> tuple[str, Any]:
    flat = [value for row in rows for value in row]
    tensor = {"name": "x", "shape": [len(rows), len(rows[0])], "datatype": "FP64", "data": flat}
    return f"/v2/models/{model}/infer", {"inputs": [tensor], "outputs": [{"name": "predict"}]}


TRIGLOT = Speech(_ask_triglot, lambda answer: _as_list(answer["result"]))
PLAIN = Speech(_ask_plain, lambda answer: _as_list(answer["result"]))
PLUMBER = Speech(_ask_plumber, lambda answer: _as_list(answer["result"]))
V2 = Speech(_ask_v2, lambda answer: answer["outputs"][0]["data"])
BENTOML = Speech(lambda model, rows: (f"/{model}", {"rows": rows}), _as_list)
MLFLOW = Speech(lambda _model, rows: ("/invocations", {"inputs": rows}), lambda answer: answer["predictions"])
KSERVE = Speech(
    lambda model, rows: (f"/v1/models/{model}:predict", {"instances": rows}), lambda answer: answer["predictions"]
)
LITSERVE = Speech(lambda model, rows: (f"/{model}", {"rows": rows}), lambda answer: answer["result"])
VETIVER = Speech(lambda _model, rows: ("/predict", rows), lambda answer: answer["predict"])


def gunicorn(processes: int, threads: int) -> Callable[[Place], list[str]]:
    """Return how the plain application is served by gunicorn; one thread is its `sync` worker."""
    kind = ["--worker-class", "gthread", "--threads", str(threads)] if threads > 1 else ["--worker-class", "sync"]
    return lambda place: [
        *(sys.executable, "-m", "gunicorn", "--workers", str(processes), *kind, "--bind", f"127.0.0.1:{place.port}"),
        *("--log-level", "warning", "--no-control-socket", "benchmarks.plain:app"),
    ]


def granian(processes: int) -> Callable[[Place], list[str]]:
    """Return how the plain application is served by granian."""
    return lambda place: [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", str(processes), "--no-ws"),
        *("--blocking-threads", "16", "--port", str(place.port), "--log-level", "error", "benchmarks.plain:app"),
    ]


def uvicorn(environment: str, application: str, processes: int) -> Callable[[Place], list[str]]:
    """Return how an application of an environment is served by its uvicorn."""
    return lambda place: [
        *(str(environments.python(environment)), "-m", "uvicorn", "--workers", str(processes)),
        *("--port", str(place.port), "--no-access-log", "--log-level", "warning", application),
    ]


def mlserver(batch: int) -> Callable[[Place], list[str]]:
    """Return how MLServer is started with settings that are written on the way; `batch` requests may share a call."""

    def command(place: Place) -> list[str]:
        mlserver_folder.write(place.models, place.folder / "mlserver", batch)
        program = str(environments.python("mlserver").with_name("mlserver"))
        return [program, "start", str(place.folder / "mlserver")]

    return command


def bentoml(service: str) -> Callable[[Place], list[str]]:
    """Return what serves one of the services of `bentoml_service`."""
    program = str(environments.python("bentoml").with_name("bentoml"))
    name = f"benchmarks.alternatives.bentoml_service:{service}"
    return lambda place: [program, "serve", name, "--host", "127.0.0.1", "--port", str(place.port)]


def kserve(place: Place) -> list[str]:
    """Return what serves both models with KServe's own server, with two processes."""
    return [
        *(str(environments.python("kserve")), "-m", "benchmarks.alternatives.kserve_app"),
        *("--http_port", str(place.port), "--workers", "2"),
        *("--log_config_file", str(HERE / "alternatives" / "kserve_logging.json")),
    ]


def litserve(batch: int) -> Callable[[Place], list[str]]:
    """Return what serves both models with LitServe; `batch` requests may share a call, 0 for none."""
    program = [str(environments.python("litserve")), "-m", "benchmarks.alternatives.litserve_app"]
    return lambda place: [*program, str(place.port), str(batch)]


def mlflow(place: Place) -> list[str]:
    """Return what serves the model that was saved for MLflow, with two processes."""
    program = str(environments.python("mlflow").with_name("mlflow"))
    model = str(place.models / "mlflow")
    return [
        *(program, "models", "serve", "--model-uri", model, "--env-manager", "local", "--workers", "2"),
        *("--host", "127.0.0.1", "--port", str(place.port)),
    ]


def plumber(place: Place) -> list[str]:
    """Return what serves the R forest."""
    folder = HERE / "alternatives"
    return ["Rscript", str(folder / "plumber_serve.R"), str(folder / "plumber.R"), str(place.port)]


def _mlserver_environ(place: Place) -> Mapping[str, str]:
    return {"MLSERVER_HTTP_PORT": str(place.port), "MLSERVER_GRPC_PORT": str(place.grpc_port)}


def _bentoml_environ(place: Place) -> Mapping[str, str]:
    return {"BENTOML_HOME": str(place.folder / "bentoml"), "BENTOML_DO_NOT_TRACK": "True"}


_FASTAPI = "benchmarks.alternatives.fastapi_app"
OURS, OURS_GRPC = "triglot", "triglot-grpc"

SYSTEMS = (
    System("flask-gunicorn-1", "plain Flask, gunicorn sync, 1 process", gunicorn(1, 1), PLAIN, models=("forest",)),
    System("flask-gunicorn-2", "plain Flask, gunicorn gthread, 2 processes", gunicorn(2, 16), PLAIN, default=False),
    System("flask-granian-1", "plain Flask, granian, 1 process", granian(1), PLAIN, models=LOGISTIC, default=False),
    System("flask-granian-2", "plain Flask, granian, 2 processes", granian(2), PLAIN),
    System(
        "fastapi-async-1",
        "plain FastAPI, uvicorn, async def, 1 process",
        uvicorn("fastapi", f"{_FASTAPI}:app", 1),
        PLAIN,
        environment="fastapi",
        default=False,
    ),
    System(
        "fastapi-async-2",
        "plain FastAPI, uvicorn, async def, 2 processes",
        uvicorn("fastapi", f"{_FASTAPI}:app", 2),
        PLAIN,
        environment="fastapi",
    ),
    System(
        "fastapi-def-2",
        "plain FastAPI, uvicorn, def, 2 processes",
        uvicorn("fastapi", f"{_FASTAPI}:threaded", 2),
        PLAIN,
        environment="fastapi",
        default=False,
    ),
    System(
        "mlserver",
        "MLServer, in process",
        mlserver(0),
        V2,
        environment="mlserver",
        environ=_mlserver_environ,
        ways=("grpc",),
    ),
    System(
        "mlserver-batching",
        "MLServer, in process, batching",
        mlserver(64),
        V2,
        environment="mlserver",
        environ=_mlserver_environ,
        ways=("grpc",),
    ),
    System(
        "bentoml",
        "BentoML, 2 processes",
        bentoml("Single"),
        BENTOML,
        environment="bentoml",
        environ=_bentoml_environ,
        default=False,
    ),
    System(
        "bentoml-batching",
        "BentoML, batching",
        bentoml("Batching"),
        BENTOML,
        environment="bentoml",
        environ=_bentoml_environ,
    ),
    System("kserve", "KServe, 2 processes", kserve, KSERVE, environment="kserve"),
    System("litserve", "LitServe, 2 processes", litserve(0), LITSERVE, environment="litserve", default=False),
    System(
        "litserve-batching",
        "LitServe, batching",
        litserve(64),
        LITSERVE,
        environment="litserve",
    ),
    System("mlflow", "MLflow, 2 processes", mlflow, MLFLOW, environment="mlflow", models=LOGISTIC),
    System(
        "vetiver",
        "vetiver (Python), uvicorn, 2 processes",
        uvicorn("vetiver", "benchmarks.alternatives.vetiver_app:app", 2),
        VETIVER,
        environment="vetiver",
        models=LOGISTIC,
    ),
    System("plumber", "plumber (R)", plumber, PLUMBER, environment="plumber", models=("r-forest",)),
    System(
        "plumber-close",
        "plumber (R), a connection a request",
        plumber,
        PLUMBER,
        environment="plumber",
        models=("r-forest",),
        headers=(("Connection", "close"),),
        default=False,
    ),
    System(
        OURS,
        "triglot, three languages",
        lambda place: ours.command(place.port),
        TRIGLOT,
        models=("logistic", "forest", "r-forest", "julia"),
        environ=lambda place: ours.environment(place.folder, CONFIG),
        ways=("v2", "v2-binary"),
    ),
    System(
        OURS_GRPC,
        "triglot, three languages and gRPC",
        lambda place: ours.command(place.port),
        TRIGLOT,
        models=(),
        environ=lambda place: {
            **ours.environment(place.folder, CONFIG),
            "TRIGLOT_BENCH_GRPC_PORT": str(place.grpc_port),
        },
        ways=("grpc",),
    ),
)
