"""`deploy`: the files that orchestrators want, made from one description of the deployment."""

import os
from pathlib import Path
from typing import Any

import click

from triglot import operation
from triglot.deploy import compose, kserve, kubernetes, marathon, nginx
from triglot.deploy.description import Deployment
from triglot.deploy.former_marathon import former, lost
from triglot.deploy.post import Marathon
from triglot.deploy.text import to_json, to_yaml
from triglot.errors import ConfigError
from triglot.progress import notice
from triglot.project import Project

WAIT_S = 900.0


class Sized(click.Command):
    """A command with what may be said about any deployment, and where its file goes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.params += [
            click.Option(["--name"], help="What it is called; default: the configuration's, as for those below."),
            click.Option(["--image"], help="The image, with its tag or digest."),
            click.Option(["--instances"], type=click.IntRange(min=1), help="How many instances."),
            click.Option(["--cpus"], type=float, help="Processors of each instance."),
            click.Option(["--memory"], help="Memory of each instance, such as 2G."),
            click.Option(["--output", "-o"], type=click.Path(path_type=Path), help="Write it there; else print it."),
        ]


@click.group()
def deploy() -> None:
    """Write what an orchestrator needs to run this project, made of the configuration's entry 'deploy'.

    Example: triglot deploy kubernetes --image registry.example.org/iris-predict:7 | kubectl apply -f -
    """


@deploy.command(name="marathon", cls=Sized)
@click.option("--post", metavar="URL", help="Send it to the Marathon there, and wait until it is deployed.")
@click.option("--force", is_flag=True, help="With --post: stop a deployment of the same app that goes on.")
@click.option("--marathon-version", metavar="X.Y", help="The release of Marathon to write for; default: from 1.5 on.")
@click.option("--wait", "wait_s", type=click.FloatRange(min=0), default=WAIT_S, show_default=True, help="Seconds.")
@click.pass_obj
def marathon_(
    project: Project, /, post: str | None, force: bool, wait_s: float, output: Path | None, **said: Any
) -> None:
    """Write Marathon's app definition; with --post deploy it.

    MARATHON_TOKEN, or MARATHON_USER and MARATHON_PASSWORD, let one in.

    Example: triglot deploy marathon --post https://marathon.example.org
    """
    definition = _definition(_described(project, said))
    if post is None or output is not None:
        _put(to_json(definition), output)
    if post is not None:
        there = Marathon.at(post, project.environ)
        deployment, version = there.put(definition, force=force)
        notice(f"{definition['id']}: deployment {deployment}")
        there.wait(definition["id"], deployment, version, wait_s, notice)
        click.echo(f"{definition['id']} is deployed, version {version}")


@deploy.command(name="kubernetes", cls=Sized)
@click.option("--kserve", "with_kserve", is_flag=True, help="An InferenceService of KServe instead of a Deployment.")
@click.option("--service-monitor", is_flag=True, help="A ServiceMonitor, too, for the operator of Prometheus.")
@click.option("--with-secrets", is_flag=True, help="Secrets, too, with the values that the environment has for them.")
@click.pass_obj
def kubernetes_(
    project: Project,
    /,
    with_kserve: bool,
    service_monitor: bool,
    with_secrets: bool,
    output: Path | None,
    **said: Any,
) -> None:
    """Write Kubernetes' objects.

    Example: triglot deploy kubernetes | kubectl apply -f -
    """
    if with_kserve and service_monitor:
        raise click.UsageError("--service-monitor is about the Service, which KServe makes by itself; leave one out")
    described = _described(project, said)
    made = kserve.objects(described) if with_kserve else kubernetes.objects(described, service_monitor=service_monitor)
    secrets = kubernetes.secrets(described, project.environ) if with_secrets else []
    _put(to_yaml([*secrets, *made]), output, private=with_secrets)


@deploy.command(name="compose", cls=Sized)
@click.pass_obj
def compose_(project: Project, /, output: Path | None, **said: Any) -> None:
    """Write a Compose file with PostgreSQL and nginx, whose configuration is to lie beside it as nginx.conf.

    Example: triglot deploy compose -o compose.yaml && triglot deploy nginx --compose -o nginx.conf
    """
    _put(to_yaml([compose.file(_described(project, said))]), output)


@deploy.command(name="nginx", cls=Sized)
@click.option("--listen", metavar="HOST:PORT", help="Default: 127.0.0.1, and the service_port or 8080.")
@click.option("--server", "servers", metavar="HOST:PORT", multiple=True, help="A back end; default: this host's.")
@click.option("--upstream", metavar="FILE", help="Take the back ends from this file, which upgrade-service writes.")
@click.option("--state", metavar="FOLDER", help="Keep process id, logs and temporary files there.")
@click.option("--site", is_flag=True, help="Only upstream and server, to be included in a configuration that is there.")
@click.option("--compose", "for_compose", is_flag=True, help="For the nginx of the Compose file.")
@click.pass_obj
def nginx_(
    project: Project,
    /,
    listen: str | None,
    servers: tuple[str, ...],
    upstream: str | None,
    state: str | None,
    site: bool,
    for_compose: bool,
    output: Path | None,
    **said: Any,
) -> None:
    """Write the configuration of an nginx before the service.

    Example: triglot deploy nginx --upstream /etc/nginx/iris.upstream -o /etc/nginx/nginx.conf
    """
    described = _described(project, said)
    if for_compose:
        listen, servers = listen or f"0.0.0.0:{_port(described)}", servers or (f"{described.name}:{described.port}",)
    if servers and upstream:
        raise ConfigError("--server and --upstream say two things; give one of them")
    front = nginx.Front(
        nginx.address("--listen", listen or f"127.0.0.1:{_port(described)}"),
        tuple(nginx.address("--server", each) for each in servers),
        os.path.abspath(upstream) if upstream else "",
        os.path.abspath(state) if state else "",
    )
    _put(nginx.site(described, front) if site else nginx.configuration(described, front), output)


def _described(project: Project, said: dict[str, Any]) -> Deployment:
    return operation.deployment(project, {key: value for key, value in said.items() if value is not None})


def _definition(deployment: Deployment) -> dict[str, Any]:
    """Return the app definition for the Marathon that is there; say what an old one cannot be told."""
    todays, release = marathon.app(deployment), deployment.marathon_version
    if release is None:
        return todays
    definition = former(todays, release)
    for line in lost(todays, release):
        notice(line)
    return definition


def _port(deployment: Deployment) -> int:
    return deployment.service_port or nginx.PORT


def _put(text: str, output: Path | None, *, private: bool = False) -> None:
    """Print the text, or write it whole or not at all; what holds secrets is for its owner alone."""
    if output is None:
        click.echo(text, nl=False)
        return
    half = output.with_name(f".{output.name}.new")
    try:
        half.unlink(missing_ok=True)
        half.touch(0o600 if private else 0o666)
        half.write_text(text, "utf-8")
        half.replace(output)
    except OSError as error:
        raise ConfigError(f"--output {str(output)!r}: {error.strerror}") from None
