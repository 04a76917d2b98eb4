"""Palladium's models in files, wherever a persister finds them."""

import os
from collections.abc import Mapping
from typing import Any

from triglot.errors import ArtefactRefused
from triglot.persister import ATTACHMENTS
from triglot.persisters.file import File
from triglot.persisters.filelike import FileLike
from triglot.persisters.layout import unzipped
from triglot.persisters.palladium_source import Contents, OldVersion


class PalladiumFolder:
    """The versions that Palladium wrote into the bare files of one persister; those that Triglot wrote are not seen."""

    def __init__(self, persister: FileLike) -> None:
        self._persister = persister

    @property
    def identity(self) -> str:
        """The path or URL, with `{version}` in it."""
        location = self._persister.location
        return os.path.abspath(location) if isinstance(self._persister, File) else location

    def contents(self) -> Contents:
        """Return what the metadata says; the list of before 1.0 is read as 1.0 made it."""
        document = self._persister.palladium_entries()
        versions = tuple(OldVersion(entry["version"], _metadata(entry)) for entry in document.entries)
        return Contents(versions, document.aliases.get("active"), (document.properties or {}).get("db-version"))

    def pickled(self, version: int) -> bytes:
        """Return a version's pickle, unzipped and unopened."""
        data = self._persister.palladium_bytes(version)
        if data is None:
            raise ArtefactRefused(f"version {version} has no file under {self.identity}; fit the model again")
        return unzipped(data)

    def attachments(self, version: int) -> dict[str, str]:
        """Return a version's attachments as base64 text, by their keys."""
        return self._persister.palladium_attachments(version)


def _metadata(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in ("version", ATTACHMENTS)}
