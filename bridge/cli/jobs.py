"""`jobs`: see, cancel and carry out jobs."""

import json
import signal

import click

from triglot.project import Project
from triglot.runner import Runner


@click.group()
def jobs() -> None:
    """See, cancel and carry out jobs, such as the fits that HTTP asked for."""


@jobs.command(name="list")
@click.pass_obj
def list_(project: Project) -> None:
    """Print the newest jobs, one JSON object a line."""
    for job in project.jobs.list():
        click.echo(json.dumps({"id": job.id, **job.to_json()}))


@jobs.command()
@click.argument("job_id", metavar="ID")
@click.pass_obj
def cancel(project: Project, job_id: str) -> None:
    """End a job: at once if it waits, within seconds if it runs."""
    click.echo(project.jobs.cancel(job_id).state)


@jobs.command()
@click.pass_obj
def run(project: Project) -> None:
    """Carry out jobs until SIGTERM; `triglot serve` runs this under supervisord where jobs are switched on."""
    runner = Runner(project.jobs, project.environ)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, runner.stop)
    runner.run()


COMMANDS = (jobs,)
