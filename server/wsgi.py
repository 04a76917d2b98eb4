"""The WSGI entry: `app` is made, when it is first asked for, of the configuration that the environment names.

granian --interface wsgi triglot.server.wsgi:app        gunicorn triglot.server.wsgi:app
"""

import gc
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from triglot import assembly
from triglot.errors import ConfigError
from triglot.hooks import Hook
from triglot.logs import start
from triglot.project import Project
from triglot.server.app import create_app
from triglot.server.application import Application
from triglot.server.arrivals import Patience
from triglot.server.context import Options
from triglot.server.predict import PredictService
from triglot.server.rules import declared
from triglot.store.jobs import RUNNER_VARIABLE

TRACES = "triglot.traces"  # where an application's own are found, if it has any
PATIENCE = {"body_quiet_s": "quiet_s", "body_timeout_s": "whole_s", "body_least_rate": "least_rate", "bodies": "most"}
WANTED = (
    "timeout_s",
    "max_body_bytes",
    "max_bulk_bytes",
    "max_bulk_rows",
    "mlflow_model",
    "debug",
    "examples",
    "page",
    "threads",
)


def build(project: Project, app: Application | None = None) -> Flask:
    """Return the application of a project; `app` is made to be that one."""
    built = project.server_options()
    server = built["server"]
    wanted = {key: server[key] for key in WANTED if key in server}
    patience = Patience(**{field: server[key] for key, field in PATIENCE.items() if key in server})
    options = Options(
        **wanted,
        **_components(built),
        admin_token=project.admin_token,
        access=project.access,
        patience=patience,
        models=project.names,
        pipelines=project.pipelines,
        runner=RUNNER_VARIABLE in project.environ,
    )
    jobs = project.jobs if project.has_jobs else None
    traces = _traces(project, options.service_metadata) if server.get("tracing") else None
    hooks = assembly.hooks(project, *filter(None, [traces]))
    made = create_app(assembly.service(project, hooks), options, jobs, app)
    if traces is not None:
        made.extensions[TRACES] = traces
    return made


def _traces(project: Project, service_metadata: Mapping[str, Any]) -> Hook:
    from triglot import tracing  # with a library that only those have who want it

    return tracing.traces(project.environ, str(service_metadata.get("service_name") or tracing.NAME))


def _components(built: dict[str, Any]) -> dict[str, Any]:
    named = built.get("predict_service")
    if named is not None and not isinstance(named, PredictService):
        raise ConfigError(
            f"predict_service: {type(named).__module__}.{type(named).__qualname__} answers no route; derive it from "
            "triglot.server.predict.PredictService, or leave the entry out"
        )
    return {
        "services": tuple(value for value in built.values() if isinstance(value, PredictService)),
        "rules": tuple(declared(built)),
        "decorators": {key: value for key, value in built.items() if key.endswith("_decorators")},
        "service_metadata": dict(built.get("service_metadata", {})),
        "required": tuple(built.get("alive", {}).get("process_store_required", ())),
    }


def plain_options(project: Project) -> Options:
    """Return the options that are no components: for whoever answers by other means than Flask."""
    server = project.server()
    wanted = {key: server[key] for key in WANTED if key in server}
    return Options(**wanted, admin_token=project.admin_token, access=project.access)


def project_of_environment(program: str = "web") -> Project:
    """Return the project of a front end's process, which logs as that says."""
    start(program, os.environ)
    project = Project([], os.environ, Path.cwd())
    project.configure_logging()
    return project


def early() -> Flask:
    """Return the application of this process, be it made or not, to whom it may be imported while it is made."""
    with _making:
        return globals().get("app") or _unmade[0]


def forget() -> None:
    """Have the application made anew when it is asked for next: another test has another configuration."""
    with _making:
        app = globals().pop("app", None)
        _unmade[0] = Application(_made)
    if app is not None:
        app.extensions["triglot"].service.close()


def _made() -> Flask:
    """Return the application, made of the configuration; what asks for it meanwhile gets it as it is by then."""
    with _making:
        app = _unmade[0]
        if "app" in globals() or app.is_being_made:
            return early()
        app.is_being_made = True
        try:
            build(project_of_environment(), app)
        finally:
            _unmade[0] = Application(_made)
        globals()["app"] = app
    # What is there now stays: a collector that looked at all of it again and again would stop requests meanwhile.
    gc.collect()
    gc.freeze()
    return app


_making = threading.RLock()
_unmade = [Application(_made)]


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _made()
