"""What answers, made of what a project's configuration says."""

from triglot.access_log import AccessLog
from triglot.dispatch.blocking import Client
from triglot.hooks import Hook, Hooks, load
from triglot.palladium.left_behind import tell_of_what_waits
from triglot.project import Project
from triglot.serving.service import ABSENCE_S, Service
from triglot.store.jobs import UPDATE
from triglot.transport.discovery import run_directory


def hooks(project: Project, *more: Hook) -> Hooks:
    """Return what is told of a front end's requests: what the configuration names, its access log, what is given."""
    share = project.log.access
    return Hooks([*load(project.hooks("server")), *([AccessLog(share)] if share else []), *more])


def service(project: Project, hooks: Hooks | None = None) -> Service:
    """Return the service of a project's store and of the workers in its run directory and on other hosts."""
    tell_of_what_waits(project.store)
    patience_s = project.server().get("patience_s", ABSENCE_S)
    client = Client(run_directory(project.run_dir), project.remote_workers, project.curve_keys, patience_s)
    asked = (lambda: project.jobs.newest(UPDATE)) if project.has_jobs else None
    return Service(
        project.store,
        client,
        patience_s,
        asked,
        hooks,
        project.worker_groups,
        project.otherwise,
        project.quarantine(),
        project.drift(),
    )
