"""`jobs`: see, cancel and carry out jobs."""

import json
import signal
from datetime import UTC, datetime

import click

from triglot.cli.tables import ago, line, progress_of, show, table_of, took
from triglot.logs import start
from triglot.pipelines.timetable import Timetable
from triglot.progress import notice
from triglot.project import Project
from triglot.runner import Runner
from triglot.this_process import end_with_supervisor

COLUMNS = ("id", "job", "state", "progress", "asked", "took", "says")
LONGEST_SAYING = 100


@click.group()
def jobs() -> None:
    """See, cancel and carry out jobs: the fits and pipelines that were asked for by HTTP, or that a schedule wants.

    A job is in the database of the models, survives the end of every process, and is done by one runner at a time.
    """


@jobs.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with everything that is known.")
@click.pass_obj
def list_(project: Project, as_json: bool) -> None:
    """List the newest jobs: what was asked for, how it stands, how far it is, what it said.

    Example: triglot jobs list
    """
    found = project.jobs.list()
    if as_json:
        for job in found:
            click.echo(json.dumps({"id": job.id, **job.to_json()}))
        return
    if not found:
        notice("There are no jobs.")
        return
    table, now = table_of(COLUMNS, numbers=("took",), wide=("says",)), datetime.now(UTC)
    for job in found:
        far = progress_of(job.progress) if job.state == "running" else ""
        table.add_row(
            job.id,
            job.kind,
            job.state,
            far,
            f"{ago(job.created, now)} ago",
            took(job.started, job.finished, now),
            line(job.info, LONGEST_SAYING),
        )
    show(table)


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
