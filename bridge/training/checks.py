"""What may surprise the author of a model once it is served, found out before: each check asks a fitted model.

A check is a function of a `Subject`; it answers one `Finding`: what was found, and what to do about it.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from triglot.errors import BadRequest, EstimatorFailed
from triglot.protocol.batching import Limits
from triglot.tables.json_answers import is_json
from triglot.tables.likeness import alike
from triglot.tables.table import Column, Table
from triglot.training.proof import NUMBERS
from triglot.training.scoring import score
from triglot.training.subject import Finding, Subject, failed, listed
from triglot.training.unanswered import Unanswered, unanswered

MANY = 1_000
COLUMNS = 50
SLOW_S = 1.0
UNSEEN = "a level that training did not have"


def predictions(subject: Subject) -> Finding:
    """All training rows are answered, better than by one answer for all of them."""
    answers = subject.predict(subject.X)
    gone = Unanswered.among(answers, subject.X)
    if gone.surprising and not subject.terms.missing_allowed:
        return Finding("predict", "fail", str(gone), NUMBERS)
    if subject.y is None or subject.is_series or is_json(answers):
        return Finding("predict", "ok", f"answered {len(answers)} rows{', by any JSON' * is_json(answers)}")
    kept = ~unanswered(answers)
    if not kept.any():
        return Finding("predict", "warn", str(gone), "look whether it is what you mean")
    reached = score(subject.card.task, subject.y[kept], answers[kept])
    if subject.classes is None:
        text = f"R² {reached:.3f} on {len(answers)} training rows"
        if reached < 0:
            return Finding(
                "predict", "warn", text, "the mean of the target is better: do predict and fit treat X alike?"
            )
        return Finding("predict", "ok", text)
    usual = float(np.bincount(subject.y.astype(int)).max() / len(subject.y))
    text = f"accuracy {reached:.3f} on {len(answers)} training rows"
    if reached < usual:
        most = subject.classes[int(np.bincount(subject.y.astype(int)).argmax())]
        return Finding(
            "predict",
            "warn",
            f"{text}, which {most!r} for every row would better ({usual:.3f})",
            "if the model should know more, its labels may be in another order than y's: answer the labels themselves",
        )
    return Finding("predict", "ok", f"{text}, {len(set(answers.tolist()))} of {len(subject.classes)} classes answered")


def probabilities(subject: Subject) -> Finding:
    """The columns are in the order of the classes: the most probable class is the predicted one."""
    check = "predict_proba"
    if subject.classes is None:
        why = "it answers any JSON" if subject.card.any_answers else "a regression has none"
        return Finding(check, "ok", why)
    if not subject.has_probabilities():
        return Finding(check, "ok", "the model has none; only its labels are served")
    shares = subject.worker.predict_proba(subject.name, subject.artefact, subject.X)
    codes = subject.predict(subject.X)
    if (gone := Unanswered.among(shares, subject.X)).surprising and not subject.terms.missing_allowed:
        return Finding(check, "fail", str(gone), NUMBERS)
    kept = ~unanswered(shares)
    shares, codes = shares[kept], codes[kept]
    if not len(codes):
        return Finding(check, "warn", str(gone), "look whether it is what you mean")
    if (off := np.abs(shares.sum(axis=1) - 1)).max() > 1e-3:
        row = int(off.argmax())
        return Finding(
            check, "fail", f"the probabilities of row {row} have sum {shares[row].sum():.4g}", "divide by the sum"
        )
    seen = sorted(set(codes.tolist()))
    likeliest = [int(shares[codes == code].mean(axis=0).argmax()) for code in seen]
    agree = float(np.mean(shares.argmax(axis=1) == codes))
    if agree < 0.5 and likeliest != seen:
        taken = ", ".join(
            f"{subject.classes[code]!r} has its largest share in the column of {subject.classes[column]!r}"
            for code, column in zip(seen, likeliest, strict=True)
            if code != column
        )
        return Finding(
            check,
            "fail",
            f"the columns are in another order than the classes: {taken}",
            "name the columns by the classes, or give them in this order: " + ", ".join(map(repr, subject.classes)),
        )
    text = f"columns {', '.join(map(repr, subject.classes[:5]))}{', ...' if len(subject.classes) > 5 else ''}"
    if agree < 0.95:
        return Finding(
            check,
            "warn",
            f"{text}; the most probable class is the predicted one in {agree:.0%} of the rows only",
            "callers that take the largest share get other answers than callers of predict; say so, or use one rule",
        )
    return Finding(check, "ok", f"{text}; the most probable one is the predicted one in {agree:.0%} of the rows")


def one_row(subject: Subject) -> Finding:
    """A single row, which is what most requests are, is answered."""
    answer = subject.shares(subject.X.slice(0, 1))
    if len(answer) != 1:
        return Finding("one row", "fail", f"gave {len(answer)} answers", "keep the shape of one row: drop = FALSE in R")
    return Finding("one row", "ok", "answered")


def no_rows(subject: Subject) -> Finding:
    """No rows are answered by no rows."""
    found = len(subject.predict(subject.X.slice(0, 0)))
    return Finding("zero rows", "ok" if found == 0 else "fail", f"{found} answers, without asking the model")


def same_again(subject: Subject) -> Finding:
    """The same rows get the same answers again, so that versions can be proved by golden rows."""
    if alike(subject.shares(subject.X), subject.shares(subject.X)):
        return Finding("same again", "ok", "the same rows have the same answers")
    return Finding(
        "same again",
        "warn",
        "the same rows have other answers each time",
        "predict draws random numbers: seed it inside predict; as it is, no golden rows are kept that would find a "
        "damaged or changed model when it is loaded",
    )


def rows_beside(subject: Subject) -> Finding:
    """The answer to a row is the same in any order and company; workers answer many requests by one call."""
    check = "rows beside"
    X, together = subject.X, subject.shares(subject.X)
    if not alike(together, subject.shares(X)):
        return Finding(check, "ok", "cannot be told, because answers differ from call to call")
    places = np.unique(np.linspace(0, X.rows - 1, 5).astype(int))
    singles = np.concatenate([subject.shares(X.slice(place, place + 1)) for place in places.tolist()])
    part = slice(0, max(1, X.rows // 3))
    wrong = [
        what
        for what, alike in (
            ("alone", alike(together[places], singles)),
            ("with one other row", alike(together[:2], subject.shares(X.slice(0, 2)))),
            ("in reversed order", alike(together, subject.shares(X.take(np.arange(X.rows)[::-1]))[::-1])),
            ("with fewer rows", alike(together[part], subject.shares(X.slice(part.start, part.stop)))),
        )
        if not alike
    ]
    if not wrong:
        return Finding(check, "ok", "a row has the same answer alone, in any order and with fewer rows")
    text = f"a row has another answer {' and '.join(wrong)}"
    if Limits.of(subject.terms.batch).alone:
        return Finding(check, "ok", f"{text}; 'batch': False is declared, so every request is answered by itself")
    return Finding(
        check,
        "fail",
        text,
        "take from the training data what is computed from the rows of a request (means, scales, ranks); or write "
        "'batch': False beside 'model' in the configuration, so that every request is answered by a call of its own",
    )


def missing_values(subject: Subject) -> Finding:
    """A missing value is refused where training had none, and answered where it had some."""
    check = "missing values"
    nullable = {field["name"] for field in subject.card["schema"] if field.get("nullable")}
    failed, refused, message = [], 0, ""
    for j, name in enumerate(subject.X.names[:COLUMNS]):
        gone = replace(subject.X.columns[j].slice(0, 1), missing=np.array([True]))
        try:
            answer = subject.predict(_with(subject.X.slice(0, 1), j, gone))
            if subject.classes is None and unanswered(answer).any():
                failed.append(name)
                message = "the answer is no finite number"
        except BadRequest:
            refused += 1
        except EstimatorFailed as error:
            failed.append(name)
            message = str(error)
    if failed:
        had = sorted(nullable & set(failed))
        return Finding(
            check,
            "fail",
            f"training had missing values in {listed(had or failed)}, and predict fails there: {message}",
            "fill them in fit and in predict, or leave such rows out in the dataset loader: then requests with a "
            "missing value are refused as the caller's fault",
        )
    if subject.closed:
        return Finding(
            check,
            "warn",
            f"{listed(subject.closed)}: training had missing values, and the model fails on them: a request "
            "without a value is refused",
            "fill them in fit and in predict if such rows are to be answered",
        )
    answered = min(len(subject.X.names), COLUMNS) - refused
    return Finding(
        check,
        "ok",
        f"answered in {answered} columns; in {refused}, where training had none missing, a request without a value "
        "gets a 400",
    )


def unseen_levels(subject: Subject) -> Finding:
    """A level or a text that training did not have is refused, or answered as the configuration says."""
    check = "unseen levels"
    policies = {field["name"]: field.get("unseen", "error") for field in subject.card["schema"]}
    told, verdict, message = [], "ok", ""
    for j, (name, column) in enumerate(zip(subject.X.names, subject.X.columns, strict=True)):
        if column.kind not in ("category", "string"):
            continue
        try:
            subject.predict(_with(subject.X.slice(0, 1), j, _unseen(column.slice(0, 1))))
            told.append(f"{name}: answered")
        except BadRequest:
            told.append(f"{name}: refused")
        except EstimatorFailed as error:
            told.append(f"{name}: fails")
            verdict, message = "warn", f": {error}"
    if not told:
        return Finding(check, "ok", "there are no categories and no text")
    text = f"{listed(told)}{message}"
    if verdict == "ok":
        return Finding(check, "ok", text)
    said = sorted(set(policies.values()) - {"error"})
    return Finding(
        check,
        "warn",
        text,
        f"'unseen_levels' is {said[0]!r}: make predict answer such values"
        if said
        else "make the column a category ('dtype' of the loader): then what is unseen is refused as the caller's fault",
    )


def speed(subject: Subject) -> Finding:
    """One row is quick enough for a request."""
    one = _median(lambda: subject.predict(subject.X.slice(0, 1)), 20)
    many = subject.X.take(np.arange(MANY) % subject.X.rows)
    all_s = _median(lambda: subject.predict(many), 3)
    text = f"one row {one * 1e3:.2f} ms, {MANY:,} rows {all_s * 1e3:.1f} ms (medians, with the way to the worker)"
    if one > SLOW_S:
        return Finding("time", "warn", text, "a request waits as long as that: precompute in fit what does not change")
    return Finding("time", "ok", text)


CHECKS: dict[str, Callable[[Subject], Finding]] = {
    "predict": predictions,
    "predict_proba": probabilities,
    "one row": one_row,
    "zero rows": no_rows,
    "same again": same_again,
    "rows beside": rows_beside,
    "missing values": missing_values,
    "unseen levels": unseen_levels,
    "time": speed,
}


def all_of(subject: Subject) -> Iterator[Finding]:
    """Yield a finding a check; where the author's code raises it is what was found."""
    for name, check in CHECKS.items():
        try:
            yield check(subject)
        except (BadRequest, EstimatorFailed) as error:
            yield failed(name, error)


def beyond(changes: Sequence[str]) -> Finding:
    """Reading the script and fitting leave alone what all models of a worker share."""
    check = "other models"
    if not changes:
        return Finding(check, "ok", "the script changes nothing that they share with it")
    return Finding(
        check,
        "warn",
        f"the script {listed(changes)}",
        "all models of a worker share that: write methods for types of your own, or functions of your own, and keep "
        "variables in your module",
    )


def _with(X: Table, place: int, column: Column) -> Table:
    columns = [column if j == place else other for j, other in enumerate(X.columns)]
    return Table(X.names, columns=columns)


def _unseen(column: Column) -> Column:
    """Return a column of one row with a value that training did not have."""
    if column.kind == "string":
        return Column.strings([UNSEEN])
    return Column.category(np.array([len(column.levels)]), (*column.levels, UNSEEN), ordered=column.ordered)


def _median(call: Callable[[], Any], times: int) -> float:
    call()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)
