"""`serve`, `supervisor-config`, `worker`: processes that stay; `scale` and `restart`: those that serve already."""

import logging
import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from triglot import operation
from triglot.config.worker_groups import check_counts
from triglot.errors import ConfigError
from triglot.languages.known import LANGUAGES
from triglot.languages.launch import worker_command, worker_environment
from triglot.languages.pools import check_group, is_group, pool_of
from triglot.logs import level_of
from triglot.project import Project
from triglot.store.scopes import summaries
from triglot.supervision import greeting
from triglot.supervision.operator import Handle
from triglot.supervision.status import note_address
from triglot.supervision.supervisord import FrontEnd, Plan, supervisord_conf, why_not_bound
from triglot.transport.discovery import check_name, local_endpoint, run_directory


@click.command()
@click.option("--host", help="Address to listen on; default: the configuration's, else 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port to listen on; default: the configuration's, else 8000."
)
@click.option("--workers", "counts", multiple=True, metavar="NAME=N", help="Workers of a language or group: r=2.")
@click.pass_obj
def serve(project: Project, host: str | None, port: int | None, counts: tuple[str, ...]) -> None:
    """Serve in the foreground: the front end and the workers, under supervisord, until Ctrl-C.

    `supervisorctl -c RUN_DIR/supervisord.conf status` works beside it. Once all models can be asked, a line for each
    says how.

    Example: triglot serve --port 8080 --workers r=2
    """
    plan = _plan(project, host, port, counts)
    _check_alone(plan.run_dir)
    _check_free(plan.front_end)
    conf = _write(plan, project)
    command = [sys.executable, "-m", "triglot.supervision.extension", str(conf)]
    os.execve(sys.executable, command, {**project.environ, "PYTHONUNBUFFERED": "1"})


@click.command(name="supervisor-config")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", "counts", multiple=True, metavar="NAME=N", help="Workers of a language or group: r=2.")
@click.pass_obj
def supervisor_config(project: Project, host: str | None, port: int | None, counts: tuple[str, ...]) -> None:
    """Write the supervisord configuration of this project into its run directory, and print its path.

    Example: supervisord --nodaemon -c "$(triglot supervisor-config --workers r=2)"
    """
    click.echo(_write(_plan(project, host, port, counts), project))


@click.command()
@click.argument("language", type=click.Choice(LANGUAGES))
@click.option("--name", help="The worker's name; default: LANGUAGE-PID.")
@click.option("--group", callback=lambda *given: given[-1] and check_group(given[-1]), help="Work for it alone.")
@click.option("--run-dir", type=click.Path(path_type=Path), help="Default: the configuration's run_dir.")
@click.option("--bind", metavar="TCP", help="tcp://HOST:PORT for requests from other hosts; needs the three below.")
@click.option("--control", metavar="TCP", help="tcp://HOST:PORT for heartbeats from other hosts.")
@click.option("--curve-key", type=click.Path(path_type=Path), help="This worker's CURVE key file (.key_secret).")
@click.option("--curve-clients", type=click.Path(path_type=Path), help="Folder of the public keys that may connect.")
@click.pass_obj
def worker(
    project: Project, /, language: str, name: str | None, run_dir: Path | None, **remote: Path | str | None
) -> None:
    """Run one worker of LANGUAGE in the foreground; a service with the same run directory finds it by itself.

    Example: triglot worker r --name r-7
    """
    folder = run_directory(run_dir or project.run_dir)
    command = worker_command(
        language, check_name(name or f"{language}-{os.getpid()}"), folder, key_file=project.key_file
    )
    for option, value in remote.items():
        command += [f"--{option.replace('_', '-')}", str(value)] if value is not None else []
    environment = {**project.environ, **worker_environment(language, project.environ)}
    os.execve(command[0], command, environment)


@click.command()
@click.argument("counts", nargs=-1, required=True, metavar="NAME=N...")
@click.pass_obj
def scale(project: Project, counts: tuple[str, ...]) -> None:
    """Have N workers of a language or group in the service that runs, until it is started anew.

    Workers that stay are not touched, those that go answer what they have. To keep it so, write it under `workers` in
    the configuration.

    Example: triglot scale r=3
    """
    plan = _plan(project, None, None, counts)
    for pool in _pools(project, [count_of(text)[0] for text in counts]):
        if pool in plan.workers:
            names = Handle(plan.run_dir).scale(plan, pool, project.environ)
            click.echo(f"{pool}: {' '.join(names) or 'no workers'}")


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.pass_obj
def restart(project: Project, names: tuple[str, ...]) -> None:
    """Restart the workers of languages or groups one after the other, so that requests always find one.

    Example: triglot restart r
    """
    for pool in _pools(project, names):
        for name in Handle(run_directory(project.run_dir)).restart(pool):
            click.echo(name)


def _pools(project: Project, names: Iterable[str]) -> list[str]:
    """Return the pools that may be there of languages and groups."""
    found = []
    for name in names:
        check_counts("workers", {name: 1}, project.worker_groups)
        found += [name] if name in LANGUAGES else [pool_of(language, name) for language in LANGUAGES]
    return found


def _plan(project: Project, host: str | None, port: int | None, counts: tuple[str, ...]) -> Plan:
    workers = check_counts("--workers", dict(map(count_of, counts)), project.worker_groups)
    return operation.plan(project, host=host, port=port, workers=workers)


def _check_alone(run_dir: Path) -> None:
    """Refuse to take over the run directory of a service that lives, and one that no socket's path would fit."""
    local_endpoint(run_dir, "python-0", "python")
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(run_dir / "supervisor.sock")) == 0:
            raise ConfigError(
                f"a service runs in {str(run_dir)!r} already; stop it, or set another run_dir for this one"
            )


def _check_free(front_end: FrontEnd) -> None:
    """Refuse a port that is taken: the front end's processes share theirs, and would share it with a stranger too."""
    family = socket.AF_INET6 if ":" in front_end.host else socket.AF_INET
    for port in front_end.ports:
        try:
            socket.create_server((front_end.host, port), family=family).close()
        except OSError as error:
            other = "another --host or --port" if port == front_end.port else "another grpc_port, under server"
            raise ConfigError(
                f"cannot listen on {front_end.host}, port {port}: {why_not_bound(error)}; choose {other}"
            ) from None


def _write(plan: Plan, project: Project) -> Path:
    conf = plan.run_dir / "supervisord.conf"
    conf.write_text(supervisord_conf(plan, project.environ), "utf-8")
    note_address(plan.run_dir, plan.front_end.host, plan.front_end.port)
    if level_of(project.environ) > logging.INFO:
        greeting.forget(plan.run_dir)
    else:
        pools = {pool for pool, count in plan.workers.items() if count}
        families = {each.family: each.active for each in summaries(project.store) if each.active}
        greeting.note(plan.run_dir, project.answering(pools), guarded=project.is_guarded, families=families)
    return conf


def count_of(text: str) -> tuple[str, int]:
    """Return the name of a language or a group, and the count, of a text such as `r=2`."""
    name, _, count = text.partition("=")
    if not (name in LANGUAGES or is_group(name)) or not (count.isascii() and count.isdigit()):
        raise click.BadParameter(f"{text!r}: write NAME=N with a group, or a language of {', '.join(LANGUAGES)}")
    return name, int(count)
