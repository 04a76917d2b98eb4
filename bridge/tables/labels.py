"""Labels: the ordered classes of a classifier and their codes 0..k-1, the same in every language."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from triglot.errors import BadRequest
from triglot.tables.json_answers import is_json, parsed

LabelKind: TypeAlias = Literal["string", "int", "float", "bool"]
Label: TypeAlias = str | int | float | bool
Task: TypeAlias = Literal["classification", "regression"]  # whether a model answers labels or numbers
# what a fit is told of the answers: labels or numbers, any JSON, or any JSON where they are neither labels nor numbers
AnswersWanted: TypeAlias = Literal["typed", "any", "either"]

MANY, FEW = 256, 16  # values and classes
TELLING = 3  # letters
# numpy's kinds of arrays whose values equal labels of these kinds as Python's values do
_COMPARABLE: dict[LabelKind, str] = {"string": "U", "int": "iu", "float": "f", "bool": "b"}
_KIND_OF_TYPE: dict[type, LabelKind] = {str: "string", int: "int", float: "float", bool: "bool"}


@dataclass(frozen=True, slots=True)
class Labels:
    """The classes in their one order. The code of a class is its place in `classes`."""

    classes: tuple[Label, ...]
    _codes: dict[Label, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        kinds = {type(label) for label in self.classes}
        if len(kinds) != 1 or not kinds <= set(_KIND_OF_TYPE):
            raise BadRequest(
                f"class labels must be all text, all integers, all floats or all booleans, not {self.classes!r}"
            )
        wrong = next((label for label in self.classes if not _can_be_held(label)), None)
        if wrong is not None:
            raise BadRequest(
                f"class labels must be text without NUL, integers of 64 bits or finite numbers, not {wrong!r}"
            )
        self._codes.update({label: code for code, label in enumerate(self.classes)})
        if len(self._codes) != len(self.classes):
            raise BadRequest(f"class labels must differ: {self.classes!r}")

    @classmethod
    def learn(cls, values: Sequence[Any] | NDArray[Any], levels: Sequence[Any] | None = None) -> "Labels":
        """Return the classes of a target: `levels` in their own order, else the sorted distinct values."""
        if levels is not None:
            return cls(tuple(_plain(level) for level in levels))
        # of objects, because an array of text drops closing zeros and turns numbers beside text into text
        array = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
        distinct = {_plain(value) for value in array.ravel().tolist()}
        if None in distinct or any(value != value for value in distinct):
            raise BadRequest("the target has missing values; remove these rows before fitting")
        if len({type(value) for value in distinct}) > 1:
            raise BadRequest("the target mixes types of labels; make them all text or all numbers")
        return cls(tuple(sorted(distinct)))

    @property
    def kind(self) -> LabelKind:
        """The one type of all labels."""
        return _KIND_OF_TYPE[type(self.classes[0])]

    @property
    def texts(self) -> tuple[str, ...]:
        """The classes as text, for languages whose levels are text (an R factor's)."""
        return tuple("true" if c is True else "false" if c is False else str(c) for c in self.classes)

    def encode(self, values: Sequence[Any] | NDArray[Any]) -> NDArray[np.int32]:
        """Return the int32 codes of `values`, in order; a value that is no class raises `BadRequest`."""
        if isinstance(values, np.ndarray) and len(values) >= MANY and len(self.classes) <= FEW:
            found = self._encoded(values)
            if found is not None:
                return found
        codes = self._codes
        plain = values.tolist() if isinstance(values, np.ndarray) else values
        try:
            return np.array([codes[value] for value in plain], dtype=np.int32)
        except KeyError as unknown:
            raise BadRequest(
                f"{unknown.args[0]!r} is none of the classes {', '.join(map(repr, self.classes[:10]))}"
            ) from None

    def _encoded(self, values: NDArray[Any]) -> NDArray[np.int32] | None:
        """Return the codes of an array by looking at all of it at once, which is many times as fast.

        None where that would not find what a dictionary does, or where a value is no class.
        """
        if values.dtype.kind == "O":
            return self._of_objects(np.ascontiguousarray(values))
        if values.dtype.kind not in _COMPARABLE[self.kind]:
            return None
        if values.dtype.kind == "U":
            known, places = _telling(self.classes)
            if places and values.dtype == np.dtype(f"U{known.shape[1]}"):
                return _spelt(np.ascontiguousarray(values), known, places)
        codes = np.full(values.shape, -1, dtype=np.int32)
        for code, label in enumerate(self.classes):
            codes[values == label] = code
        return None if codes.min() < 0 else codes

    def _of_objects(self, values: NDArray[np.object_]) -> NDArray[np.int32] | None:
        """Return the codes of objects, looking at each object once, however many places of the array hold it.

        None where a value is no class, or where there are more objects than classes.
        """
        places = np.frombuffer(values, dtype=np.intp)  # in memory, each that of one object
        codes = np.full(len(values), -1, dtype=np.int32)
        for _ in self.classes:
            row = int(codes.argmin())
            if codes[row] >= 0:
                break
            try:
                code = self._codes[values[row]]
            except (KeyError, TypeError):
                return None
            codes += (places == places[row]) * np.int32(code + 1)
        return None if codes.min() < 0 else codes

    def decode(self, codes: NDArray[np.int32]) -> list[Label]:
        """Return the labels of int32 `codes`, in order."""
        classes = self.classes
        return [classes[code] for code in codes.tolist()]

    def array(self, codes: NDArray[np.int32]) -> NDArray[Any]:
        """Return the labels of `codes` as a numpy array of the labels' own type."""
        return np.array(self.classes)[codes]


def plain_answers(answer: NDArray[Any], labels: Labels | None, *, proba: bool = False) -> list[Any]:
    """Return the answer of a worker, one row a row, as plain values: labels, numbers, lists of numbers, or any JSON.

    Probabilities (`proba`) are lists of numbers.
    """
    if is_json(answer):
        return parsed(answer)
    if proba:
        shares: list[Any] = answer.tolist()
        return shares
    if labels is not None:
        return list(labels.decode(answer[:, 0]))
    values: list[Any] = answer[:, 0].tolist() if answer.shape[1] == 1 else answer.tolist()
    return values


@lru_cache(maxsize=64)
def _telling(classes: tuple[Label, ...]) -> tuple[NDArray[np.uint32], list[int]]:
    """Return the letters of classes of text, one row a class, and the few places that tell all classes apart.

    There are no places where many would be needed.
    """
    texts = np.array(classes)
    letters = texts.view(np.uint32).reshape(len(texts), -1)
    places: list[int] = []
    found = 1
    while found < len(texts) and len(places) < TELLING:
        counts = [len(np.unique(letters[:, [*places, place]], axis=0)) for place in range(letters.shape[1])]
        places.append(int(np.argmax(counts)))
        found = counts[places[-1]]
    return letters, places if found == len(texts) else []


def _spelt(values: NDArray[np.str_], known: NDArray[np.uint32], places: list[int]) -> NDArray[np.int32] | None:
    """Return the codes of text by these letters of the classes; None where a value is no class.

    Letters are numbers, which numpy compares several times as fast as text.
    """
    letters = values.view(np.uint32).reshape(len(values), -1)
    codes = np.zeros(len(values), dtype=np.int32)
    for code in range(1, len(known)):
        alike = letters[:, places[0]] == known[code, places[0]]
        for place in places[1:]:
            alike &= letters[:, place] == known[code, place]
        codes += alike * np.int32(code)
    # what shares these letters with a class need not be that class
    return codes if (np.take(known, codes, axis=0, mode="clip") == letters).all() else None


def _can_be_held(label: Label) -> bool:
    """Return whether every language has this label."""
    if isinstance(label, str):
        return "\0" not in label
    return math.isfinite(label) if isinstance(label, float) else -(2**63) <= label < 2**63


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
