"""The WSGI entry: `app` is made, when it is first asked for, of the configuration that the environment names.

granian --interface wsgi triglot.server.wsgi:app        gunicorn triglot.server.wsgi:app
"""

import gc
import logging
import os
import sys
from pathlib import Path
from typing import Any

from flask import Flask

from triglot import assembly
from triglot.errors import ConfigError
from triglot.hooks import Hooks, load
from triglot.logs import level_of, set_level
from triglot.project import Project
from triglot.server.app import create_app
from triglot.server.context import Options
from triglot.server.predict import PredictService
from triglot.server.rules import declared

WANTED = ("timeout_s", "max_body_bytes", "max_bulk_bytes", "max_bulk_rows", "debug", "threads")


def build(project: Project) -> Flask:
    """Return the application of a project."""
    built = project.server_options()
    server = built["server"]
    wanted = {key: server[key] for key in WANTED if key in server}
    options = Options(**wanted, **_components(built), admin_token=project.admin_token)
    jobs = project.jobs if project.has_jobs else None
    return create_app(assembly.service(project, Hooks(load(project.hooks("server")))), options, jobs)


def _components(built: dict[str, Any]) -> dict[str, Any]:
    named = built.get("predict_service")
    if named is not None and not isinstance(named, PredictService):
        raise ConfigError(
            f"predict_service: {type(named).__module__}.{type(named).__qualname__} answers no route; derive it from "
            "triglot.server.predict.PredictService, or leave the entry out"
        )
    return {
        "services": tuple(value for value in built.values() if isinstance(value, PredictService)),
        "rules": tuple(declared(built.get("flask_add_url_rules", ()))),
        "decorators": {key: value for key, value in built.items() if key.endswith("_decorators")},
        "service_metadata": dict(built.get("service_metadata", {})),
        "required": tuple(built.get("alive", {}).get("process_store_required", ())),
    }


def _app() -> Flask:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s web: %(message)s")
    set_level(level_of(os.environ))
    project = Project([], os.environ, Path.cwd())
    project.configure_logging()
    return build(project)


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()[name] = _app()
    # What is there now stays: a collector that looked at all of it again and again would stop requests meanwhile.
    gc.collect()
    gc.freeze()
    return made
