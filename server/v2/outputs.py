"""What a model can be asked for, by the names of its outputs, and its answers as named tensors."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from triglot.errors import BadRequest, Problem
from triglot.server.v2.classification import best
from triglot.server.v2.datatypes import BOOL, BYTES, FP64, INT64, Datatype
from triglot.serving.served import Served
from triglot.tables.labels import LabelKind, Labels
from triglot.tables.table import Array

PREDICT, PROBA = "predict", "predict_proba"
_OF_LABELS: dict[LabelKind, Datatype] = {"string": BYTES, "int": INT64, "float": FP64, "bool": BOOL}


class Wanted(NamedTuple):
    """One output that is asked for; with `best` as the so many best classes of each row, and not as numbers."""

    name: str
    best: int = 0
    is_binary: bool = False


class Offered(NamedTuple):
    """One output that a model has: -1 stands for the rows, and for a width that nobody knows before it is asked."""

    name: str
    datatype: Datatype
    shape: tuple[int, int]
    classes: Sequence[Any] = ()


class Output(NamedTuple):
    """One output of an answer, its values row by row."""

    name: str
    datatype: Datatype
    shape: tuple[int, int]
    values: Array | list[Any]


def offered(served: Served) -> list[Offered]:
    """Return the outputs of a model in their order."""
    labels = served.labels
    if served.any_answers:  # as texts of JSON
        return [Offered(PREDICT, BYTES, (-1, 1))]
    if labels is None:
        return [Offered(PREDICT, FP64, (-1, _width(served)))]
    answers = Offered(PREDICT, _OF_LABELS[labels.kind], (-1, 1), labels.classes)
    if not has_probabilities(served):
        return [answers]
    return [answers, Offered(PROBA, FP64, (-1, len(labels.classes)), labels.classes)]


def has_probabilities(served: Served) -> bool:
    """Whether a model has probabilities, as its fit has found out; where that is not known, whether it has classes."""
    golden = served.info.card.get("golden")
    return served.labels is not None and (not golden or golden["op"] == PROBA)


def resolved(served: Served, wanted: Sequence[Wanted], *, is_binary: bool = False) -> list[Wanted]:
    """Return what is asked for, all outputs where nothing is named; raises one `BadRequest` for all that is wrong."""
    known = [PREDICT, PROBA] if has_probabilities(served) else [PREDICT]
    if not wanted:
        return [Wanted(name, is_binary=is_binary) for name in known]
    names = [output.name for output in wanted]
    problems = [
        Problem(name, f"is no output of this model; it has {', '.join(known)}") for name in names if name not in known
    ]
    problems += [Problem(name, "is asked for twice") for name in known if names.count(name) > 1]
    problems += [
        Problem(output.name, f"has no scores of classes; ask for the classification of {PROBA}, where there is one")
        for output in wanted
        if output.best and output.name == PREDICT
    ]
    if problems:
        raise BadRequest("the outputs do not fit the model", problems)
    return list(wanted)


def outputs(served: Served, wanted: Sequence[Wanted], answers: Mapping[str, Array], rows: int) -> list[Output]:
    """Return the outputs that are asked for; of no rows a model is not asked, and `answers` has none."""
    return [_output(served, each, answers.get(each.name), rows) for each in wanted]


def _output(served: Served, wanted: Wanted, answer: Array | None, rows: int) -> Output:
    labels = served.labels
    if served.any_answers:
        return Output(wanted.name, BYTES, (rows, 1), [] if answer is None else answer[:, 0].tolist())
    if wanted.best and labels is not None:
        width = min(wanted.best, len(labels.classes))
        return Output(wanted.name, BYTES, (rows, width), [] if answer is None else best(answer, labels, width))
    if wanted.name == PREDICT and labels is not None:
        return _classes(labels, answer, rows)
    if answer is None:
        [width] = [output.shape[1] for output in offered(served) if output.name == wanted.name]
        return Output(wanted.name, FP64, (rows, max(width, 1)), [])
    return Output(wanted.name, FP64, (rows, answer.shape[1]), answer.ravel())


def _classes(labels: Labels, codes: Array | None, rows: int) -> Output:
    values = [] if codes is None else labels.decode(codes[:, 0])
    return Output(PREDICT, _OF_LABELS[labels.kind], (rows, 1), values)


def _width(served: Served) -> int:
    """Return how many numbers an answer has, as the rows show it that were asked when the model was fitted."""
    golden = served.info.card.get("golden")
    return len(golden["answers"][0]) if golden and golden["answers"] else -1
