"""`score`: large data in parts, by an engine; what is done is not done again."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triglot.errors import BadRequest
from triglot.progress import bar, notice
from triglot.project import Project

if TYPE_CHECKING:
    from triglot.scoring.inputs import Input
    from triglot.scoring.outputs import Output
    from triglot.scoring.run import Summary

FORMATS = click.Choice(("csv", "jsonl", "parquet", "arrow", "arrows"))
EXIT_ASIDE = 4


@click.command()
@click.argument("model")
@click.argument("rows", metavar="IN")
@click.argument("answers", metavar="OUT")
@click.option("--engine", type=click.Choice(("local", "dask", "spark")), default="local", show_default=True)
@click.option("--master", metavar="URL", help="Spark's master; default: one on this machine.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask's scheduler; default: one on this machine.")
@click.option("--partitions", type=click.IntRange(min=1), help="About how many parts; default: a million rows each.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many answer; on a cluster, of each process there.",
)
@click.option("--keep", multiple=True, metavar="COLUMN", help="Copy this column of IN into OUT, too.")
@click.option("--proba", is_flag=True, help="Probabilities, a column a class, instead of classes.")
@click.option(
    "--bad-rows",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file of rows that cannot be answered, and why; without it the first one ends all.",
)
@click.option("--model-version", type=click.IntRange(min=1), help="The version that answers; default: the active one.")
@click.option("--restart", is_flag=True, help="Begin anew where other work was begun, or the rows have changed.")
@click.option("--query", metavar="SQL", help="What the database at IN is asked for.")
@click.option("--key", metavar="COLUMN", help="The column by whose values the rows of a database are parted.")
@click.option("--table", metavar="NAME", help="The table of the database at OUT; it must be new, or empty.")
@click.option("--input-format", type=FORMATS, help="What IN is, where its name does not say it.")
@click.option("--output-format", type=FORMATS, help="What OUT shall be, where its name does not say it.")
@click.option("--delimiter", default=",", show_default=True, help="What stands between fields of CSV: , ; | or tab.")
@click.option("--decimal", default=".", show_default=True, help="What stands before the fraction of a number in CSV.")
@click.pass_obj
def score(project: Project, /, model: str, rows: str, answers: str, **said: Any) -> None:
    """Answer the rows of IN into OUT, part by part: files, folders of files, databases.

    MODEL is a model's name, NAME@VERSION, or a bundle that triglot export made. What is done is not done again: the
    same command, run again, goes on where it ended. Exit code 4: all is done, and some rows have no answer.

    Example: triglot score iris-r flowers/ answers/ --keep id --bad-rows bad.csv
    """
    from triglot.engines.choosing import Wanted, engine_of
    from triglot.scoring.run import Incomplete, Work
    from triglot.scoring.scorer import Scorer
    from triglot.versions import bundle_of, carried

    _check_places(rows, answers, said["bad_rows"])
    bundle = bundle_of(project, model, said["model_version"])
    source, variables = carried(project, bundle)
    scorer = Scorer(
        source,
        proba=said["proba"],
        keep=said["keep"],
        bad_rows="refuse" if said["bad_rows"] is None else "aside",
        workers=said["workers"],
        key_file=project.key_file,
        variables=variables,
    )
    work = Work(
        scorer, _input(rows, said, whole=scorer.whole), _output(answers, said), said["bad_rows"], said["partitions"]
    )
    if said["engine"] == "local":
        scorer.executor()  # which takes a second to start, in which the rows are parted
    wanted = Wanted(said["workers"], project.environ, said["master"], said["scheduler"])
    so_far = _SoFar()
    try:
        with closing(engine_of(said["engine"], wanted)) as engine, bar(f"Answering by {bundle.model}", None) as show:
            summary = work.do(engine, so_far.shown(show), restart=said["restart"])
    except KeyboardInterrupt:
        raise Incomplete(f"ended by Ctrl-C: {so_far}") from None
    _tell(summary, f"{bundle.model}, version {bundle.version}", said["bad_rows"])
    click.get_current_context().exit(EXIT_ASIDE if summary.bad else 0)


@dataclass(slots=True)
class _SoFar:
    """How many parts are done, of how many."""

    done: int = 0
    parts: int = 0

    def shown(self, show: Callable[[int, str], None]) -> Callable[[int, int, int], None]:
        """Return what notes these numbers and shows them, with those of the rows."""

        def note(done: int, parts: int, rows: int) -> None:
            self.done, self.parts = done, parts
            show(done, f"{done} of {parts} parts, {rows:,} rows")

        return note

    def __str__(self) -> str:
        if not self.done:
            return "no part is done yet; more of them (--partitions) would be remembered sooner"
        return (
            f"{self.done} of {self.parts} parts are done and stay so; run the same command again, and it goes on there"
        )


def _tell(summary: "Summary", by: str, bad_rows: Path | None) -> None:
    notice(f"{_many(summary.rows - summary.bad, 'row')} answered by {by}, in {_many(summary.parts, 'part')}")
    if summary.before:
        notice(f"{summary.before} of the parts had been done before")
    if summary.repeated:
        notice(f"{summary.repeated} of the parts were asked again, as a worker had ended")
    if summary.bad:
        notice(f"{_many(summary.bad, 'row')} without an answer: see {bad_rows}")


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _check_places(rows: str, answers: str, bad_rows: Path | None) -> None:
    """Raise `BadRequest` where one file would take another's place, or be taken for rows, or can be none."""
    given, out = (None if "://" in place else Path(place).resolve() for place in (rows, answers))
    if bad_rows is not None:
        _check_bad_rows(bad_rows, out)
    for what, path in (("output", out), ("--bad-rows", bad_rows and bad_rows.resolve())):
        if given is None or path is None or not path.is_relative_to(given):
            continue
        if not any(part[0] in "._" for part in path.relative_to(given).parts):  # which is passed by
            raise BadRequest(f"{what}: {str(path)!r} is IN, or within it, and would be taken for rows; name another")


def _check_bad_rows(path: Path, out: Path | None) -> None:
    from triglot.bulk.files import FORMATS as ENDINGS

    if path.suffix.lower() not in ENDINGS:
        raise BadRequest(f"--bad-rows: {str(path)!r} has none of the endings {', '.join(ENDINGS)}; name it so")
    if path.resolve() == out:
        raise BadRequest(f"--bad-rows: {str(path)!r} is OUT as well; name another file")
    if not path.resolve().parent.is_dir():
        raise BadRequest(f"--bad-rows: {str(path)!r} cannot be written: its folder is not there; make it first")


def _input(rows: str, said: dict[str, Any], *, whole: bool) -> "Input":
    from triglot.bulk.cells import Dialect
    from triglot.scoring.inputs import InFiles

    if "://" in rows:
        from triglot.scoring.query import InQuery

        if said["query"] is None or said["key"] is None:
            raise BadRequest("input: a database needs --query, and --key by which its rows are parted")
        return InQuery(rows, said["query"], said["key"], whole=whole)
    if said["query"] or said["key"]:
        raise BadRequest("--query and --key are for databases; IN is a file or a folder here")
    dialect = Dialect.said(said["delimiter"], said["decimal"])
    return InFiles.of(Path(rows).absolute(), said["input_format"], dialect, whole=whole)


def _output(answers: str, said: dict[str, Any]) -> "Output":
    from triglot.bulk.files import FORMATS as ENDINGS
    from triglot.scoring.outputs import OutFile, OutFolder

    if "://" in answers:
        from triglot.scoring.answers_table import OutTable

        if said["table"] is None:
            raise BadRequest("output: a database needs --table, the name of a table that is new or empty")
        return OutTable(answers, said["table"], Path.cwd())
    path = Path(answers).absolute()  # engines' processes have working directories of their own
    if answers.endswith("/") or path.is_dir() or not path.suffix:
        return OutFolder(path, said["output_format"] or "parquet")
    if path.suffix.lower() not in ENDINGS:
        raise BadRequest(
            f"output: {answers!r} has none of the endings {', '.join(ENDINGS)}; name it so, or for a folder with a "
            f"file a part say {answers + '/'!r}"
        )
    return OutFile(path, said["output_format"] or ENDINGS[path.suffix.lower()])
