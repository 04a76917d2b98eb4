"""What an operator runs, made of what a project's configuration says: a supervised service, or a deployment of it."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from triglot.bodies.limits import MAX_BODY_BYTES, MAX_BULK_BYTES
from triglot.config.brokers import missing_client
from triglot.deploy.description import Deployment, ServiceFacts, describe
from triglot.errors import ConfigError
from triglot.hooks import load
from triglot.languages.known import LANGUAGES, missing
from triglot.languages.launch import MEMORY_VARIABLE
from triglot.languages.pools import group_of, in_order, language_of
from triglot.logs import format_of
from triglot.project import Project
from triglot.serving.service import TIMEOUT_S
from triglot.store.jobs import RUNNER_VARIABLE
from triglot.supervision.supervisord import FrontEnd, Plan
from triglot.transport.discovery import run_directory


def plan(project: Project, *, host: str | None, port: int | None, workers: Mapping[str, int]) -> Plan:
    """Return what is to be supervised: `workers` overrides the configuration's, which overrides one a pool."""
    front_end = project.front_end
    wide = replace(front_end, host=host or front_end.host, port=port or front_end.port)
    _check_grpc(project, wide)
    counts = _counts(project.pools(), {**project.worker_counts(), **workers})
    for pool, count in counts.items():
        language = language_of(pool)
        reason = missing(language, project.environ) if count else None
        if reason is not None:
            raise ConfigError(
                f"{language} is off: {reason}. Install it (triglot doctor {language} says how), "
                f"or serve without: --workers {group_of(pool) or language}=0"
            )
    # what is wrong with one is told now, and not by processes that start again and again
    load([*project.hooks("workers"), *project.hooks("server")])
    _ = project.access, project.pipelines, project.schedules, project.quarantine(), project.drift()
    _check_brokers(project)
    _check_tracing(project)
    return Plan(
        run_dir=run_directory(project.run_dir),
        directory=project.directory,
        workers=counts,
        front_end=wide,
        key_file=project.key_file,
        jobs=project.has_jobs,
        messages=project.takes_messages,
        crash_loop=project.crash_loop(),
        log_format=format_of(project.environ),
        kept_bytes=project.log.kept_bytes,
        environment=project.own_environment() | ({RUNNER_VARIABLE: "1"} if project.has_jobs else {}),
    )


def _check_grpc(project: Project, front_end: FrontEnd) -> None:
    """Refuse gRPC where it would not start, or be a way round what guards HTTP."""
    if not front_end.grpc_port:
        return
    if find_spec("grpc") is None:
        raise ConfigError("server: grpc_port needs grpcio; run: pip install 'triglot[grpc]', or leave the entry out")
    if front_end.grpc_port == front_end.port:
        raise ConfigError(f"server: grpc_port: {front_end.port} is the port of HTTP; choose another one")
    if project.is_guarded and project.access is None:
        raise ConfigError(
            "server: grpc_port: predict_decorators wrap routes of HTTP and would not guard gRPC; use access, or leave "
            "the entry out"
        )


def _check_brokers(project: Project) -> None:
    """Refuse what is wrong with `messages`, and a client that is not installed; a broker may be away meanwhile."""
    for broker in project.brokers:
        if command := missing_client(broker):
            raise ConfigError(f"messages: {broker.name}: {broker.protocol} needs: {command}")


def _check_tracing(project: Project) -> None:
    """Refuse traces where what makes them is not installed."""
    if project.server().get("tracing") and not all(map(_is_there, ("opentelemetry.sdk", "opentelemetry.exporter"))):
        raise ConfigError("server: tracing needs OpenTelemetry; run: pip install 'triglot[tracing]', or leave it out")


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # its parent is not there
        return False


def _counts(pools: Collection[str], said: Mapping[str, int]) -> dict[str, int]:
    """Return how many workers each pool has; what is said of a group holds for each language of its models."""
    shared = {name: count for name, count in said.items() if name in LANGUAGES}
    found = {pool: said.get(group_of(pool) or pool, 1) for pool in pools} | shared
    return {pool: found[pool] for pool in in_order(found)}


def deployment(project: Project, said: Mapping[str, Any]) -> Deployment:
    """Return how the configuration's `deploy` describes the deployment; what is `said` replaces its entries."""
    entries, server = project.deploy, project.server()
    service = ServiceFacts(
        timeout_s=server.get("timeout_s", TIMEOUT_S),
        max_body_bytes=max(server.get("max_body_bytes", MAX_BODY_BYTES), server.get("max_bulk_bytes", MAX_BULK_BYTES)),
        workers=project.worker_counts(),
        groups=project.spelt_groups(),
        grpc_port=project.front_end.grpc_port,
        messages=project.takes_messages,
        worker_memory=project.worker_memory().get(MEMORY_VARIABLE, ""),
    )
    return describe({**entries, **said}, service, name=project.default_name)
