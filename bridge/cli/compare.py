"""`compare`: several configured models on the same folds of the same rows."""

from datetime import datetime
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table as Grid

from triglot import __version__
from triglot.cli.failures import tell_of_failure
from triglot.dataset import load
from triglot.errors import ConfigError
from triglot.progress import step
from triglot.project import Project
from triglot.report import comparing, figures
from triglot.report.page import page, write
from triglot.training.comparison import Rival
from triglot.training.comparison import compare as compared
from triglot.training.fit_worker import bench


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="MODEL MODEL...")
@click.option("--folds", type=click.IntRange(min=2), default=5, show_default=True, help="How many folds.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which rows go into which fold.")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with plots to this HTML file."
)
@click.pass_obj
def compare(project: Project, names: tuple[str, ...], folds: int, seed: int, report: Path | None) -> None:
    """Compare two or more configured MODELs on the same folds of the same rows; store nothing.

    Each is fitted by a worker of its own on the same folds of the training data. Printed are scores, the time of a fit
    and of one row, the size of the artefact, and on how many rows they disagree; the report shows these rows and more.
    One that fails is told of on a line, and the exit code is then 1.

    Example: triglot compare iris-r iris-julia --report compare.html
    """
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise ConfigError("name two models or more, each once")
    if report is not None:
        figures.check_installed()
    rivals = []
    for name in names:
        entry = project.entry(name)
        with step(f"Loading the data of {name}"):
            X, y = load(entry.train)
        if y is None:
            raise ConfigError(f"model {name!r} has no target to be scored against; give its loader a target_column")
        rivals.append(Rival(name, entry.model, X, y, entry.terms))
    with step(f"Comparing {', '.join(names)} on {folds} folds"):
        found = compared(
            rivals,
            lambda language: bench(language, project.environ, project.key_file),
            folds=folds,
            seed=seed,
            python_path=project.python_path,
        )
    rows = comparing.table(found)
    grid = Grid(box=box.SIMPLE_HEAD)
    grid.add_column("")
    for row in rows.rows:
        grid.add_column(row[0], justify="right")
    for j, title in enumerate(rows.head[1:], start=1):
        cells = [f"[bold]{row[j]}[/bold]" if (i, j) in rows.best else row[j] for i, row in enumerate(rows.rows)]
        grid.add_row(title, *cells)
    Console().print(grid)
    for result in found.results:
        if result.unanswered:
            click.echo(f"{result.name}: {result.unanswered}; its scores are those of the others.")
    if found.task == "classification":
        click.echo(f"They disagree on {len(found.disagreements()):,} of {found.X.rows:,} rows.")
    for name, error in found.failed.items():
        tell_of_failure(error, f"{name} is left out: ")
    if report is not None:
        with step("Drawing the report"):
            foot = f"Triglot {__version__}, {datetime.now().astimezone():%d %B %Y, %H:%M}. Seed of the folds: {seed}."
            lead = "Which model to serve: what it knows, what it costs, and where the others see it otherwise."
            write(report, page(" · ".join(names), lead, comparing.sections(found), foot))
        click.echo(f"The report is in {report}")
    if found.failed:
        click.get_current_context().exit(1)
