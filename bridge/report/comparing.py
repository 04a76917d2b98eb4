"""The page of a comparison: what decides first, then what it costs, then the rows that the models disagree on."""

import itertools
from typing import Any

import numpy as np

from triglot.languages.known import language_name
from triglot.report import figures
from triglot.report.answers import section
from triglot.report.page import Block, Plot, Rows, Section
from triglot.tables.table import Array
from triglot.training.comparison import Comparison, Result

MOST_ROWS = 25
MOST_COLUMNS = 6
SMALLER_IS_BETTER = {"log loss", "RMSE", "mean absolute error"}


def sections(comparison: Comparison) -> list[Section]:
    """Return the sections of the page."""
    names = ", ".join(result.name for result in comparison.results)
    each = [
        section(
            result.name,
            f"{language_name(result.language)}; each row answered by a fit that did not see it.",
            result.answers,
        )
        for result in comparison.results
    ]
    gone = [Section(name, [], f"Left out, because it failed: {error}") for name, error in comparison.failed.items()]
    return [_scores(comparison, names), _disagreements(comparison), *each, *gone]


def table(comparison: Comparison) -> Rows:
    """Return what the page and the terminal show first: a row a model."""
    results, measures = comparison.results, comparison.measures
    head = ["model", "language", *measures, "fit", "one row", "artefact"]
    rows = [
        [
            result.name,
            language_name(result.language),
            *(_score(result, name) for name in measures),
            _seconds(float(np.mean(result.fit_s))),
            _seconds(result.one_row_s),
            _bytes(result.size),
        ]
        for result in results
    ]
    best = set()
    for j, name in enumerate(measures):
        sign = -1 if name in SMALLER_IS_BETTER else 1
        means = np.array([sign * result.mean(name) for result in results])
        if not np.isnan(means).all():
            best.add((int(np.nanargmax(means)), 2 + j))
    costs = np.array([[np.mean(result.fit_s), result.one_row_s, result.size] for result in results])
    best |= {(int(least), 2 + len(measures) + j) for j, least in enumerate(costs.argmin(axis=0))}
    numbers = frozenset(range(2, len(head)))
    return Rows(head, rows, "Means over the folds, ± their standard deviation", numbers, frozenset(best))


def _score(result: Result, measure: str) -> str:
    """Return the mean of a measure and its deviation; a dash where a fold has none."""
    mean = result.mean(measure)
    return "—" if np.isnan(mean) else f"{mean:.3f} ± {np.std(result.scores[measure]):.3f}"


def _telling(measures: list[str]) -> list[str]:
    """Return the score itself, and the first measure of how far off the answers are."""
    return [measures[0], *[name for name in measures if name in SMALLER_IS_BETTER][:1]]


def _scores(comparison: Comparison, names: str) -> Section:
    results = comparison.results
    shown = [result.name for result in results]
    plots: list[Block] = [
        Plot(
            f"{measure[0].upper()}{measure[1:]}, fold by fold",
            figures.points(shown, [result.scores[measure] for result in results], measure),
            f"A point a fold, the stroke their mean; {'less' if measure in SMALLER_IS_BETTER else 'more'} is better.",
        )
        for measure in _telling(comparison.measures)
    ]
    costs = (
        ("Fit", [float(np.mean(r.fit_s)) for r in results], _seconds, "Mean over the folds, in the author's own code."),
        (
            "One row",
            [r.one_row_s for r in results],
            _seconds,
            "Median of a request for one row, with the way to the worker.",
        ),
        ("Artefact", [float(r.size) for r in results], _bytes, "What is stored and sent to workers."),
    )
    plots += [
        Plot(title, figures.bars(shown, values, [text(value) for value in values]), caption)
        for title, values, text, caption in costs
    ]
    lead = f"{names} on the same {comparison.folds} folds of the same {comparison.X.rows:,} rows."
    return Section("Side by side", [table(comparison), *plots], lead)


def _disagreements(comparison: Comparison) -> Section:
    rows = comparison.disagreements()
    if comparison.task == "regression":
        lead = f"The {min(MOST_ROWS, len(rows))} rows on which the predictions lie furthest apart."
    elif not len(rows):
        return Section("Where they disagree", [], "Nowhere: all models give every row the same label.")
    else:
        lead = (
            f"The models disagree on {len(rows):,} of {comparison.X.rows:,} rows; those on which all of them are sure "
            "come first."
        )
    blocks: list[Block] = []
    if comparison.task == "classification":
        blocks.append(_pairs(comparison))
    blocks.append(_rows(comparison, rows[:MOST_ROWS]))
    return Section("Where they disagree", blocks, lead)


def _pairs(comparison: Comparison) -> Rows:
    """Return who is right where the other is not."""
    lines = []
    for one, other in itertools.combinations(comparison.results, 2):
        mine, theirs = (r.answers.predicted == r.answers.y for r in (one, other))
        lines.append(
            [
                f"{one.name} and {other.name}",
                *(
                    f"{int(count.sum()):,}"
                    for count in (mine & theirs, mine & ~theirs, ~mine & theirs, ~mine & ~theirs)
                ),
            ]
        )
    head = ["pair", "both right", "only the first", "only the second", "both wrong"]
    return Rows(head, lines, "Who is right", numbers=frozenset({1, 2, 3, 4}))


def _rows(comparison: Comparison, rows: Array) -> Rows:
    columns = list(zip(comparison.X.names, comparison.X.columns, strict=True))[:MOST_COLUMNS]
    values = [column.take(rows).to_list() for _, column in columns]
    lines = []
    good = set()
    for i, row in enumerate(rows.tolist()):
        line = [str(row), *(_value(column[i]) for column in values), _truth(comparison.results[0], row)]
        for result in comparison.results:
            if comparison.task == "classification" and result.answers.predicted[row] == result.answers.y[row]:
                good.add((i, len(line)))
            line.append(_answer(result, row))
        lines.append(line)
    head = ["row", *(name for name, _ in columns), "true", *(result.name for result in comparison.results)]
    left = len(comparison.X.names) - len(columns)
    caption = "Row by row; right answers are marked" if comparison.task == "classification" else "Row by row"
    return Rows(
        head,
        lines,
        f"{caption}{f'; {left} more columns are not shown' if left else ''}",
        numbers=frozenset(range(1 + len(columns))),
        best=frozenset(good),
    )


def _answer(result: Result, row: int) -> str:
    answers = result.answers
    if answers.task == "regression":
        return _value(answers.predicted[row])
    code = int(answers.predicted[row])
    sure = "" if answers.shares is None else f"  ({answers.shares[row, code]:.0%})"
    return f"{answers.names[code]}{sure}"


def _truth(result: Result, row: int) -> str:
    answers = result.answers
    return answers.names[int(answers.y[row])] if answers.task == "classification" else _value(answers.y[row])


def _value(value: Any) -> str:
    if np.ndim(value):
        return ", ".join(f"{one:.4g}" for one in value)
    if value is None:
        return "—"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.0f} µs"


def _bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
