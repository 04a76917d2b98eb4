"""`grid-search`: what the configuration's `grid_search` says, carried out by a fresh worker."""

from pathlib import Path

import click

from triglot.cli.fit import EXIT_NOT_PROVED
from triglot.errors import ConfigError
from triglot.project import Project
from triglot.training import train


@click.command(name="grid-search")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--save-results", type=click.Path(path_type=Path, dir_okay=False), help="Write the results to this file, as CSV."
)
@click.option("--persist-best", is_flag=True, help="Store and activate the search, which answers by its best model.")
@click.option("--no-proof", is_flag=True, help="Activate it without a fresh process having answered first.")
@click.pass_obj
def grid_search(
    project: Project, names: tuple[str, ...], save_results: Path | None, persist_best: bool, no_proof: bool
) -> None:
    """Search for the best parameters of the configured MODELs and print what was found, the best first.

    What --persist-best stores is proved as a fit is: exit code 3 where it is not activated.

    Example: triglot grid-search --save-results results.csv
    """
    chosen = names or project.chosen
    if save_results is not None and len(chosen) > 1:
        raise ConfigError("--save-results writes one file; name one model")
    unproved = False
    for name in chosen:
        entry = project.entry(name)
        wanted = project.part(name, "grid_search")
        if wanted is None:
            raise ConfigError(f"model {name!r} has no grid_search; add one to the configuration, such as a param_grid")
        store = project.store if persist_best else None
        scoring = project.part(name, "scoring")
        made, results = train.grid_search(entry, project.workshop, store, wanted, scoring, prove=not no_proof)
        unproved |= made.unproved is not None
        click.echo(results.to_string())
        if save_results is not None:
            results.to_csv(save_results, index=False)
    if unproved:
        click.get_current_context().exit(EXIT_NOT_PROVED)
