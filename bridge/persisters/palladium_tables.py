"""Palladium's own tables, `properties`, `models` and `model_chunks`: read as they are, with or without CLOBs."""

import base64
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, column, create_engine, inspect, select, table
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from triglot.database_words import parsed, reason, shown, without_secrets
from triglot.errors import ArtefactRefused, ConfigError, StoreError
from triglot.persisters.palladium_source import Contents, OldVersion
from triglot.store.engine import Database

_GZIP: Final = 16 + zlib.MAX_WBITS


class PalladiumTables:
    """The models in one set of Palladium's tables. Without a postfix, the only set that there is will do."""

    def __init__(self, url: str, table_postfix: str = "") -> None:
        self._url = _parsed(url)
        self._wanted = f"_{table_postfix}" if table_postfix else ""

    @property
    def identity(self) -> str:
        """The URL without password, and the name of the table of models."""
        return f"{shown(self._url)}#models{self._suffix}"

    def contents(self) -> Contents:
        """Return what the tables say, without the bytes; no tables are no versions."""
        if self._suffix is None:
            return Contents((), None, None)
        with self._reading() as connection:
            models = table(f"models{self._suffix}", column("version"), column("metadata"))
            rows = connection.execute(select(models).order_by(models.c.version)).all()
            properties = {}
            if inspect(connection).has_table(f"properties{self._suffix}"):
                named = table(f"properties{self._suffix}", column("name"), column("value"))
                properties = {row.name: row.value for row in connection.execute(select(named))}
        versions = tuple(OldVersion(int(row.version), _metadata(row.version, row.metadata)) for row in rows)
        active = str(properties.get("active-model", ""))
        known = {version.version for version in versions}
        return Contents(
            versions,
            int(active) if active.isdecimal() and int(active) in known else None,
            properties.get("db-version"),
        )

    def pickled(self, version: int) -> bytes:
        """Return the pickle of a version's own write.

        Palladium left the chunks of deleted versions and used their numbers again, so that those of several writes
        may stand one after another; the last is the one that the listing describes.
        """
        pieces = table(f"model_chunks{self._suffix}", column("id"), column("model_version"), column("blob"))
        query = select(pieces.c.blob).where(pieces.c.model_version == version).order_by(pieces.c.id)
        with self._reading() as connection:
            data = b"".join(_bytes(blob) for blob in connection.execute(query).scalars())
        if not data:
            raise ArtefactRefused(f"version {version} has no bytes in {self.identity}; fit the model again")
        return _last_member(data, f"version {version} in {self.identity}")

    def attachments(self, version: int) -> dict[str, str]:
        """Return nothing: in these tables attachments stand in the metadata."""
        return {}

    @cached_property
    def _suffix(self) -> str | None:
        """The ending of the tables' names, or None where there are none of Palladium's."""
        with self._reading() as connection:
            names = set(inspect(connection).get_table_names())
        found = {
            name.removeprefix("model_chunks")
            for name in names
            if name.startswith("model_chunks") and f"models{name.removeprefix('model_chunks')}" in names
        }
        if self._wanted in found:
            return self._wanted
        if self._wanted or not found:
            return None
        if len(found) > 1:
            endings = ", ".join(sorted(ending.removeprefix("_") for ending in found))
            raise ConfigError(
                f"{shown(self._url)} holds several sets of Palladium's tables; add an "
                f"entry with 'palladium.persistence.Database' and a table_postfix ({endings}) to the configuration, "
                "and name its key with --source"
            )
        return found.pop()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        engine = create_engine(self._url, poolclass=NullPool, hide_parameters=True)
        try:
            with engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            words = without_secrets(reason(error), self._url)
            raise StoreError(f"{shown(self._url)} cannot be read: {words}") from None
        finally:
            engine.dispose()


def _parsed(url: str) -> URL:
    try:
        found: URL | None = Database(url).url  # with the driver that is installed beside Triglot
    except ConfigError:
        found = parsed(url)
    if found is None:
        raise ConfigError(f"{url.partition('://')[0]!r} begins no URL of a database")
    file = found.database if found.get_backend_name() == "sqlite" else None
    if file is not None and not Path(file).is_file():
        raise StoreError(f"there is no file {file}; check the path")  # opening it would make it
    return found


def _metadata(version: int, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise StoreError(f"the metadata of version {version} is not JSON: {error}") from None
    return {key: value for key, value in dict(found).items() if key != "version"}


def _bytes(blob: Any) -> bytes:
    return base64.b64decode(blob) if isinstance(blob, str) else bytes(blob)


def _last_member(data: bytes, what: str) -> bytes:
    """Return the content of the last of the gzip files that stand one after another."""
    found = b""
    while data:
        member = zlib.decompressobj(_GZIP)
        try:
            found = member.decompress(data) + member.flush()
        except zlib.error as error:
            raise ArtefactRefused(f"the bytes of {what} are damaged ({error}); fit the model again") from None
        if not member.eof:
            raise ArtefactRefused(f"the bytes of {what} end too early; fit the model again")
        data = member.unused_data
    return found
