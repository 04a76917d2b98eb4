"""The estimator protocol: what a language must do inside a worker, whatever the language.

`docs/protocol.md` is the document, this is its typed form, and `tests/conformance` are the checks that hold it
against every language's real worker process. `score` is not here: it is defined over `predict`, once for all
languages (`triglot.training.scoring`), but for models whose answers are any JSON, which judge themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeAlias

from triglot.manifest import Manifest
from triglot.protocol.batching import Batch
from triglot.tables.labels import AnswersWanted, Labels, Task
from triglot.tables.table import Array, Column, Table

Model: TypeAlias = Any  # a fitted model, opaque to everybody but the language that made it
# The columns of which no profile is kept; None where none is kept of any.
Unprofiled: TypeAlias = tuple[str, ...] | None


def unprofiled_of(profile: Any) -> Unprofiled:
    """Return what `profile` says, be it of a model's entry or of a fit: a boolean, or a map with a list `without`.

    Raises `ValueError` for anything else.
    """
    if isinstance(profile, bool):
        return () if profile else None
    names = profile.get("without") if isinstance(profile, Mapping) and len(profile) == 1 else None
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"no profile's columns: {profile!r}")
    return tuple(names)


@dataclass(frozen=True, slots=True, eq=False)
class FitTask:
    """All that a language needs to fit one model.

    `y` has shape (n,): int32 codes into `labels.classes` for classification, numbers for regression (of shape
    (n, outputs) where there are several), None for models without a target. `spec` says how to call the author's code
    (its keys are the language's own), `sources` maps relative file names to the text of the author's files, and `base`
    is the verified unfitted estimator of a language that is not described by text (Python). `unseen_levels` is what
    becomes of levels that X does not have: "error", "missing" or "other"; a worker has added the level for others to X
    by itself. `batch` says whether several requests may later be answered by one call, `answers` whether the model may
    answer any JSON: "any" is what it answers, "either" is that where it answers neither labels nor numbers. The
    columns that `unprofiled` names have no profile kept of them; with None none is kept at all.
    """

    task: Task
    spec: Mapping[str, Any]
    sources: Mapping[str, str]
    X: Table
    y: Array | None
    labels: Labels | None
    base: bytes | None = None
    unseen_levels: str = "error"
    batch: Batch = True
    answers: AnswersWanted = "typed"
    unprofiled: Unprofiled = ()


@dataclass(frozen=True, slots=True)
class Output:
    """What the author's code printed and warned of since the last time somebody asked."""

    text: str = ""
    warnings: tuple[str, ...] = field(default=())


class Runtime(Protocol):
    """One language inside one worker process.

    Every method but `interrupt` is called from the thread that called `start`, one at a time. The author's
    failures are raised as `triglot.errors.EstimatorFailed` with the native class, message and traceback;
    what the bridge itself finds wrong (a function that is missing, say) as `BadRequest` or `EstimatorFailed`
    with a message that says what to do.

    A runtime may have an attribute `native`: when the model itself last began to answer and when it had, by
    `time.perf_counter_ns`. Then its calls are told apart from making their tables native and their answers tables.

    A runtime whose models may answer whatever they like has a method `answers(model, question, X, params)` besides: it
    returns a sequence of one value a row, of text, numbers, lists and dicts, to "predict" or "predict_proba". Where
    such a model judges itself, `score(model, X, y)` returns its number; y is a table, the target as its author has it.
    """

    language: ClassVar[str]

    def start(self) -> None:
        """Bring the interpreter up; raises `LanguageUnavailable` with the reason."""
        ...

    def versions(self) -> Mapping[str, str]:
        """Return the versions of the language and of what it has loaded; the key "language" is the language's."""
        ...

    def fit(self, task: FitTask) -> Model:
        """Return the model fitted on copies of the task's data; the task's buffers may vanish afterwards."""
        ...

    def dump(self, model: Model) -> bytes:
        """Return the fitted model in the language's own serialisation."""
        ...

    def load(self, manifest: Manifest, blob: bytes) -> Model:
        """Return the model of a verified manifest and the bytes that `dump` gave."""
        ...

    def predict(self, model: Model, X: Table, params: Mapping[str, Any]) -> Array:
        """Return one answer a row, in order: int32 codes of shape (n,), or numbers of shape (n,) or (n, outputs)."""
        ...

    def predict_proba(self, model: Model, X: Table, params: Mapping[str, Any]) -> Array:
        """Return float64 probabilities of shape (n, classes), columns in the order of the classes."""
        ...

    def dataset(self, spec: Mapping[str, Any], sources: Mapping[str, str]) -> tuple[Table, Column | None]:
        """Return data and target, if there is one, of an author's function, on memory of their own.

        `spec` names it as `function`, with its arguments as `params`. A category keeps the order of its levels.
        """
        ...

    def transform(self, spec: Mapping[str, Any], sources: Mapping[str, str], X: Table | None) -> Table:
        """Return what an author's function made of a table, or of none, on memory of its own.

        `spec` names it as `function`, with its arguments as `params`; those of `offered` that it takes come before
        them.
        """
        ...

    def describe(self, model: Model) -> Mapping[str, Any]:
        """Return what is known of the model as JSON values: its native class, what it can do."""
        ...

    def weigh(self, model: Model) -> Sequence[tuple[str, float]]:
        """Return what a large model keeps, the largest first: what it is, in words, and how many bytes it has.

        Only what might be done without is named, where the language can tell that.
        """
        ...

    def take_output(self) -> Output:
        """Return what was printed and warned since the last call, and forget it."""
        ...

    def collect(self) -> None:
        """Collect the language's garbage, all of it, and run the finalisers that are due."""
        ...

    def interrupt(self) -> None:
        """Ask the running call to stop as soon as it can; may be called from any thread."""
        ...
