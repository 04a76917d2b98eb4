"""`run`: a declared pipeline, from its first step to its last."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triglot.errors import BadRequest, ConfigError
from triglot.pipelines.context import Context
from triglot.pipelines.declared import one_of
from triglot.pipelines.run import Pipeline, Progress, Show
from triglot.pipelines.submission import for_callers
from triglot.progress import bar, notice
from triglot.project import Project
from triglot.store.jobs import Job, JobStore
from triglot.transport.request_ids import new_id

if TYPE_CHECKING:
    import pandas as pd

    from triglot.dispatch.blocking import Client

PIPE = Path("-")
TELL_EVERY_S = 1.0


@click.command()
@click.argument("name")
@click.option("--param", "-p", "said", multiple=True, metavar="KEY=VALUE", help="A parameter of the run; repeat it.")
@click.option(
    "--rows",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file of rows that the pipeline begins with: CSV, JSON lines or Parquet.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, allow_dash=True, dir_okay=False),
    help="The file for the table of the last step; - is standard output, as JSON lines.",
)
@click.option("--job", "job_id", hidden=True, help="The job that this run is: it has the parameters and the rows.")
@click.pass_obj
def run(
    project: Project, name: str, said: tuple[str, ...], rows: Path | None, output: Path | None, job_id: str | None
) -> None:
    """Run the pipeline NAME of the configuration: each step gets the table of the one before.

    Every step is told of, with its rows and its time. Where one fails the message names it; what steps before it have
    written stays.

    Example: triglot run nightly --param day=2026-11-30
    """
    declared = one_of(project.pipelines, name)
    if job_id is not None:
        _do(project, project.jobs, project.jobs.get(job_id), name)
        return
    given = None if rows is None else _read(rows)
    parameters = declared.checked(
        declared.read(_pairs(said)), None if given is None else given.head(1).to_dict("records")
    )
    pipeline = Pipeline.of(declared, project.steps(name))
    if output is not None:
        _check_output(output)
    with _context(project, new_id()) as context, bar(f"Running {name}", len(pipeline.stages)) as shown:
        table = pipeline.run(context, parameters, given, lambda at: shown(at.number - 1, _in_words(at)))
    if output is not None:
        _write(table, output)
    notice(f"{name}: {len(table):,} rows, {len(pipeline.stages)} steps")


def _do(project: Project, jobs: JobStore, job: Job, name: str) -> None:
    """Carry out a job and keep what comes of it."""
    noted = _Noted(jobs, job.id)
    try:
        _carry_out(project, jobs, job, name, noted)
    except Exception as error:
        noted.failed(error)
        raise


def _carry_out(project: Project, jobs: JobStore, job: Job, name: str, show: Show) -> None:
    from triglot.pipelines import forms

    pipeline = Pipeline.of(one_of(project.pipelines, name), project.steps(name))
    given = jobs.given(job.id)
    rows = None if given is None else _frame_of(given)
    parameters = pipeline.declared.checked(job.parameters["parameters"], None if rows is None else [{}])
    with _context(project, job.id) as context:
        table = pipeline.run(context, parameters, rows, show)
    if pipeline.result is not None:
        about = {"type": forms.TYPES[pipeline.result], "kind": pipeline.result, "rows": len(table)}
        jobs.keep_result(job.id, about, forms.encoded(table, pipeline.result))


class _Noted:
    """Writes progress into a job: where a step begins and ends, and else once in a while; and why it has failed."""

    def __init__(self, jobs: JobStore, job_id: str) -> None:
        self._jobs = jobs
        self._job_id = job_id
        self._last: dict[str, Any] = {}
        self._told = 0.0

    def __call__(self, at: Progress) -> None:
        now, before = time.monotonic(), self._last.get("number")
        self._last = at.to_json()
        if at.is_over or at.number != before or now - self._told >= TELL_EVERY_S:
            self._told = now
            self._jobs.note(self._job_id, self._last)

    def failed(self, error: Exception) -> None:
        """Note what whoever asked for the run may know of its failure."""
        self._jobs.note(self._job_id, {**self._last, "error": for_callers(error)})


def _context(project: Project, run_id: str) -> Context:
    return Context(
        run_id=run_id,
        environ=project.environ,
        store=lambda: project.store,
        key_file=project.key_file,
        client=_client_of(project),
        pool=project.pool_of,
    )


def _client_of(project: Project) -> "Callable[[Context], Client]":
    def client(context: Context) -> "Client":
        from triglot.dispatch.blocking import Client
        from triglot.serving.service import ABSENCE_S

        made = Client(project.run_dir, project.remote_workers, project.curve_keys, ABSENCE_S)
        context.close_with(made.close)
        return made

    return client


def _pairs(said: tuple[str, ...]) -> dict[str, str]:
    """Return parameters of the command line by name; raises `BadParameter` for what is no pair."""
    odd = [text for text in said if not text.partition("=")[0] or "=" not in text]
    if odd:
        raise click.BadParameter(f"{odd[0]!r}: write KEY=VALUE", param_hint="--param")
    return dict(text.split("=", 1) for text in said)


def _read(path: Path) -> "pd.DataFrame":
    from triglot.pipelines.load import read

    return read(path)


def _frame_of(given: bytes) -> "pd.DataFrame":
    import orjson
    import pandas as pd

    return pd.DataFrame(orjson.loads(given))


def _check_output(output: Path) -> None:
    """Refuse a name that tells no form before anything is done."""
    from triglot.pipelines.load import form_of

    if output != PIPE:
        try:
            form_of(str(output))
        except ConfigError as error:
            raise BadRequest(f"--output: {error}") from None


def _write(table: "pd.DataFrame", output: Path) -> None:
    from triglot.bulk.files import written
    from triglot.pipelines import forms
    from triglot.pipelines.load import form_of

    with written(output) as sink:
        forms.write(table, "jsonl" if output == PIPE else form_of(str(output)), sink)


def _in_words(at: Progress) -> str:
    return f"{at.step}, {at.rows:,} rows"
