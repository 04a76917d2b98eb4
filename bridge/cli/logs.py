"""`logs`: the last lines of the service that runs here, chosen by what they are about."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import click

from triglot.errors import ConfigError
from triglot.logs import LEVELS
from triglot.logs.lines import Line, read
from triglot.project import Project
from triglot.scope_names import parted
from triglot.supervision import kept_log

LINES = 100


@click.command()
@click.argument("model", required=False)
@click.option("--program", "-p", help="Lines of one program alone: web, jobs, r-0, supervisor; or r for all of r.")
@click.option("--level", type=click.Choice(list(LEVELS)), default="debug", help="Lines of this level and above.")
@click.option("--request", metavar="ID", help="Lines about one request, by its id.")
@click.option("--lines", "-n", type=click.IntRange(0), default=LINES, show_default=True, help="How many of the last.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print objects of JSON.")
@click.pass_obj
def logs(
    project: Project,
    model: str | None,
    program: str | None,
    level: str,
    request: str | None,
    lines: int,
    follow: bool,
    as_json: bool,
) -> None:
    """Print the last lines of the log that `triglot serve` keeps in its run directory, those about MODEL or all.

    They are text for people, whether the log is text or JSON.

    Example: triglot logs iris --level warning --follow
    """
    run_dir = project.run_dir
    if not any((run_dir / name).exists() for name in (kept_log.FILE, kept_log.BEFORE)):
        raise ConfigError(
            f"no service has kept a log in {str(run_dir)!r}; start one by triglot serve, with log: kept_bytes above 0"
        )

    def wanted(line: Line) -> bool:
        return (
            logging.getLevelName(line.level) >= LEVELS[level]
            and (program is None or line.program == program or line.program.startswith(f"{program}-"))
            and (model is None or model in (line.model, parted(line.model)[0]))
            and (request is None or request in _ids(line))
        )

    source = kept_log.followed(run_dir) if follow else kept_log.records(run_dir)
    try:
        for line in _chosen(source, lines, wanted):
            click.echo(line.json() if as_json else line.text())
    except KeyboardInterrupt:
        return


def _chosen(records: Iterable[str], last: int, wanted: Callable[[Line], bool]) -> Iterator[Line]:
    """Give the last lines of what there is that are wanted, and then all of what comes."""
    waiting: deque[Line] | None = deque(maxlen=last)
    for record in records:
        if not record:  # all that there was is read
            yield from waiting or ()
            waiting = None
        elif (line := read(record)) is not None and wanted(line):
            if waiting is None:
                yield line
            else:
                waiting.append(line)
    yield from waiting or ()


def _ids(line: Line) -> set[str]:
    """Return the ids of the requests that a line is about, and those that they have without the number of a try."""
    ids = line.request_id.split(",")
    return {*ids, *(each.rpartition(".")[0] for each in ids)}
