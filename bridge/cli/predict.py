"""`predict`: a file of rows in, a file of answers out, through workers of the command's own."""

from pathlib import Path

import click

from triglot.progress import bar, notice
from triglot.project import Project
from triglot.scoring.executor import closing_executors
from triglot.versions import bundle_of, carried

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
    from triglot.bulk import files  # which brings pyarrow along
    from triglot.bulk.cells import Dialect
    from triglot.bulk.writing import batch_writer
    from triglot.scoring.scorer import Scorer

    kind, kind_out = files.format_of(file, input_format, "input"), files.format_of(output, output_format, "output")
    bundle = bundle_of(project, str(name or _usual_name(project)), model_version)
    source, variables = carried(project, bundle)
    coded = kind_out in ("arrow", "arrows")
    scorer = Scorer(
        source,
        proba=proba,
        keep=keep,
        lenient=False,
        coded=coded,
        workers=workers,
        key_file=project.key_file,
        variables=variables,
    )
    answered = 0
    with files.opened(file, kind, whole=scorer.whole, dialect=Dialect.said(delimiter, decimal)) as rows:
        schema, reader = scorer.begun(rows.reader)
        with (
            files.written(output) as sink,
            closing_executors(),
            bar(f"Answering {file.name} by {bundle.model}", rows.total) as show,
        ):
            writer = batch_writer(kind_out, sink, schema)
            for scored in scorer.scored(reader, schema):
                writer.write_batch(scored.batch)
                answered += scored.rows
                show(rows.done(answered), f"{answered:,} rows")
            writer.close()
    notice(f"{answered:,} rows answered by {bundle.model}, version {bundle.version}")


def _usual_name(project: Project) -> str:
    return str(getattr(project.predict_service(), "model", None) or project.only_name)
