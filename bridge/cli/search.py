"""`grid-search`: what the configuration's `grid_search` says, carried out by a fresh worker."""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triglot.cli.progress import step
from triglot.cli.scoring import for_python
from triglot.dataset import load
from triglot.errors import BadRequest, ConfigError
from triglot.fitting import bench
from triglot.points import write_model
from triglot.project import Project
from triglot.search import search_of

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("triglot")

RANK = "rank_test_score"


@click.command(name="grid-search")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--save-results", type=click.Path(path_type=Path, dir_okay=False), help="Write the results to this file, as CSV."
)
@click.option("--persist-best", is_flag=True, help="Store and activate the search, which answers by its best model.")
@click.pass_obj
def grid_search(project: Project, names: tuple[str, ...], save_results: Path | None, persist_best: bool) -> None:
    """Search for the best parameters of the configured MODELs and print what was found, the best first.

    Example: triglot grid-search --save-results results.csv
    """
    chosen = names or project.chosen
    if save_results is not None and len(chosen) > 1:
        raise ConfigError("--save-results writes one file; name one model")
    for name in chosen:
        results = _search(project, name, persist_best)
        click.echo(results.to_string())
        if save_results is not None:
            results.to_csv(save_results, index=False)


def _search(project: Project, name: str, persist: bool) -> "pd.DataFrame":
    entry = project.entry(name)
    wanted = project.part(name, "grid_search")
    if wanted is None:
        raise ConfigError(f"model {name!r} has no grid_search; add one to the configuration, such as a param_grid")
    with step("Loading data"):
        X, y = for_python(*load(entry.train))
    search = search_of(wanted, entry.model, project.part(name, "scoring"), X, y, persist=persist)
    with bench("python", project.environ, project.key_file) as worker, step("Running grid search"):
        fitted = worker.fit(name, search, X, y, project.python_path)
    for line in fitted.output.splitlines():
        logger.info("%s: %s", name, line)
    for line in fitted.warnings:
        logger.warning("%s: %s", name, line)
    text = fitted.info.get("cv_results")
    if text is None:
        raise BadRequest(f"grid_search: {type(search).__name__} has no cv_results_ after its fit")
    if persist:
        if not fitted.info.get("predict"):
            raise ConfigError(f"grid_search: {type(search).__name__} cannot predict after its fit, so it is not stored")
        with step("Writing model"):
            metrics = {"fit_seconds": fitted.info.get("seconds")}
            version = write_model(project.store, name, fitted.artefact, metrics=metrics, metadata={"cv_results": text})
        logger.info("Wrote model with version %d.", version)
        project.store.activate(name, version)
        logger.info("Activated model %s with version %d.", name, version)
    return _table(text)


def _table(records: Any) -> "pd.DataFrame":
    """Return results as a table, the best first where they are ranked."""
    import pandas as pd

    results = pd.DataFrame(json.loads(records))
    return results.sort_values(RANK, kind="stable") if RANK in results else results


COMMANDS = (grid_search,)
