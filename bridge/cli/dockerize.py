"""`dockerize`: a folder becomes images."""

import tempfile
from pathlib import Path

import click

from triglot.artefact import load_key
from triglot.dockerize.application import Application
from triglot.dockerize.build import FILES, Engine, image_of, write
from triglot.dockerize.files import contents
from triglot.project import Project


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("base")
@click.argument("name")
@click.option(
    "-d", "--dry", is_flag=True, help="Write the Dockerfiles and archives into this directory; build nothing."
)
@click.option(
    "--image", "kinds", multiple=True, type=click.Choice(list(FILES)), help="Only this one of the images; repeatable."
)
@click.option("--docker", default="docker", envvar="TRIGLOT_DOCKER", help="Docker's command.")
@click.option("--build-option", "options", multiple=True, help="Handed to every docker build, e.g. --network=host.")
@click.pass_obj
def dockerize(
    project: Project,
    folder: Path,
    base: str,
    name: str,
    dry: bool,
    kinds: tuple[str, ...],
    docker: str,
    options: tuple[str, ...],
) -> None:
    """Make images of the application in FOLDER, on the image BASE: NAME, NAME-fit and NAME-predict.

    NAME serves what is in a model store, NAME-fit fits and ends, NAME-predict has the model in it, fitted while it is
    built. What is installed is said by requirements.txt, python_packages/, setup.py or pyproject.toml, renv.lock,
    packages.R and Project.toml.

    Example: triglot dockerize . triglot:r coffee:1
    """
    found = contents(Application.read(folder), base, name)
    if dry:
        for path in write(Path.cwd(), found):
            click.echo(f"  {path.name}")
        return
    engine = Engine(docker, options, project.environ)
    engine.need(base)
    key = load_key(project.key_file, project.environ)
    with tempfile.TemporaryDirectory(prefix="dockerize-") as work:
        write(Path(work), found)
        for kind in kinds or FILES:
            engine.build(Path(work), name, kind, key)
            click.echo(f"built {image_of(name, kind)}")
