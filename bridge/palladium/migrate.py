"""Moving in from Palladium: each of its versions becomes a version here, with its metadata and attachments.

A pickle runs code when it is opened. It is opened by a fresh worker process alone, which ends afterwards, and only
where the operator has said that the pickles are to be trusted; after one that makes trouble the next get a new worker.
What was converted is remembered in the metadata of the new version, so that a source can be converted again and again.
"""

import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from triglot.artefact import Artefact, seal
from triglot.errors import BadRequest, ConfigError, EstimatorFailed, ModelNotFound, StoreError, TriglotError
from triglot.persister import Persister
from triglot.persisters.cached import innermost
from triglot.persisters.file import File
from triglot.persisters.filelike import FileLike
from triglot.persisters.palladium_folder import PalladiumFolder
from triglot.persisters.palladium_source import Contents, OldVersion, PalladiumSource, foreign_name, names_in
from triglot.persisters.palladium_tables import PalladiumTables
from triglot.persisters.rest import Rest
from triglot.persisters.s3 import S3
from triglot.tables.field import Field
from triglot.tables.json_answers import parsed
from triglot.tables.labels import Labels
from triglot.tables.schema import Schema
from triglot.tables.table import NUMERIC, Kind, Table
from triglot.training.fit_worker import Bench

logger = logging.getLogger("triglot")

_KINDS: Final[Mapping[str, Kind]] = {"float": "float64", "int": "int64", "str": "string", "bool": "bool"}
_SCORES: Final = ("score_train", "score_test")
_ORIGIN: Final = "palladium"
ANSWER_S: Final = 60.0

Open = Callable[[], AbstractContextManager[Bench]]


@dataclass(frozen=True, slots=True)
class Planned:
    """One old version: the number that it has here already, or why it stays behind, or neither."""

    old: OldVersion
    here: int | None = None
    reason: str = ""
    loads: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one old version: its number here, or why it stayed behind."""

    version: int
    here: int | None = None
    reason: str = ""


def source_at(place: str) -> PalladiumSource:
    """Return Palladium's models at a database's URL, or at a path or URL with `{version}` in it."""
    if "{version}" in place:
        kinds: list[tuple[str, Callable[[str], FileLike]]] = [("http://", Rest), ("https://", Rest), ("s3://", S3)]
        return PalladiumFolder(next((kind for begin, kind in kinds if place.startswith(begin)), File)(place))
    if "://" in place:
        return PalladiumTables(place)
    raise ConfigError(
        f"{place!r} is no source: give a key of the configuration, a database's URL such as sqlite:///iris-model.db, "
        "or a path or URL with {version} in it"
    )


def plan(source: PalladiumSource, contents: Contents, store: Persister, model: str) -> Iterator[Planned]:
    """Say of each version what is to be done, in order; pickles are looked at, never opened."""
    here = _converted(source, innermost(store), model)
    for old in contents.versions:
        if old.version in here:
            yield Planned(old, here=here[old.version])
            continue
        try:
            names = names_in(source.pickled(old.version))
        except (TriglotError, ValueError) as error:
            yield Planned(old, reason=f"it is no pickle that can be read ({error})")
            continue
        foreign = foreign_name(names)
        if foreign is not None:
            why = f"it is a {foreign}, which only Palladium's own process can open; fit the model again: triglot fit"
            yield Planned(old, reason=why, loads=foreign)
            continue
        yield Planned(old, loads=names[0] if names else "nothing")


class Converter:
    """Makes versions of a model out of Palladium's pickles; `close()` ends its worker.

    mapping: (field, type) in the order of the model's columns, as the predict service has it. open_worker: gives a
    fresh worker for Python each time. python_path: the folders where the author's own modules lie. single_values:
    the model was fitted on a list of values, such as texts, instead of columns.
    """

    def __init__(
        self,
        model: str,
        mapping: Sequence[tuple[str, str]],
        key: bytes,
        open_worker: Open,
        python_path: Sequence[str] = (),
        *,
        single_values: bool = False,
    ) -> None:
        self.model = model
        self._single_values = single_values
        self._mapping = mapping
        self._key = key
        self._open_worker = open_worker
        self._python_path = python_path
        self._running = ExitStack()
        self._worker: Bench | None = None

    def close(self) -> None:
        """End the worker; the next conversion starts another one."""
        self._worker = None
        self._running.close()

    def convert(self, source: PalladiumSource, old: OldVersion, store: Persister) -> Outcome:
        """Open a version in a worker and store it; what cannot be converted is an outcome, not an error."""
        try:
            artefact = self._artefact(source.pickled(old.version), old.metadata)
            metrics = {name: old.metadata[name] for name in _SCORES if _is_number(old.metadata.get(name))}
            metadata = {name: value for name, value in old.metadata.items() if name not in metrics}
            metadata |= source.attachments(old.version)
            metadata[_ORIGIN] = {"source": source.identity, "version": old.version}
            return Outcome(old.version, store.write(self.model, artefact, metrics=metrics, metadata=metadata))
        except TriglotError as error:
            self.close()
            return Outcome(old.version, reason=str(error))

    def active(self, source: PalladiumSource, contents: Contents, store: Persister) -> int | None:
        """Return the number here of what was active in the source, if nothing that can answer is active here."""
        store = innermost(store)
        return None if self.model in store.active() else _converted(source, store, self.model).get(contents.active or 0)

    def _artefact(self, pickled: bytes, metadata: Mapping[str, Any]) -> Artefact:
        schema = Schema([Field(name, _KINDS[kind]) for name, kind in self._mapping])
        fields: dict[str, Any] = {
            "language": "python",
            "task": "regression",  # until the worker has said whether there are classes
            "spec": {"python_path": list(self._python_path), "x": "vector" if self._single_values else _form(schema)},
            "sources": {},
            "runtime": {},  # a pickle does not say which versions it was written with
            "schema": schema.to_json(),
            "classes": None,
            "created": str(metadata.get("train_timestamp") or datetime.now(UTC).isoformat(timespec="seconds")),
        }
        if self._worker is None:
            self._worker = self._running.enter_context(self._open_worker())
        reply = self._worker.open(self.model, seal(fields, pickled, self._key))
        for line in reply.warnings:
            logger.warning("%s: %s", self.model, line)
        classes, features = reply.info.get("classes"), reply.info.get("features")
        if not reply.info.get("predict"):
            raise StoreError(f"it holds a {reply.info.get('native_class')}, which has no predict")
        if classes is None and reply.info.get("predict_proba"):
            raise StoreError(
                f"{reply.info.get('native_class')} is a classifier whose classes are not one list; fit the model again"
            )
        if features is not None and features != len(self._mapping) and not self._single_values:
            raise StoreError(
                f"it was fitted on {features} columns, and the predict service maps {len(self._mapping)}; correct the "
                "mapping, or fit the model again"
            )
        if classes is not None:
            fields |= {"task": "classification", "classes": list(Labels(tuple(classes)).classes)}
        return self._with_golden_rows(fields, pickled)

    def _with_golden_rows(self, fields: Mapping[str, Any], pickled: bytes) -> Artefact:
        """Return the artefact, with answers of now that workers have to reproduce before they take traffic.

        The rows that the model was fitted on are gone; these hold small values of the mapping's types. A model that
        refuses them has none, like one that answers differently each time.
        """
        assert self._worker is not None
        schema = Schema.from_json(fields["schema"])
        rows = schema.rows([{field.name: _made_up(field.kind, n) for field in schema.fields} for n in range(3)])
        if self._answers_anything(fields, pickled, rows):
            fields = {**fields, "answers": "any", "classes": None}
        plain = seal(fields, pickled, self._key)
        self._worker.open(self.model, plain)  # what it opened before knew nothing of the answers
        lost = ""
        for proba in (True, False) if fields["classes"] else (False,):
            try:
                first, second = (
                    self._worker.answer(self.model, plain, rows, {}, proba=proba, timeout_s=ANSWER_S).tolist()
                    for _ in range(2)
                )
            except (BadRequest, EstimatorFailed) as error:
                lost = lost or _lacks(error, pickled)
                continue
            finite = all(isinstance(value, str) or math.isfinite(value) for row in first for value in row)
            if first != second or not finite:
                break
            values = [list(row) for row in zip(*(column.to_list() for column in rows.columns), strict=True)]
            golden = {"op": "predict_proba" if proba else "predict", "rows": values, "answers": first}
            return seal({**fields, "golden": golden}, pickled, self._key)
        if lost:
            raise StoreError(f"its library has changed since: {lost}; fit the model again")
        return plain

    def _answers_anything(self, fields: Mapping[str, Any], pickled: bytes, rows: Table) -> bool:
        """Return whether the answers to these rows are neither classes nor numbers; False where it refuses them."""
        assert self._worker is not None
        free = seal({**fields, "answers": "any", "classes": None}, pickled, self._key)
        self._worker.open(self.model, free)
        try:
            found = parsed(self._worker.answer(self.model, free, rows, {}, timeout_s=ANSWER_S))
        except (BadRequest, EstimatorFailed):
            return False
        if fields["classes"] is None:
            return not all(isinstance(value, int | float) for value in _flat(found))
        try:
            Labels(tuple(fields["classes"])).encode(_flat(found))
        except (BadRequest, TypeError):
            return True
        return len(_flat(found)) != len(found)


def _flat(found: list[Any]) -> list[Any]:
    """Return values, and those of lists among them."""
    return [each for value in found for each in (value if isinstance(value, list) else [value])]


def _lacks(error: TriglotError, pickled: bytes) -> str:
    """Return what is said of an attribute that an object of the pickle has not, or nothing."""
    said = re.match(r"'(\w+)' object has no attribute", str(error))
    classes = {name.rpartition(".")[2] for name in names_in(pickled)}
    return str(error) if said is not None and said[1] in classes else ""


def _made_up(kind: Kind, number: int) -> Any:
    """Return a value of a kind."""
    return str(number) if kind == "string" else bool(number % 2) if kind == "bool" else number


def mapping_of(predict_service: Any) -> list[tuple[str, str]]:
    """Return the fields of a predict service; raises `ConfigError` where they do not describe a pickle's columns."""
    mapping = getattr(predict_service, "mapping", None)
    if not mapping:
        raise ConfigError(
            "a pickle does not say which columns its model was fitted on; add a predict_service with a mapping to the "
            "configuration"
        )
    return [(str(name), str(kind)) for name, kind in mapping]


def _converted(source: PalladiumSource, store: Persister, model: str) -> dict[int, int]:
    """Return the numbers here of what was converted from a source before, by their numbers there."""
    try:
        infos = store.list(model)
    except ModelNotFound:
        return {}
    origins = [(info.metadata.get(_ORIGIN), info.version) for info in infos]
    return {
        origin["version"]: here
        for origin, here in origins
        if isinstance(origin, dict) and origin.get("source") == source.identity
    }


def _form(schema: Schema) -> str:
    """Return how the estimator gets its columns: as the array that Palladium gave it, where they are numbers."""
    return "matrix" if all(field.kind in NUMERIC for field in schema.fields) else "frame"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
