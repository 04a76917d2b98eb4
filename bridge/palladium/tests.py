"""`palladium.tests`: run what a configuration describes once, and see whether it works."""

import json
import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from triglot.config import get_config, initialize_config, use_config
from triglot.palladium import eval as evaluation
from triglot.palladium import fit as fitting
from triglot.palladium.project import model_name
from triglot.palladium.stream import PredictStream
from triglot.util import timer

logger = logging.getLogger("palladium")

__all__ = ["change_cwd", "predict", "run_smoke_tests_with_config"]

PATH = "/predict?sepal length=1.0&sepal width=1.1&petal length=0.777&petal width=5"


@contextmanager
def change_cwd(path: str) -> Iterator[None]:
    """Work in another folder within the block."""
    before = Path.cwd()
    os.chdir(path or ".")
    try:
        yield
    finally:
        os.chdir(before)


def predict(path: str = PATH, predict_service_name: str = "predict_service") -> Any:
    """Return the answer of a predict service to the query string of a path, by the active version."""
    row = dict(parse_qsl(urlsplit(path).query, keep_blank_values=True))
    with PredictStream(predict_service_name) as stream:
        [answer] = stream.process_line(json.dumps([row]))
    return answer


def activate(model_version: int | None = None) -> None:
    """Activate a version, the newest by default."""
    persister = get_config()["model_persister"]
    newest = max((info.version for info in persister.list(model_name(persister))), default=0)
    fitting.activate(model_version=model_version or newest)


def run_smoke_tests_with_config(
    config_fname: str,
    run: Collection[str] | None = None,
    raise_errors: bool = True,
    func_kwargs: Mapping[str, Mapping[str, Any]] | None = None,
    cwd: bool = True,
) -> list[str]:
    """Fit, activate, search, test and predict with a configuration; return the names of those that failed.

    run: the names of those to run, all by default. func_kwargs: arguments by name. cwd: whether to work in the
    folder of the configuration. Raises the first error, unless `raise_errors` is off. The configuration of this
    process and its environment are afterwards as they were without one.
    """
    every: dict[str, Callable[..., Any]] = {
        "fit": fitting.fit,
        "activate": activate,
        "grid_search": fitting.grid_search,
        "test": evaluation.test,
        "predict": predict,
    }
    failed = []
    before = os.environ.get("PALLADIUM_CONFIG")
    os.environ["PALLADIUM_CONFIG"] = str(Path(config_fname).absolute())
    use_config(None)
    try:
        with change_cwd(os.path.dirname(config_fname) if cwd else ""):
            initialize_config(__mode__="fit")
            for name in (name for name in every if not run or name in run):
                try:
                    with timer(logger.info, f"Running {name}"):
                        every[name](**(func_kwargs or {}).get(name, {}))
                except Exception:
                    if raise_errors:
                        raise
                    logger.exception("%s failed", name)
                    failed.append(name)
    finally:
        use_config(None)
        if before is None:
            del os.environ["PALLADIUM_CONFIG"]
        else:
            os.environ["PALLADIUM_CONFIG"] = before
    return failed
