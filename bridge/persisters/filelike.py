"""Models in files, wherever the files are."""

import logging
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from triglot.artefact import Artefact, check_blob
from triglot.errors import ArtefactRefused, StoreError
from triglot.persister import (
    ACTIVE,
    ATTACHMENT,
    ATTACHMENTS,
    StoredVersion,
    VersionInfo,
    check_name,
    in_use,
    is_name,
    names_of,
    no_model,
    no_version,
)
from triglot.persisters import layout
from triglot.persisters.files import ABSENT, Changed, Files, OpenFiles
from triglot.persisters.layout import Document, Entry, Layout

logger = logging.getLogger("triglot.persisters")

DEFAULT_MODEL: Final = "model"
TRIES: Final = 30  # of one change that loses races against others
_WAIT_S: Final = 0.02


class NumberTaken(Exception):
    """Another writer was quicker with this number."""


class FileLike:
    """A persister over files in a place of any kind.

    Args:
        path: A path with `{version}` in it.
        io: A `Files`, or an object with Palladium's three methods: `open`, `exists` and `remove`.
        model: Whose files the bare ones are, which have no model's name in them; by default the configuration's
            `model_name`.
    """

    def __init__(self, path: str, io: Any, model: str | None = None) -> None:
        self._layout = Layout(path)
        self._files: Files = io if isinstance(io, Files) else OpenFiles(io)
        self._default = model
        self._told: set[tuple[str, int]] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.location!r})"

    def initialize_component(self, config: Mapping[str, Any]) -> None:
        """Take the name of the configured model for the bare files, where none was given."""
        if self._default is None:
            self._default = str(config.get("model_name", DEFAULT_MODEL))

    @property
    def location(self) -> str:
        """Where the files are, with `{version}` in it and no secret."""
        return self._layout.template

    def write(
        self,
        model: str,
        artefact: Artefact,
        *,
        metrics: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> int:
        """Return the number of the new version, which is one more than any number the model ever had.

        The blob must have the hash that its manifest names; the signature is not looked at.
        """
        check_name("model", model)
        check_blob(artefact.card(), artefact.blob)
        identity = uuid.uuid4().hex
        entry = layout.make_entry(model, artefact, metrics, metadata, identity, datetime.now(UTC))
        data = layout.zipped(artefact.blob)
        attached = {
            key: layout.decoded(key, value) for key, value in (metadata or {}).items() if key.startswith(ATTACHMENT)
        }
        with self._files.locked(self._layout.lock):
            version = 0
            while True:
                place, owner = self._place_to_write(model)
                version = max(version, self._load(place).last_version) + 1
                for key in attached:
                    self._layout.attachment(place, version, key)  # a bad name is found before anything is written
                try:
                    expected = None if self._files.exclusive else ABSENT
                    self._files.put(self._layout.blob(place, version), data, expected)
                    for key, content in attached.items():
                        self._files.put(self._layout.attachment(place, version, key), content, None)
                    self._update(place, partial(_added, entry={"version": version, **entry}, owner=owner))
                    return version
                except (Changed, NumberTaken):
                    continue  # the next number; what may lie under this one belongs to somebody else

    def read(self, model: str, version: int | None = None) -> StoredVersion:
        """Return a version, the active one by default, once its bytes have the hash its manifest names."""
        place, document = self._find(model)
        entry = _entry(model, document, version)
        number = entry["version"]
        if not layout.is_ours(entry):
            raise ArtefactRefused(
                f"version {number} of model {model!r} is a pickle that Palladium wrote; convert it: triglot upgrade"
            )
        blob = self._files.get(self._layout.blob(place, number))
        if blob is None:
            _entry(model, self._find(model)[1], number)  # it may have been deleted at this moment
            raise ArtefactRefused(f"version {number} of model {model!r}: its file is missing; restore it from a backup")
        try:
            artefact = layout.artefact_of(entry, layout.unzipped(blob.data))
            check_blob(artefact.card(), artefact.blob)
        except ArtefactRefused as error:
            raise ArtefactRefused(f"version {number} of model {model!r}: {error}") from None
        metrics, metadata = layout.parts_of(entry)
        metadata |= self._attachments(model, place, entry)
        metadata.pop(ATTACHMENTS, None)
        return StoredVersion(model, number, artefact, metrics, metadata, layout.created_of(entry))

    def info(self, model: str, version: int | None = None) -> VersionInfo:
        """Return what a listing shows of one version, the active one by default."""
        document = self._find(model)[1]
        return layout.info_of(model, _entry(model, document, version), document.aliases)

    def active(self) -> dict[str, int]:
        """Return the active version of each model that has one; a pickle of Palladium's is none that can answer."""
        found = {}
        for model, (_, document) in self._documents().items():
            entry = document.entry(None)
            if entry is None:
                continue
            if layout.is_ours(entry):
                found[model] = int(entry["version"])
            elif (model, entry["version"]) not in self._told:
                self._told.add((model, entry["version"]))
                logger.warning(
                    "model %s: the active version %d is a pickle that Palladium wrote and cannot answer; convert it: "
                    "triglot upgrade",
                    model,
                    entry["version"],
                )
        return found

    def aliases(self, model: str) -> dict[str, int]:
        """Return the versions of `model` by alias."""
        return self._find(model)[1].aliases

    def activate(self, model: str, version: int, alias: str = ACTIVE) -> None:
        """Point `alias` at a version; the same call with the earlier number takes it back."""
        check_name("alias", alias)

        def change(document: Document) -> Document:
            _entry(model, document, version)
            return document.with_alias(alias, version)

        self._change(model, change)

    def deactivate(self, model: str, alias: str = ACTIVE) -> None:
        """Take `alias` away from `model`; its versions stay."""
        self._change(model, lambda document: document.with_alias(alias, None))

    def delete(self, model: str, version: int) -> None:
        """Remove a version and its files for good; one that carries an alias is refused."""
        removed: list[Entry] = []

        def change(document: Document) -> Document:
            if removed and document.entry(version) is None:
                return document
            entry = _entry(model, document, version)
            if held := names_of(document.aliases, version):
                raise in_use(model, version, held)
            removed[:] = [entry]
            return document.without(version)

        place = self._change(model, change)
        for key in layout.attachments_of(removed[0]):
            self._files.delete(self._layout.attachment(place, version, key))
        self._files.delete(self._layout.blob(place, version))

    def list(self, model: str | None = None) -> list[VersionInfo]:
        """Return every version, or those of `model`, ascending by model and number."""
        documents = self._documents() if model is None else {model: self._find(model)}
        return [
            layout.info_of(name, entry, document.aliases)
            for name, (_, document) in sorted(documents.items())
            for entry in document.entries
        ]

    def properties(self) -> dict[str, Any]:
        """Return facts about the store itself, without secrets."""
        documents = [document for _, document in self._documents().values()]
        return {
            "path": self.location,
            "db-version": layout.DB_VERSION,
            "models": len(documents),
            "versions": sum(len(document.entries) for document in documents),
        }

    def upgrade(self) -> None:
        """Write metadata of the form before Palladium 1.0, a bare list, as 1.0 does, with the last version active."""
        if self._documents():
            with self._files.locked(self._layout.lock):
                for place, _ in self._documents().values():
                    self._update(place, lambda document: replace(document, is_old=False))

    def close(self) -> None:
        """Do nothing: between calls nothing is open."""

    def palladium_entries(self) -> Document:
        """Return the metadata of the bare files, of the versions that Palladium wrote alone."""
        document = self._load("")
        return replace(document, entries=tuple(entry for entry in document.entries if not layout.is_ours(entry)))

    def palladium_bytes(self, version: int) -> bytes | None:
        """Return the gzipped pickle of one of Palladium's versions, or None where the file is missing."""
        found = self._files.get(self._layout.blob("", version))
        return None if found is None else found.data

    def palladium_attachments(self, version: int) -> dict[str, str]:
        """Return the attachments of one of Palladium's versions as base64 text, by their keys."""
        document = self.palladium_entries()
        model = self._owner(document)
        return self._attachments(model, "", _entry(model, document, version))

    def _attachments(self, model: str, place: str, entry: Entry) -> dict[str, str]:
        found = {}
        for key in layout.attachments_of(entry):
            file = self._files.get(self._layout.attachment(place, entry["version"], key))
            if file is None:
                raise StoreError(f"version {entry['version']} of model {model!r} lacks its {key}; restore the file")
            found[key] = layout.encoded(file.data)
        return found

    def _owner(self, bare: Document) -> str:
        return bare.owner or self._default or DEFAULT_MODEL

    def _load(self, place: str) -> Document:
        return self._look(place) or Document()

    def _look(self, place: str) -> Document | None:
        path = self._layout.metadata(place)
        found = self._files.get(path)
        return None if found is None else Document.parse(found.data, path)

    def _index(self) -> Sequence[str]:
        found = self._files.get(self._layout.index)
        return [] if found is None else layout.parse_index(found.data, self._layout.index)

    def _documents(self) -> dict[str, tuple[str, Document]]:
        """Return place and metadata of every model."""
        bare = self._look("")
        found = {} if bare is None else {self._owner(bare): ("", bare)}
        for model in self._index():
            place = self._layout.place_of(model, "")
            document = self._look(place)
            if document is not None:
                found.setdefault(model, (place, document))
        return found

    def _find(self, model: str) -> tuple[str, Document]:
        """Return place and metadata of one model; raises `ModelNotFound`."""
        bare = self._look("")
        place = self._layout.place_of(model, self._owner(bare or Document())) if is_name(model) else None
        document = None if place is None else bare if place == "" else self._look(place)
        if place is None or document is None:
            raise no_model(model, self._documents())
        return place, document

    def _place_to_write(self, model: str) -> tuple[str, str]:
        """Return a model's place, made known, and the owner that its metadata is to name."""
        place = self._layout.place_of(model, self._owner(self._load("")))
        if place and model not in self._index():
            self._retry(self._layout.index, lambda data: _indexed(data, self._layout.index, model))
        return place, model

    def _change(self, model: str, change: Callable[[Document], Document]) -> str:
        """Change a known model's metadata, and return its place."""
        place, _ = self._find(model)  # once there, a model keeps its place
        with self._files.locked(self._layout.lock):
            self._update(place, change)
        return place

    def _update(self, place: str, change: Callable[[Document], Document]) -> None:
        path = self._layout.metadata(place)

        def rewrite(data: bytes | None) -> bytes | None:
            before = Document() if data is None else Document.parse(data, path)
            after = change(before)
            return None if after == before else after.to_bytes()

        self._retry(path, rewrite)

    def _retry(self, path: str, rewrite: Callable[[bytes | None], bytes | None]) -> None:
        """Write what `rewrite` makes of a file's bytes, until the file is such that it has nothing to change.

        Without a lock the last look, after the write, is what finds a change that another writer has written over
        where the place takes no conditions.
        """
        for attempt in range(TRIES):
            found = self._files.get(path)
            data = rewrite(None if found is None else found.data)
            if data is None:
                return
            try:
                self._files.put(path, data, ABSENT if found is None else found.tag)
            except Changed:
                time.sleep(random.uniform(0, _WAIT_S * (attempt + 1)))  # apart, so that they do not meet again
                continue
            if self._files.exclusive:
                return
        raise StoreError(f"{path}: other writers were quicker {TRIES} times; try again when they are done")


def _entry(model: str, document: Document, version: int | None) -> Entry:
    found = document.entry(version)
    if found is None:
        raise no_version(model, version, document.versions)
    return found


def _added(document: Document, entry: Entry, owner: str) -> Document:
    """Return the document with the entry, once; raises `NumberTaken` where the number is somebody else's."""
    if document.owner not in (None, owner):
        raise NumberTaken
    found = document.entry(entry["version"])
    if found is not None and layout.identity_of(found) == layout.identity_of(entry):
        return document
    if entry["version"] <= document.last_version:
        raise NumberTaken
    return document.with_entry(entry, owner)


def _indexed(data: bytes | None, where: str, model: str) -> bytes | None:
    names = [] if data is None else layout.parse_index(data, where)
    return None if model in names else layout.index_bytes([*names, model])
