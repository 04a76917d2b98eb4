"""What one version is, as a card, and what tells two of them apart: of what was signed, and of what the store says."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from triglot.manifest import Golden, Manifest
from triglot.tables.field import Field

TITLES: Final = {
    "version": "What it is",
    "columns": "Columns that it takes",
    "parameters": "Parameters",
    "scores": "Scores",
    "packages": "Fitted with",
    "sources": "The author's files",
    "said": "Said of it",
}
_SPEC_BESIDE = {"params", "folder", "script", "python_path"}  # what has a place of its own, or is where it was fitted
_EACH_ITS_OWN = {("version", "SHA-256"), ("version", "fitted")}
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Card:
    """One version: `parts` has, by the names of `TITLES`, what there is to say as texts by their names.

    `files` are the author's files whole, `golden` the rows that prove a copy.
    """

    model: str
    number: int
    parts: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str]
    golden: Golden | None

    @property
    def name(self) -> str:
        """What the version is called by: NAME@VERSION."""
        return f"{self.model}@{self.number}"

    def to_json(self) -> dict[str, Any]:
        """Return all but the files' texts and the golden rows as JSON values."""
        parts = {name: dict(part) for name, part in self.parts.items()}
        return {"model": self.model, "number": self.number, **parts}


@dataclass(frozen=True, slots=True)
class Difference:
    """What two versions say differently; None for what one of them does not say."""

    part: str
    name: str
    one: str | None
    other: str | None


def card_of(
    model: str, number: int, manifest: Manifest, size: int, metrics: Mapping[str, Any], metadata: Mapping[str, Any]
) -> Card:
    """Return the card of a version whose signature holds; `size` is that of its bytes."""
    golden = manifest.golden
    version = {
        "language": manifest.language,
        "answers": "any JSON" if manifest.any_answers else manifest.task,
        "classes": ", ".join(map(str, manifest.classes or ())),
        "fitted": manifest.created,
        "size": f"{size:,} bytes",
        "SHA-256": manifest.blob_sha256,
        "golden rows": "none" if golden is None else f"{len(golden.answers)}, by {golden.op}",
    }
    spec = {name: value for name, value in manifest.spec.items() if name not in _SPEC_BESIDE}
    parameters = {**spec, **(manifest.attributes or {}), **(manifest.spec.get("params") or {})}
    files = dict(manifest.sources)
    parts = {
        "version": {name: text for name, text in version.items() if text},
        "columns": {field.name: _column(field) for field in manifest.schema.fields},
        "parameters": _texts(parameters),
        "scores": _texts(metrics),
        "packages": _texts(manifest.runtime),
        "sources": {name: f"{len(text.splitlines())} lines" for name, text in files.items()},
        "said": _texts(metadata),
    }
    return Card(model, number, {name: part for name, part in parts.items() if part}, files, golden)


def differences(one: Card, other: Card) -> list[Difference]:
    """Return what two cards say differently, but for what no two versions share, and for what files say."""
    found = []
    for part in TITLES:
        if part == "sources":
            continue
        mine, theirs = one.parts.get(part, {}), other.parts.get(part, {})
        for name in dict.fromkeys([*mine, *theirs]):
            if mine.get(name) != theirs.get(name) and (part, name) not in _EACH_ITS_OWN:
                found.append(Difference(part, name, mine.get(name), theirs.get(name)))
    return found


def changed_files(one: Card, other: Card) -> list[str]:
    """Return what became of the author's files from one version to the other, as the lines of a unified diff."""
    lines: list[str] = []
    for name in sorted(one.files.keys() | other.files.keys()):
        mine, theirs = (card.files.get(name, "").splitlines() for card in (one, other))
        lines += difflib.unified_diff(mine, theirs, f"{one.name} {name}", f"{other.name} {name}", lineterm="")
    return lines


def disagreements(one: Card, other: Card) -> tuple[int, int] | None:
    """Return of how many rows that prove both versions their answers differ, and how many such rows there are.

    None where no row proves both, or they answer in different ways.
    """
    mine, theirs = one.golden, other.golden
    if mine is None or theirs is None or mine.op != theirs.op:
        return None
    known = dict(zip(_rows(mine), mine.answers, strict=True))
    shared = [(known[row], answer) for row, answer in zip(_rows(theirs), theirs.answers, strict=True) if row in known]
    return (sum(not _same(a, b) for a, b in shared), len(shared)) if shared else None


def _rows(golden: Golden) -> list[str]:
    """Return each row by its columns' names, as a text by which it is found again."""
    columns = [column.to_list() for column in golden.X.columns]
    rows = zip(*columns, strict=True)
    return [json.dumps(list(zip(golden.X.names, row, strict=True)), default=str) for row in rows]


def _same(one: Any, other: Any) -> bool:
    mine, theirs = np.asarray(one), np.asarray(other)
    if mine.shape != theirs.shape:
        return False
    if mine.dtype == object or theirs.dtype == object:
        return bool((mine == theirs).all())
    return bool(np.allclose(mine, theirs, rtol=_SAME, atol=_SAME, equal_nan=True))


def _column(field: Field) -> str:
    said = field.to_json()
    words = [str(said["kind"])]
    if levels := said.get("levels"):
        words.append(("ordered: " if field.ordered else "") + ", ".join(map(str, levels)))
    if field.nullable:
        words.append("may be missing")
    return "; ".join(words)


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(name): value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
        for name, value in sorted(values.items())
        if value is not None
    }
