"""`grid-search`: what the configuration's `grid_search` says, carried out by a fresh worker, or on a Dask cluster."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from triglot.cli.scopes import EXIT_NOT_PROVED
from triglot.engines import dask_search
from triglot.errors import ConfigError
from triglot.logs import is_renamed
from triglot.palladium.left_behind import tell_of_what_waits
from triglot.project import Project
from triglot.training import train


@click.command(name="grid-search")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--save-results", type=click.Path(path_type=Path, dir_okay=False), help="Write the results to this file, as CSV."
)
@click.option("--persist-best", is_flag=True, help="Store and activate the search, which answers by its best model.")
@click.option("--no-proof", is_flag=True, help="Activate it without a fresh process having answered first.")
@click.option(
    "--engine", type=click.Choice(("local", "dask")), default="local", show_default=True, help="What carries it out."
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask's scheduler; default: a cluster on this machine.")
@click.pass_obj
def grid_search(
    project: Project,
    names: tuple[str, ...],
    save_results: Path | None,
    persist_best: bool,
    no_proof: bool,
    engine: str,
    scheduler: str | None,
) -> None:
    """Search for the best parameters of the configured MODELs and print what was found, the best first.

    What a verbose search prints itself comes before that, as it goes on. With several scores the one that 'refit' names
    decides; the last line has the best parameters. All that is known of each fold is in what --save-results writes.

    What --persist-best stores is proved as a fit is: exit code 3 where it is not activated. With --engine dask the
    processes of a cluster fit the candidates.

    Example: triglot grid-search --engine dask --save-results results.csv
    """
    if scheduler is not None and engine != "dask":
        raise click.UsageError("--scheduler is the address of Dask's: say --engine dask, or leave it out")
    chosen = names or project.chosen
    if save_results is not None and len(chosen) > 1:
        raise ConfigError("--save-results writes one file; name one model")
    if persist_best:
        tell_of_what_waits(project.store)
    unproved = False
    with _spread(project, engine, scheduler) as spread:
        for name in chosen:
            entry = project.entry(name)
            wanted = project.part(name, "grid_search")
            if wanted is None:
                raise ConfigError(
                    f"model {name!r} has no grid_search; add one to the configuration, such as a param_grid"
                )
            store = project.store if persist_best else None
            scoring = project.part(name, "scoring")
            made, found = train.grid_search(
                entry, project.workshop, store, wanted, scoring, prove=not no_proof, spread=spread, tell=click.echo
            )
            unproved |= made.unproved is not None
            click.echo(found.results.to_string() if is_renamed() else found.table())  # Palladium's is read by scripts
            if save_results is not None:
                found.results.to_csv(save_results, index=False)
            if best := found.best():
                click.echo(best)
    if unproved:
        click.get_current_context().exit(EXIT_NOT_PROVED)


@contextmanager
def _spread(project: Project, engine: str, scheduler: str | None) -> Iterator[Callable[[Any], Any] | None]:
    """Hold what the engine needs, and give what makes a search one of its own."""
    if engine == "local":
        yield None
        return
    with dask_search.spread(scheduler, python_path=project.python_path) as spread:
        yield spread
