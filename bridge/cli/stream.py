"""`stream`: predictions for programs that speak through pipes."""

import sys

import click

from triglot.palladium.left_behind import tell_of_what_waits
from triglot.persisters.decorated import read_model
from triglot.project import Project
from triglot.training.fit_worker import bench
from triglot.training.stream import PredictStream, streamed


@click.command()
@click.argument("name", required=False, metavar="[MODEL]")
@click.pass_obj
def stream(project: Project, name: str | None) -> None:
    """Answer standard input on standard output, line by line, until a line says exit.

    A line is a JSON list of objects, the answer a JSON list with one entry for each; where a line cannot be
    answered it is [], and the reason is on standard error. The active version at the start answers all along, as
    the entry predict_service says, whose params are taken from a line's first object.

    Example: triglot stream < rows.jsonl > answers.jsonl
    """
    tell_of_what_waits(project.store)
    service = project.predict_service()
    name = str(name or getattr(service, "model", None) or project.only_name)
    stored = read_model(project.store, name)
    with bench(stored.artefact.card().language, project.environ, project.key_file) as worker:
        PredictStream(streamed(worker, name, stored.artefact), service).listen(sys.stdin, sys.stdout, sys.stderr)
