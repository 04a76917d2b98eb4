"""`predict`: a file of rows in, a file of answers out, through workers of the command's own."""

import sys
from pathlib import Path

import click

from triglot.errors import BadRequest
from triglot.persisters.decorated import read_model
from triglot.progress import bar, notice
from triglot.project import Project
from triglot.protocol.batching import Limits
from triglot.tables.table import Array, Table
from triglot.training.fit_worker import bench

FORMATS = click.Choice(("csv", "jsonl", "parquet", "arrow", "arrows"))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False))
@click.argument("name", required=False, metavar="[MODEL]")
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path, allow_dash=True, dir_okay=False),
    help="The file of answers; - is standard output.",
)
@click.option("--proba", is_flag=True, help="Probabilities, a column a class, instead of classes.")
@click.option("--model-version", type=click.IntRange(min=1), help="The version that answers; default: the active one.")
@click.option("--keep", multiple=True, metavar="COLUMN", help="Copy this column of FILE into the output, too.")
@click.option("--input-format", type=FORMATS, help="What FILE is, where its name does not say it.")
@click.option("--output-format", type=FORMATS, help="What the output shall be, where its name does not say it.")
@click.option("--delimiter", default=",", show_default=True, help="What stands between fields of CSV: , ; | or tab.")
@click.option("--decimal", default=".", show_default=True, help="What stands before the fraction of a number in CSV.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="How many answer.")
@click.pass_obj
def predict(
    project: Project,
    file: Path,
    name: str | None,
    output: Path,
    proba: bool,
    model_version: int | None,
    keep: tuple[str, ...],
    input_format: str | None,
    output_format: str | None,
    delimiter: str,
    decimal: str,
    workers: int,
) -> None:
    """Answer the rows of FILE into another file: CSV, JSON lines, Parquet or Arrow, as the names end.

    Rows are read, answered and written in pieces, so that files may be larger than memory. The output is there only
    when it is whole. Its column is prediction, or one a class with --proba; - stands for standard input and output.

    Example: triglot predict flowers.parquet iris-r --output answers.csv --keep id
    """
    from triglot.bulk import files, flow  # which bring pyarrow along
    from triglot.bulk.cells import Dialect

    kind, kind_out = files.format_of(file, input_format, "input"), files.format_of(output, output_format, "output")
    name = str(name or getattr(project.predict_service(), "model", None) or project.only_name)
    stored = read_model(project.store, name, model_version)
    artefact = stored.artefact
    card = artefact.card()
    schema = card.schema
    whole = Limits.of(card.batch).alone
    if proba and card.labels is None:
        raise BadRequest(f"model {name!r} is no classifier and has no probabilities")
    answered = 0
    pace, kept = flow.Pace(len(schema.names), whole=whole), flow.Kept()
    with files.opened(file, kind, whole=whole, dialect=Dialect.said(delimiter, decimal)) as rows:
        tables = flow.tables(rows.reader, schema, pace, sys.maxsize, keep=keep, kept=kept)
        with (
            files.written(output) as sink,
            bench(card.language, project.environ, project.key_file, workers) as worker,
            bar(f"Answering {file.name} by {name}", rows.total) as show,
        ):
            writer = files.writer(kind_out, sink, card.labels, proba=proba)

            def ask(X: Table) -> Array:
                return worker.answer(name, artefact, X, {}, proba=proba)

            for answer in flow.answers(tables, ask, pace, workers * flow.PER_WORKER):
                writer.write(answer, kept.popleft())
                answered += len(answer)
                show(rows.done(answered), f"{answered:,} rows")
            writer.close()
    notice(f"{answered:,} rows answered by {name}, version {stored.version}")
