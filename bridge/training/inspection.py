"""All that is looked at before a configured model is served, in its order: data, fit, answers, and other processes."""

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from triglot.dataset import load
from triglot.errors import TriglotError, WorkerLost
from triglot.languages.launch import Workshop
from triglot.progress import step
from triglot.tables.frames import task_of, to_table, to_target
from triglot.tables.table import Array, Table
from triglot.training import checks
from triglot.training.elsewhere import after_loading, after_refit, elsewhere
from triglot.training.entry import Entry
from triglot.training.fit_worker import Bench, Fitted, bench
from triglot.training.pipelines import language_of
from triglot.training.proof import Version
from triglot.training.remarks import remarks
from triglot.training.series import back_test, is_series
from triglot.training.subject import ROWS, SHOWN, Finding, Subject, Verdict, failed
from triglot.training.unanswered import askable, closed, rows_of
from triglot.training.weight import Weight

logger = logging.getLogger("triglot")


def inspect(entry: Entry, workshop: Workshop) -> Iterator[Finding]:
    """Yield what is found, one after the other; what ends a worker is what was found, and the last of it."""
    try:
        yield from _Inspection(entry, workshop).findings()
    except WorkerLost as error:
        yield Finding("worker", "fail", str(error), "code that ends its process is a crash when it is served")
    except TriglotError as error:
        yield failed("worker", error)


class _Inspection:
    """The inspection of one model; nothing of it is stored."""

    def __init__(self, entry: Entry, workshop: Workshop) -> None:
        self._entry = entry
        self._workshop = workshop
        self._language = language_of(entry.model)

    def findings(self) -> Iterator[Finding]:
        """Yield what is found of data, fit, answers and other processes."""
        try:
            with step("Loading data", logger.debug):
                X, y = load(self._entry.train)
            table = to_table(X)
        except (Exception, SystemExit) as error:  # a loader is the author's code
            yield failed("data", error)
            return
        yield Finding("data", "ok", f"{table.rows:,} rows, {len(table.names)} columns: {', '.join(table.names[:8])}")
        for remark in remarks(self._entry.model, table, y):
            yield Finding("data", "warn", remark, "look whether it is what you mean")
        workshop = self._workshop
        with (
            elsewhere(self._language, workshop) as ready,
            bench(self._language, workshop.environ, workshop.key_file) as first,
        ):
            try:
                fitted = self._fit(first, X, y)
            except WorkerLost:
                raise
            except TriglotError as error:
                yield failed("fit", error)
                return
            yield from of_fit(fitted)
            subject = self._subject(first, fitted, table, y)
            with step("Asking the model", logger.debug):
                found = list(checks.all_of(subject))
            yield from found
            if found[0].verdict == "fail":  # it does not answer, and would not in another process
                return
            if subject.is_series:
                yield self._forecasts(first, table, y)
            with step("Loading and fitting it again elsewhere", logger.debug):
                fresh = ready()
                version = Version.of(self._entry, fitted.artefact, table, first)
                there = after_loading(subject, fresh, version, workshop)
                yield there
                if there.verdict == "fail":  # what is asked there would tell of the same once more
                    return
                try:
                    yield from after_refit(subject, self._fit(fresh, X, y).artefact, fresh)
                except WorkerLost:
                    raise
                except TriglotError as error:
                    yield failed("fit elsewhere", error)

    def _fit(self, worker: Bench, X: Any, y: Any) -> Fitted:
        entry = self._entry
        with step(f"Fitting {entry.name}", logger.debug):
            return worker.fit(entry.name, entry.model, X, y, self._workshop.python_path, entry.terms)

    def _subject(self, worker: Bench, fitted: Fitted, table: Table, y: Any) -> Subject:
        target = None if y is None else to_target(y, task_of(self._entry.model, y))[0]
        schema = fitted.artefact.card().schema
        usable = askable(table, schema)
        few = usable[np.unique(np.linspace(0, len(usable) - 1, ROWS).astype(int))] if len(usable) else usable
        return Subject(
            worker,
            self._entry.name,
            fitted.artefact,
            table.take(few),
            None if target is None else target[few],
            self._entry.terms,
            tuple(closed(table, schema)),
            is_series(table, target),
        )

    def _forecasts(self, worker: Bench, table: Table, y: Any) -> Finding:
        def forecast(origin: int, ahead: int) -> Array:
            rows = np.arange(origin)
            fitted = self._fit(worker, table.take(rows), rows_of(y, rows))
            return worker.predict(self._entry.name, fitted.artefact, table.slice(0, ahead))

        try:
            with step("Forecasting from several origins", logger.debug):
                return back_test(to_target(y, "regression")[0], forecast)
        except WorkerLost:
            raise
        except TriglotError as error:
            return failed("back-test", error)


def of_fit(fitted: Fitted) -> Iterator[Finding]:
    """Yield which functions there are, what the fit gave, printed and warned of, what the script changes for all."""
    spec = fitted.artefact.card().spec
    said = [
        f"{key} is {spec[key]}" for key in ("script", "fit", "predict", "predict_proba", "dump", "load") if key in spec
    ]
    if said:
        yield Finding("functions", "ok", ", ".join(said))
    seconds = fitted.info.get("seconds") or 0.0
    text = f"{fitted.info.get('native_class', 'a model')}, {fitted.task}, in {seconds:.2f} s"
    if (compiled := fitted.info.get("compile_seconds")) is not None:
        text += f", of which {compiled:.2f} s were compilation"
    yield Finding("fit", "ok", text)
    yield size(fitted.weight)
    beyond = fitted.info.get("beyond")
    told = [*(beyond or ()), *filter(None, [fitted.weight.remark])]
    warned = [line for line in fitted.warnings if not any(part in line for part in told)]
    for line in dict.fromkeys(warned[:SHOWN]):
        yield Finding("warning", "warn", line, "look whether the model is what you mean")
    if printed := fitted.output.strip().splitlines():
        yield Finding("output", "ok", " / ".join(printed[:SHOWN]) + (" ..." if len(printed) > SHOWN else ""))
    if beyond is not None:
        yield checks.beyond(beyond)


def size(weight: Weight) -> Finding:
    """Return how large the artefact is, and how it is slimmed where one part is most of it."""
    verdict: Verdict = "warn" if weight.one_sided else "ok"
    return Finding("size", verdict, str(weight), weight.remedy if weight.one_sided else "")
