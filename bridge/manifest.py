"""What a version says of itself, read once and typed: as it stands, or verified.

The two are types of their own. What loads a model takes a `Manifest`, and only `Artefact.verified` makes one: so a
type checker sees that nothing unverified is loaded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast, get_args

import numpy as np

from triglot.errors import ArtefactRefused
from triglot.tables.example import example
from triglot.tables.labels import Label, Labels, Task
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Table

Question: TypeAlias = Literal["predict", "predict_proba"]


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """Training rows with the answers of the model that was fitted; a copy that is loaded must give the same.

    `op` is what was asked, and `answers` have a row for each of X: codes, numbers or probabilities, or texts of JSON.
    """

    op: Question
    X: Table
    answers: Array

    def to_json(self) -> dict[str, Any]:
        """Return the rows as a manifest has them, where nothing is infinite: JSON has no word for that."""
        columns = [column.to_list() for column in self.X.columns]
        return {
            "op": self.op,
            "rows": [list(row) for row in zip(*columns, strict=True)],
            "answers": [[None if value != value else value for value in row] for row in self.answers.tolist()],
        }


class ManifestFields(Mapping[str, Any]):
    """The fields of a manifest by name, and those that Triglot knows as attributes of their own types.

    A field that is missing or of another type raises `ArtefactRefused` with its name. Fields that Triglot does not
    know are kept, and found by name alone.
    """

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._fields!r})"

    @property
    def language(self) -> str:
        """The language whose workers can load the model."""
        return self._text("language")

    @property
    def task(self) -> Task:
        """Whether the model answers labels or numbers."""
        found = self._text("task")
        if found not in get_args(Task):
            raise self._refused("task", f"{found!r}, not {' or '.join(get_args(Task))}")
        return cast("Task", found)

    @property
    def created(self) -> str:
        """When the model was fitted, in ISO 8601."""
        return self._text("created")

    @property
    def blob_sha256(self) -> str:
        """The SHA-256 of the model's bytes, in hex; what tells one version from another."""
        return self._text("blob_sha256")

    @property
    def spec(self) -> Mapping[str, Any]:
        """How the author's code is called; its keys are the language's own."""
        return self._map("spec")

    @property
    def sources(self) -> Mapping[str, str]:
        """The text of the author's files by their names."""
        return self._map("sources")

    @property
    def runtime(self) -> Mapping[str, Any]:
        """What fitted the model: versions of the language and of what it loaded."""
        return self._map("runtime")

    @cached_property
    def schema(self) -> Schema:
        """The columns that the model was fitted on."""
        if not isinstance(found := self.get("schema"), list):
            raise self._refused("schema", f"of type {type(found).__name__}, not a list")
        return Schema.from_json(found)

    @cached_property
    def example(self) -> dict[str, Any]:
        """A row that the model takes and that is none of the training data's, for forms and documents."""
        found = self.get("example")
        return example(self.schema, found if isinstance(found, list) else ())

    @property
    def classes(self) -> tuple[Label, ...] | None:
        """The classes in the order of their codes; None where the model answers numbers."""
        found = self.get("classes")
        if found is None:
            return None
        if not isinstance(found, list):
            raise self._refused("classes", f"of type {type(found).__name__}, not a list")
        return tuple(found)

    @cached_property
    def labels(self) -> Labels | None:
        """The classes, with their codes."""
        return None if self.classes is None else Labels(self.classes)

    @property
    def any_answers(self) -> bool:
        """Whether the answers are any JSON, and neither labels nor numbers."""
        if (found := self.get("answers")) not in (None, "any"):
            raise self._refused("answers", f"{found!r}, not 'any'")
        return found == "any"

    @property
    def batch(self) -> Any:
        """Whether, and how, requests may be answered by one call, as `Limits.of` takes it."""
        return self.get("batch", True)

    @property
    def attributes(self) -> Mapping[str, Any] | None:
        """The estimator's plain attributes, where its language tells them."""
        return None if self.get("attributes") is None else self._map("attributes")

    @cached_property
    def golden(self) -> Golden | None:
        """The rows that prove a copy; None of a model whose answers differ from one call to the next."""
        if not self.get("golden"):
            return None
        found = self._map("golden")
        rows = [dict(zip(self.schema.names, row, strict=True)) for row in found["rows"]]
        kind = object if self.any_answers else np.float64
        return Golden(found["op"], self.schema.rows(rows), np.array(found["answers"], dtype=kind))

    def _text(self, name: str) -> str:
        if not isinstance(found := self.get(name), str):
            raise self._refused(name, f"of type {type(found).__name__}, not text")
        return found

    def _map(self, name: str) -> Mapping[str, Any]:
        if not isinstance(found := self.get(name), Mapping):
            raise self._refused(name, f"of type {type(found).__name__}, not an object")
        return found

    def _refused(self, name: str, what: str) -> ArtefactRefused:
        problem = f"is {what}" if name in self else "is missing"
        return ArtefactRefused(
            f"{name!r} of the artefact's manifest {problem}; fit the model again or restore the store"
        )


class UnverifiedManifest(ManifestFields):
    """A manifest as it stands, for lists and messages: nobody knows who wrote it."""


class Manifest(ManifestFields):
    """A manifest whose signature holds, and whose hash is that of the bytes beside it."""


def without_sources(card: Mapping[str, Any]) -> UnverifiedManifest:
    """Return what a listing keeps of a manifest: all but the text of the author's files."""
    return UnverifiedManifest({name: value for name, value in card.items() if name != "sources"})
