"""`upgrade-service`: a new back end behind nginx in the place of the old one, without a lost request."""

import json
from pathlib import Path
from typing import Any

import click

from triglot.cli.serve import count_of
from triglot.deploy.backend import Question
from triglot.deploy.description import needed_stop_s
from triglot.deploy.upgrade import NOTHING, SERVE, Nginx, Upgrade
from triglot.errors import ConfigError
from triglot.progress import notice
from triglot.project import Project
from triglot.transport.discovery import run_directory

FOLDER = "back-ends"


@click.command(name="upgrade-service")
@click.option("--upstream", type=click.Path(path_type=Path), required=True, help="nginx's file of back ends.")
@click.option("--confirm", metavar="PATH", required=True, help="What to ask, such as '/predict?petal+length=1.4'.")
@click.option("--body", type=click.Path(path_type=Path), help="A file of JSON to post there.")
@click.option("--expect", metavar="JSON", help="The result that is right; default: what the old back end answers.")
@click.option("--front", metavar="URL", help="Ask it by nginx, too, which is reached there.")
@click.option("--nginx-config", type=click.Path(path_type=Path), default="/etc/nginx/nginx.conf", show_default=True)
@click.option("--load", "load_s", type=click.FloatRange(min=0), default=120.0, show_default=True, help="Seconds.")
@click.option("--drain", "drain_s", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Seconds.")
@click.option("--workers", "counts", multiple=True, metavar="NAME=N", help="Workers of a language or group: r=2.")
@click.pass_obj
def upgrade_service(
    project: Project,
    /,
    upstream: Path,
    confirm: str,
    body: Path | None,
    expect: str | None,
    front: str | None,
    nginx_config: Path,
    counts: tuple[str, ...],
    **seconds: float,
) -> None:
    """Start this project's service as a new back end, confirm it by a prediction, and put it behind nginx.

    The old back end is drained out. If anything fails before, the new one is ended and all is as it was.

    Example: triglot upgrade-service --upstream /etc/nginx/iris.upstream --confirm '/predict?petal+length=1.4'
    """
    run_dir = run_directory(project.run_dir)
    made = Upgrade(
        upstream=upstream.absolute(),
        nginx=Nginx(nginx_config.absolute()),
        folder=run_directory(run_dir / FOLDER),
        cwd=Path.cwd(),
        question=_question(confirm, body),
        expect=NOTHING if expect is None else _value(expect),
        front=(front or "").rstrip("/"),
        command=[*SERVE, *(f"--workers={name}={count}" for name, count in map(count_of, counts))],
        environ={**project.environ, **project.own_environment(), "PYTHONUNBUFFERED": "1"},
        stop_s=needed_stop_s(
            {},
            project.spelt_groups(),
            jobs=True,
            grpc=bool(project.front_end.grpc_port),
            messages=project.takes_messages,
        ),
        tell=notice,
        **seconds,
    ).run()
    click.echo(f"{made.address} serves")


def _question(path: str, body: Path | None) -> Question:
    if not path.startswith("/") or any(character.isspace() for character in path):
        raise ConfigError(f"--confirm {path!r}: write a path such as '/predict?petal+length=1.4', without blanks")
    try:
        return Question(path, None if body is None else body.read_bytes())
    except OSError as error:
        raise ConfigError(f"--body {str(body)!r}: {error.strerror}") from None


def _value(text: str) -> Any:
    """Return the JSON value of a text, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
