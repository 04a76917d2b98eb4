"""What an operator runs, made of what a project's configuration says: a supervised service, or a deployment of it."""

from collections.abc import Mapping
from typing import Any

from triglot.deploy.description import Deployment, ServiceFacts, describe
from triglot.errors import ConfigError
from triglot.hooks import load
from triglot.languages.known import missing
from triglot.languages.launch import MEMORY_VARIABLE
from triglot.project import Project
from triglot.serving.service import MAX_BODY_BYTES, MAX_BULK_BYTES, TIMEOUT_S
from triglot.supervision.supervisord import FrontEnd, Plan
from triglot.transport.discovery import run_directory


def plan(project: Project, *, host: str | None, port: int | None, workers: Mapping[str, int]) -> Plan:
    """Return what is to be supervised: `workers` overrides the configuration's, which overrides one a language."""
    front_end = project.front_end
    wide = FrontEnd(host or front_end.host, port or front_end.port, front_end.processes, front_end.threads)
    counts = {**{language: 1 for language in project.languages()}, **project.worker_counts(), **workers}
    for language, count in counts.items():
        reason = missing(language, project.environ) if count else None
        if reason is not None:
            raise ConfigError(
                f"{language} is off: {reason}. Install it (triglot doctor {language} says how), "
                f"or serve without: --workers {language}=0"
            )
    # what is wrong with one is told now, and not by processes that start again and again
    load([*project.hooks("workers"), *project.hooks("server")])
    return Plan(
        run_dir=run_directory(project.run_dir),
        directory=project.directory,
        workers=counts,
        front_end=wide,
        key_file=project.key_file,
        jobs=project.has_jobs,
        crash_loop=project.crash_loop(),
        environment=project.own_environment(),
    )


def deployment(project: Project, said: Mapping[str, Any]) -> Deployment:
    """Return how the configuration's `deploy` describes the deployment; what is `said` replaces its entries."""
    entries, server = project.deploy, project.server()
    service = ServiceFacts(
        timeout_s=server.get("timeout_s", TIMEOUT_S),
        max_body_bytes=max(server.get("max_body_bytes", MAX_BODY_BYTES), server.get("max_bulk_bytes", MAX_BULK_BYTES)),
        workers=project.worker_counts(),
        worker_memory=project.worker_memory().get(MEMORY_VARIABLE, ""),
    )
    return describe({**entries, **said}, service, name=project.default_name)
