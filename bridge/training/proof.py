"""The proof of a version, before it is activated: a fresh process in an empty folder answers as the fit's own did.

It is asked for the golden rows together and one by one, in every way that serving asks, and for a sample of the
training data.
"""

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from triglot.artefact import Artefact, changed, load_key
from triglot.errors import BadRequest, EstimatorFailed, TriglotError, WorkerLost
from triglot.languages.launch import Workshop
from triglot.manifest import Golden, Question
from triglot.protocol.batching import Limits
from triglot.tables.json_answers import is_json
from triglot.tables.likeness import alike
from triglot.tables.table import Array, Table
from triglot.training.entry import UNSAID, Entry, Terms
from triglot.training.fit_worker import Bench, starting_bench
from triglot.training.unanswered import SHOWN, Unanswered, askable

SAMPLE = 200
FEW = 5  # of a model without golden rows
ALONE_S = 10.0  # after so long no further row is asked alone
NUMBERS = (
    "Answer a number for each, or leave such rows out in the dataset loader; or write "
    "'answers': {'missing': 'allowed'} beside 'model' in the configuration, if callers are to get null there"
)

# What a failure hangs on: the process that loads the version, or the model wherever it is.
Kind: TypeAlias = Literal["process", "model"]


@dataclass(frozen=True, eq=False)
class Version:
    """What is to be proved: a version that may not be stored yet, and up to `SAMPLE` rows of its training data.

    places: the rows' indexes among all. answers: what the fit's own process gives for them, if it was asked.
    failing: on which of the sample it fails there, with its error; they are not among `rows`.
    """

    name: str
    artefact: Artefact
    rows: Table
    places: Array
    terms: Terms = UNSAID
    answers: Array | None = None
    failing: str = ""

    @classmethod
    def of(cls, entry: Entry, artefact: Artefact, table: Table, worker: Bench | None = None) -> "Version":
        """Return a configured model's new version, with a sample of its training data, evenly spaced.

        worker: the one that fitted it, to be asked for the sample.
        """
        usable = askable(table, artefact.card().schema)
        places = usable[np.unique(np.linspace(0, len(usable) - 1, SAMPLE).astype(int))] if len(usable) else usable
        version = cls(entry.name, artefact, table.take(places), places, entry.terms)
        if worker is None or version.golden is None:
            return version
        question = version.golden.op
        try:
            return replace(version, answers=_ask(worker, version, question, version.rows))
        except (BadRequest, EstimatorFailed) as error:
            return _without_failing(worker, version, question, error)

    @classmethod
    def stored(cls, name: str, artefact: Artefact) -> "Version":
        """Return a version whose training data are not at hand, so that its golden rows are all that is asked."""
        return cls(name, artefact, artefact.card().schema.rows([]), np.arange(0))

    @cached_property
    def golden(self) -> Golden | None:
        """The golden rows; None of a model that answers differently each time."""
        return self.artefact.card().golden


class _Unproved(Exception):
    """A version does not do what serving asks of it, for a reason of this kind."""

    def __init__(self, message: str, kind: Kind) -> None:
        super().__init__(message)
        self.kind = kind


class Prover:
    """Proves one version by a process that is started for it."""

    def __init__(self, ready: Callable[[], Bench], language: str, workshop: Workshop) -> None:
        self._ready = ready
        self._language = language
        self._workshop = workshop

    def why_not(self, version: Version) -> str | None:
        """Return why a version is not proved, and what to do; None where it is."""
        try:
            _try(self._ready(), self._elsewhere(version))
        except _Unproved as found:
            return f"{found}{self._cause(version, str(found)) if found.kind == 'process' else ''}"
        except TriglotError as error:
            return f"no fresh process came up to prove it: {error}"
        return None

    def _elsewhere(self, version: Version) -> Version:
        """Return the version as it is where its author's folder is not.

        Julia's scripts look beside themselves (`@__DIR__`); those of R do so in the working directory, and their folder
        is where renv's library is.
        """
        spec = dict(version.artefact.card().spec)
        if self._language != "julia" or not spec.get("script") or not spec.pop("folder", ""):
            return version
        key = load_key(self._workshop.key_file, self._workshop.environ)
        return replace(version, artefact=changed(version.artefact, key, spec=spec))

    def _cause(self, version: Version, message: str) -> str:
        """Return what the process lacks: files of the folder of the fit, or what the fit's own process knew."""
        try:
            with starting_bench(self._language, self._workshop.environ, self._workshop.key_file) as ready:
                _try(ready(), version)
        except TriglotError:  # it did not come up, and tells nothing
            return ""
        except _Unproved:
            return (
                "\nWhat fit keeps outside of the model that it returns (a global, a table in the script, a connection) "
                "is not stored: return all that predict needs"
            )
        scripts = Path(str(version.artefact.card().spec.get("script") or "")).name
        here = (entry.name for entry in os.scandir() if entry.is_file() and entry.name != scripts)
        named = sorted(name for name in here if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", message))
        files = f", or declare it inside 'model', next to 'script': 'files': {named or ['...']}"
        declared = "" if self._language == "python" else files
        return (
            f"\nIt answers in the folder of the fit alone, so it reads {', '.join(named) or 'a file'} there, "
            f"which is not part of the version: read it in fit, and keep what it says in the model{declared}"
        )


@contextmanager
def prover(language: str, workshop: Workshop, *, wanted: bool = True) -> Iterator[Prover | None]:
    """Start a fresh process in an empty folder, and hold it; it is waited for when a version is there to be proved.

    Gives None where no proof is wanted.
    """
    if not wanted:
        yield None
        return
    with (
        tempfile.TemporaryDirectory(prefix="triglot-") as folder,
        starting_bench(language, workshop.environ, workshop.key_file, cwd=Path(folder)) as ready,
    ):
        yield Prover(ready, language, workshop)


def _try(worker: Bench, version: Version) -> None:
    """Return if the worker answers as serving asks; raises `_Unproved` otherwise."""
    with _telling("a fresh process does not come to answer with it", "process"):
        worker.open(version.name, version.artefact)
    golden = version.golden
    few = version.rows.slice(0, min(FEW, version.rows.rows)) if golden is None else golden.X
    question: Question = "predict" if golden is None else golden.op
    questions: tuple[Question, ...] = ("predict",) if question == "predict" else (question, "predict")
    until = time.monotonic() + ALONE_S
    for asked in questions:
        if golden is None or asked != golden.op:  # which the worker was asked for when it loaded the version
            with _telling(f"in a fresh process {asked} fails", "process"):
                _ask(worker, version, asked, few)
        for place in range(few.rows):
            if time.monotonic() < until:
                _try_alone(worker, version, asked, few, place)
    X = version.rows
    with _telling(f"{question} fails on rows of the training data", "model"):
        answers = _ask(worker, version, question, X)
    if version.answers is not None and not alike(version.answers, answers):
        raise _Unproved(f"in a fresh process {question} gives other answers to {_others(version, answers)}", "process")
    gone = Unanswered.among(answers, X, version.places)
    if gone.surprising and not version.terms.missing_allowed:
        raise _Unproved(f"{gone} of the training data. {NUMBERS}", "model")


def _without_failing(worker: Bench, version: Version, question: Question, error: TriglotError) -> Version:
    """Return the version with those of its rows that it answers; as it is where that is none, which the proof tells."""
    failing = list(_failing(lambda rows: _ask(worker, version, question, rows), version.rows))
    able = np.setdiff1d(np.arange(version.rows.rows), failing)
    if not len(able):
        return version
    numbers = [str(place + 1) for place in version.places[failing]]
    named = f"{', '.join(numbers[:SHOWN])}{', ...' if len(numbers) > SHOWN else ''}"
    told = f"{question} fails on {len(numbers)} of {version.rows.rows} rows of the training data: {named}: {error}"
    rest = replace(version, rows=version.rows.take(able), places=version.places[able], failing=told)
    try:
        return replace(rest, answers=_ask(worker, rest, question, rest.rows))
    except (BadRequest, EstimatorFailed):  # they fail together alone
        return version


def _failing(ask: Callable[[Table], object], rows: Table, first: int = 0) -> Iterator[int]:
    """Yield the places of rows that cannot be asked, found by halves."""
    try:
        ask(rows)
    except (BadRequest, EstimatorFailed):
        if rows.rows <= 1:
            yield first
            return
        half = rows.rows // 2
        yield from _failing(ask, rows.slice(0, half), first)
        yield from _failing(ask, rows.slice(half, rows.rows), first + half)


def _others(version: Version, answers: Array) -> str:
    """Return which rows of the training data have another answer, counted from 1."""
    known = np.asarray(version.answers)
    differ = [place for place, one, other in zip(version.places, known, answers, strict=True) if not alike(one, other)]
    rows = ", ".join(str(place + 1) for place in differ[:SHOWN])
    return f"{len(differ)} of {len(answers)} rows of the training data: {rows}{', ...' if len(differ) > SHOWN else ''}"


def _try_alone(worker: Bench, version: Version, question: Question, few: Table, place: int) -> None:
    """Return if a row is answered by itself as it is beside others; raises `_Unproved` otherwise."""
    row = few.slice(place, place + 1)
    with _telling(f"asked for one row, {question} fails, where it answers several", "model"):
        found = _ask(worker, version, question, row)
    golden = version.golden
    if golden is None or golden.op != question or Limits.of(version.terms.batch).alone:
        return
    expected = golden.answers[place : place + 1]
    if not alike(expected, found):
        raise _Unproved(
            f"the row {_shown(row)} has the answer {_said(version, question, expected)} beside others, and "
            f"{_said(version, question, found)} alone. Take from the training data what is computed from the rows of a "
            "request; or write 'batch': False beside 'model' in the configuration, so that every request is answered "
            "by a call of its own",
            "model",
        )


def _shown(row: Table) -> str:
    """Return a row as people write one, of many columns the first."""
    pairs = list(zip(row.names, (column.to_list()[0] for column in row.columns), strict=True))
    return f"({', '.join(f'{name}={value}' for name, value in pairs[:SHOWN])}{', ...' if len(pairs) > SHOWN else ''})"


def _said(version: Version, question: Question, answer: Array) -> str:
    """Return an answer as callers get it: a label, a number, or several."""
    labels = version.artefact.card().labels
    if question == "predict" and labels is not None:
        return repr(labels.classes[int(answer[0, 0])])
    values = answer[0].tolist()
    if is_json(answer):
        return str(values[0])
    return f"{values[0]:.6g}" if len(values) == 1 else f"[{', '.join(f'{value:.4g}' for value in values)}]"


def _ask(worker: Bench, version: Version, question: Question, X: Table) -> Array:
    return worker.answer(version.name, version.artefact, X, {}, proba=question == "predict_proba")


@contextmanager
def _telling(what: str, kind: Kind) -> Iterator[None]:
    try:
        yield
    except WorkerLost as error:
        raise _Unproved(f"{what}: {error}", "model") from error
    except (BadRequest, EstimatorFailed, TriglotError) as error:
        output = str(getattr(error, "output", "")).strip()
        raise _Unproved(f"{what}: {error}{f' ({output})' if output else ''}", kind) from error
