"""What may surprise the author of a model once it is served, found out before: each check asks a fitted model.

A check is a function of a `Subject`; it answers one `Finding`: what was found, and what to do about it.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from triglot.artefact import Artefact
from triglot.errors import BadRequest, EstimatorFailed
from triglot.manifest import UnverifiedManifest
from triglot.protocol.batching import Batch, Limits
from triglot.tables.labels import Label
from triglot.tables.likeness import alike
from triglot.tables.table import Array, Column, Table
from triglot.training.fit_worker import Bench
from triglot.training.scoring import score

Verdict: TypeAlias = Literal["ok", "warn", "fail"]

ROWS = 200
MANY = 1_000
COLUMNS = 50
SLOW_S = 1.0
UNSEEN = "a level that training did not have"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; a remedy wherever the verdict is not "ok"."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A fitted model, the worker that answers for it, and up to `ROWS` rows of its training data.

    y has shape (rows,) or (rows, outputs): codes of the classes, or numbers; None for models without a target. closed:
    the columns that had gaps in training, and must have a value because the model fails on them.
    """

    worker: Bench
    name: str
    artefact: Artefact
    X: Table
    y: Array | None
    batch: Batch = True
    closed: tuple[str, ...] = ()

    @property
    def card(self) -> UnverifiedManifest:
        """What the manifest says."""
        return self.artefact.card()

    @property
    def classes(self) -> tuple[Label, ...] | None:
        """The classes in their order, or None for a regression."""
        return self.card.classes

    def predict(self, X: Table) -> Array:
        """Return a code or a number a row, or a row of numbers where there are several outputs."""
        return self.worker.predict(self.name, self.artefact, X)

    def shares(self, X: Table) -> Array:
        """Return what tells most of the model's answer: probabilities where it has any, else its predictions."""
        if self.classes is not None and self.has_probabilities():
            return self.worker.predict_proba(self.name, self.artefact, X)
        return np.asarray(self.predict(X), dtype=np.float64)

    def has_probabilities(self) -> bool:
        """Return whether the golden rows could be asked for probabilities, which is tried at each fit."""
        golden = self.card.golden
        if golden is None and self.classes is not None:
            try:
                self.worker.predict_proba(self.name, self.artefact, self.X.slice(0, 1))
            except (BadRequest, EstimatorFailed):
                return False
            return True
        return golden is not None and golden.op == "predict_proba"


def predictions(subject: Subject) -> Finding:
    """All training rows are answered, better than by one answer for all of them."""
    answers = subject.predict(subject.X)
    if subject.classes is None and not np.isfinite(np.asarray(answers, dtype=np.float64)).all():
        gone = int((~np.isfinite(np.asarray(answers, dtype=np.float64))).sum())
        return Finding(
            "predict",
            "fail",
            f"{gone} of {answers.size} answers are no finite numbers",
            "look at the rows with missing or extreme values; answer a number for every row",
        )
    if subject.y is None:
        return Finding("predict", "ok", f"answered {len(answers)} rows")
    reached = score(subject.card.task, subject.y, answers)
    if subject.classes is None:
        text = f"R² {reached:.3f} on {len(answers)} training rows"
        if reached < 0:
            return Finding("predict", "warn", text, "the mean of the target is better: is X in the units of the fit?")
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
        return Finding(check, "ok", "a regression has none")
    if not subject.has_probabilities():
        return Finding(check, "ok", "the model has none; only its labels are served")
    shares = subject.worker.predict_proba(subject.name, subject.artefact, subject.X)
    codes = subject.predict(subject.X)
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
            ("in reversed order", alike(together, subject.shares(X.take(np.arange(X.rows)[::-1]))[::-1])),
            ("with fewer rows", alike(together[part], subject.shares(X.slice(part.start, part.stop)))),
        )
        if not alike
    ]
    if not wrong:
        return Finding(check, "ok", "a row has the same answer alone, in any order and with fewer rows")
    text = f"a row has another answer {' and '.join(wrong)}"
    if Limits.of(subject.batch).alone:
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
            if subject.classes is None and not np.isfinite(np.asarray(answer, dtype=np.float64)).all():
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
            f"training had missing values in {_listed(had or failed)}, and predict fails there: {message}",
            "fill them in fit and in predict, or leave such rows out in the dataset loader: then requests with a "
            "missing value are refused as the caller's fault",
        )
    if subject.closed:
        return Finding(
            check,
            "warn",
            f"{_listed(list(subject.closed))}: training had missing values, and the model fails on them: a request "
            "without a value is refused",
            "fill them in fit and in predict if such rows are to be answered",
        )
    answered = min(len(subject.X.names), COLUMNS) - refused
    return Finding(check, "ok", f"answered in {answered} columns, refused in {refused} where training had none")


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
    text = f"{_listed(told)}{message}"
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


def failed(check: str, error: Exception) -> Finding:
    """Return the finding of a check that the author's code did not live through, with the author's own lines."""
    trace = str(getattr(error, "traceback", "")).strip()
    remedy = f"look at your code:\n{trace}" if trace else "see the message"
    return Finding(check, "fail", str(error), remedy)


def beyond(changes: Sequence[str]) -> Finding:
    """Reading the script and fitting leave alone what all models of a worker share."""
    check = "other models"
    if not changes:
        return Finding(check, "ok", "the script changes nothing that they share with it")
    return Finding(
        check,
        "warn",
        f"the script {_listed(list(changes))}",
        "all models of a worker share that: write methods for types of your own, or functions of your own, and keep "
        "variables in your module",
    )


def after_loading(subject: Subject, fresh: Bench) -> Finding:
    """A fresh process answers as the one that fitted the model."""
    check = "serialisation"
    again = replace(subject, worker=fresh)
    if not alike(subject.shares(subject.X), again.shares(subject.X)) and alike(
        subject.shares(subject.X), subject.shares(subject.X)
    ):
        return Finding(
            check,
            "fail",
            "a fresh process answers differently",
            "part of the model lives outside of it (a global variable, an external pointer): keep it in what fit "
            "returns, or write functions that dump and load it",
        )
    size = len(subject.artefact.blob)
    return Finding(check, "ok", f"{_bytes(size)}; a fresh process answers the same")


def after_refit(subject: Subject, refitted: Artefact, fresh: Bench) -> Finding:
    """The same data give the same model again."""
    again = replace(subject, worker=fresh, artefact=refitted)
    if alike(subject.shares(subject.X), again.shares(subject.X)):
        return Finding("reproducibility", "ok", "fitted again, it answers the same")
    seeded = "random_state of the estimator" if subject.card.language == "python" else "'seed' in the configuration"
    return Finding("reproducibility", "warn", "fitted again, it answers differently", f"set {seeded}")


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


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
