"""`jobs`: see, cancel and carry out jobs."""

import json
import signal

import click

from triglot.logs import start
from triglot.pipelines.timetable import Timetable
from triglot.project import Project
from triglot.runner import Runner
from triglot.this_process import end_with_supervisor


@click.group()
def jobs() -> None:
    """See, cancel and carry out jobs: the fits and pipelines that were asked for by HTTP, or that a schedule wants.

    A job is in the database of the models, survives the end of every process, and is done by one runner at a time.
    """


@jobs.command(name="list")
@click.pass_obj
def list_(project: Project) -> None:
    """Print the newest jobs, one JSON object a line: what was asked for, how it stands, what it said.

    Example: triglot jobs list
    """
    for job in project.jobs.list():
        click.echo(json.dumps({"id": job.id, **job.to_json()}))


@jobs.command()
@click.argument("job_id", metavar="ID")
@click.pass_obj
def cancel(project: Project, job_id: str) -> None:
    """End the job ID: at once if it waits, within seconds if it runs; print how it stands now.

    Example: triglot jobs cancel 0c5d
    """
    click.echo(project.jobs.cancel(job_id).state)


@jobs.command()
@click.pass_obj
def run(project: Project) -> None:
    """Carry out jobs, one after the other, until SIGTERM, which gives the one at hand back to be done again.

    It also enters the jobs of the configuration's `schedules` when they are due. `triglot serve` runs this under
    supervisord where there is an admin token, or where the configuration has schedules or routes of its own. Further
    runners may run here and on other hosts that see the same database.

    Example: triglot jobs run
    """
    end_with_supervisor(project.environ)
    start("jobs", project.environ)
    timetable = Timetable(project.schedules, project.jobs)
    runner = Runner(project.jobs, project.environ | project.own_environment(), timetable.enter_due)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, runner.stop)
    runner.run()
