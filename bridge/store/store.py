"""The model store: every version of every model, and the aliases that say which one is served."""

import contextlib
import io
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, func, not_, select

from triglot.artefact import Artefact, check_blob
from triglot.errors import ArtefactRefused, ConfigError
from triglot.manifest import without_sources
from triglot.persister import (
    ACTIVE,
    StoredVersion,
    VersionInfo,
    check_name,
    for_listing,
    in_use,
    is_name,
    names_of,
    no_model,
    no_version,
)
from triglot.store import migrations
from triglot.store.copying import Copied, copy_all, refuse_filled
from triglot.store.engine import Database
from triglot.store.jobs import JobStore
from triglot.store.letters import LetterStore
from triglot.store.plain import from_json, to_json
from triglot.store.scopes import ScopeStore, of_a_scope
from triglot.store.tables import aliases, chunks, models, versions

CHUNK_SIZE = 8 * 1024 * 1024  # bytes
_LARGEST_VERSION = 2**31 - 1


class ModelStore:
    """Models by name, in versions that are never changed and whose numbers are never used again.

    Safe for threads and processes. Nothing is opened before the first call, which also makes the tables.
    Every call is one transaction: it happens as a whole or not at all.

    Args:
        url: SQLAlchemy's: `sqlite:///models.db`, `postgresql+psycopg://user:password@host/name`.
        chunk_size: The bytes at most of one row of an artefact; larger ones are kept in several.

    Raises:
        ConfigError: The URL is none, or its driver is not installed.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = ModelStore(f"sqlite:///{folder}/models.db")
        ...     print(store.list(), store.active())
        ...     store.close()
        [] {}
    """

    def __init__(self, url: str = "sqlite:///triglot.db", *, chunk_size: int = CHUNK_SIZE) -> None:
        if chunk_size < 1:
            raise ConfigError(f"the store's chunk_size is {chunk_size}; give a number of bytes from 1")
        self._database = Database(url)
        self._chunk_size = min(chunk_size, self._database.largest_value)

    @property
    def jobs(self) -> JobStore:
        """The jobs that live in the same database."""
        return JobStore(self._database)

    @property
    def scopes(self) -> ScopeStore:
        """The models of scopes in the same database."""
        return ScopeStore(self._database)

    @property
    def letters(self) -> LetterStore:
        """The requests by message that live in the same database."""
        return LetterStore(self._database)

    def __repr__(self) -> str:
        return f"ModelStore({str(self._database)!r})"

    def upgrade(self) -> None:
        """Make the tables or bring them up to date; safe for processes that start together."""
        self._database.upgrade()

    @property
    def location(self) -> str:
        """The URL of the database, without its password."""
        return str(self._database)

    @property
    def file(self) -> Path | None:
        """The file of the database, None where a server keeps it."""
        return self._database.file

    def revision(self) -> str | None:
        """Return the revision of the tables as it is, None where there are none; nothing is made by asking."""
        return None if self.file is not None and not self.file.exists() else self._database.revision()

    def rehearse(self) -> None:
        """Write a row and take it back; raises `StoreError` with what forbids it."""

        def work(connection: Connection) -> None:
            connection.execute(models.insert().values(name=f"rehearsal {uuid.uuid4()}", last_version=0))
            raise _TakenBack

        with contextlib.suppress(_TakenBack):
            self._database.write(work)

    def refuse_filled(self) -> None:
        """Return where nothing was ever stored here, no job either; raises `StoreError` where something was."""
        with self._database.reading() as connection:
            refuse_filled(connection, self._database)

    def fill_from(self, other: "ModelStore") -> Copied:
        """Copy all that another store holds, jobs included; raises `StoreError` where this one holds anything."""
        return copy_all(other._database, self._database)

    def close(self) -> None:
        """Close idle connections; the store may be used again afterwards."""
        self._database.close()

    def write(
        self,
        model: str,
        artefact: Artefact,
        *,
        metrics: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> int:
        """Return the number of the new version, which is one more than any number the model ever had.

        The blob must have the hash that its manifest names; the signature is not looked at. A job writes one version
        of a model: where `metadata` names a job that has written one, nothing is written and its number is returned.
        """
        check_name("model", model)
        card = artefact.card()
        sha256 = check_blob(card, artefact.blob)
        pieces = range(0, len(artefact.blob), self._chunk_size)
        row = {
            "language": _short_text(card, "language"),
            "task": _short_text(card, "task"),
            "manifest": artefact.manifest,
            "signature": artefact.signature,
            "size": len(artefact.blob),
            "sha256": sha256,
            "chunk_count": len(pieces),
            "metrics": to_json(metrics, "metrics"),
            "metadata": to_json(metadata, "metadata"),
        }

        def work(connection: Connection) -> int:
            model_id, version = _next_version(connection, model)
            if (done := _written_by(connection, model_id, (metadata or {}).get("job"))) is not None:
                raise _Written(done)  # so that the number that was taken goes back
            key = {"model_id": model_id, "version": version}
            connection.execute(versions.insert().values(**key, **row, created=_now()))
            for number, start in enumerate(pieces):
                data = artefact.blob[start : start + self._chunk_size]
                connection.execute(chunks.insert().values(**key, number=number, data=data))
            return version

        try:
            return self._database.write(work)
        except _Written as earlier:
            return earlier.version

    def read(self, model: str, version: int | None = None) -> StoredVersion:
        """Return a version, the active one by default, once its bytes have the hash its manifest names."""
        with self._database.reading() as connection:
            row = _find_version(connection, model, version)
            artefact = Artefact(row.manifest, _read_blob(connection, row), row.signature)
        try:
            check_blob(artefact.card(), artefact.blob)
        except ArtefactRefused as error:
            raise ArtefactRefused(f"version {row.version} of model {model!r}: {error}") from None
        return StoredVersion(
            model=model,
            version=row.version,
            artefact=artefact,
            metrics=from_json(row.metrics),
            metadata=from_json(row.metadata),
            created=datetime.fromisoformat(row.created),
        )

    def info(self, model: str, version: int | None = None) -> VersionInfo:
        """Return what a listing shows of one version, the active one by default."""
        with self._database.reading() as connection:
            row = _find_version(connection, model, version)
            return _info(row, _aliases_of(connection, row.model_id))

    def list(self, model: str | None = None, *, scopes: bool = True) -> list[VersionInfo]:
        """Return every version, or those of `model`, ascending by model and number; all, or all but those of scopes."""
        query, of_aliases = _version_query(), select(aliases)
        if not scopes:
            query = query.where(not_(of_a_scope()))
        with self._database.reading() as connection:
            if model is not None:
                model_id = _model_id(connection, model)
                query = query.where(versions.c.model_id == model_id)
                of_aliases = of_aliases.where(aliases.c.model_id == model_id)
            rows = connection.execute(query).all()
            rows_of_aliases = connection.execute(of_aliases).all()
        of_model: dict[int, dict[str, int]] = {}
        for alias in rows_of_aliases:
            of_model.setdefault(alias.model_id, {})[alias.alias] = alias.version
        infos = [_info(row, of_model.get(row.model_id, {})) for row in rows]
        return sorted(infos, key=lambda info: (info.model, info.version))  # no two databases sort text alike

    def active(self) -> dict[str, int]:
        """Return the active version of each model that has one, by one small query."""
        query = (
            select(models.c.name, aliases.c.version)
            .join_from(aliases, models, aliases.c.model_id == models.c.id)
            .where(aliases.c.alias == ACTIVE)
        )
        with self._database.reading() as connection:
            return {row.name: row.version for row in connection.execute(query)}

    def aliases(self, model: str) -> dict[str, int]:
        """Return the versions of `model` by alias."""
        with self._database.reading() as connection:
            return _aliases_of(connection, _model_id(connection, model))

    def activate(self, model: str, version: int, alias: str = ACTIVE) -> None:
        """Point `alias` at a version; the same call with the earlier number takes it back."""
        check_name("alias", alias)

        def work(connection: Connection) -> None:
            model_id = _find_version(connection, model, version).model_id
            key = (aliases.c.model_id == model_id) & (aliases.c.alias == alias)
            target = {"version": version, "changed": _now()}
            # asked for by a SELECT, as MariaDB counts only rows that an UPDATE made different
            if connection.execute(select(aliases.c.alias).where(key)).first() is None:
                connection.execute(aliases.insert().values(model_id=model_id, alias=alias, **target))
            else:
                connection.execute(aliases.update().where(key).values(**target))

        self._database.write(work)

    def deactivate(self, model: str, alias: str = ACTIVE) -> None:
        """Take `alias` away from `model`; its versions stay."""

        def work(connection: Connection) -> None:
            model_id = _model_id(connection, model)
            connection.execute(aliases.delete().where(aliases.c.model_id == model_id, aliases.c.alias == alias))

        self._database.write(work)

    def delete(self, model: str, version: int) -> None:
        """Remove a version and its bytes for good; one that carries an alias is refused."""

        def work(connection: Connection) -> None:
            row = _find_version(connection, model, version)
            if held := names_of(_aliases_of(connection, row.model_id), version):
                raise in_use(model, version, held)
            connection.execute(
                versions.delete().where(versions.c.model_id == row.model_id, versions.c.version == version)
            )

        self._database.write(work)

    def properties(self) -> dict[str, Any]:
        """Return facts about the store itself; the URL comes without its password."""
        with self._database.reading() as connection:
            return {
                "url": str(self._database),
                "dialect": self._database.dialect,
                "schema_revision": migrations.current(connection),
                "models": connection.execute(select(func.count()).select_from(models)).scalar_one(),
                "versions": connection.execute(select(func.count()).select_from(versions)).scalar_one(),
            }


def _next_version(connection: Connection, model: str) -> tuple[int, int]:
    """Return the model's id and its next number; the row stays locked until the transaction ends."""
    grown = models.update().where(models.c.name == model).values(last_version=models.c.last_version + 1)
    if connection.execute(grown).rowcount == 0:
        connection.execute(models.insert().values(name=model, last_version=1))
    query = select(models.c.id, models.c.last_version).where(models.c.name == model)
    row = connection.execute(query).one()
    return row.id, row.last_version


class _TakenBack(Exception):
    """Ends a transaction that was meant to leave nothing."""


class _Written(Exception):
    """The job at hand has written its version already."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


def _written_by(connection: Connection, model_id: int, job: object) -> int | None:
    """Return the version of a model whose metadata name this job."""
    if not isinstance(job, str):
        return None
    # a first choice by text, in which a job's id stands as it is; what is meant is decided on the JSON itself
    query = select(versions.c.version, versions.c.metadata).where(
        versions.c.model_id == model_id, versions.c.metadata.contains(job, autoescape=True)
    )
    rows = connection.execute(query)
    return next((row.version for row in rows if from_json(row.metadata).get("job") == job), None)


def _version_query() -> Select[Any]:
    return select(models.c.name, *versions.c).join_from(versions, models, versions.c.model_id == models.c.id)


def _model_id(connection: Connection, model: str) -> int:
    found = None
    if is_name(model):  # a driver may choke on what cannot be a name
        found = connection.execute(select(models.c.id).where(models.c.name == model)).scalar_one_or_none()
    if found is None:
        raise no_model(model, connection.execute(select(models.c.name)).scalars())
    return int(found)


def _find_version(connection: Connection, model: str, version: int | None) -> Row[Any]:
    model_id = _model_id(connection, model)
    wanted = _aliases_of(connection, model_id).get(ACTIVE) if version is None else version
    row = None
    if wanted is not None and 0 < wanted <= _LARGEST_VERSION:
        query = _version_query()
        query = query.where(versions.c.model_id == model_id, versions.c.version == wanted)
        row = connection.execute(query).one_or_none()
    if row is None:
        known = connection.execute(select(versions.c.version).where(versions.c.model_id == model_id))
        raise no_version(model, version, known.scalars())
    return row


def _aliases_of(connection: Connection, model_id: int) -> dict[str, int]:
    query = select(aliases.c.alias, aliases.c.version).where(aliases.c.model_id == model_id)
    return {row.alias: row.version for row in connection.execute(query)}


def _read_blob(connection: Connection, row: Row[Any]) -> bytes:
    """Return the chunks joined in order, without holding them twice; a gap or a surplus is refused."""
    of_version = (chunks.c.model_id == row.model_id) & (chunks.c.version == row.version)
    numbers = connection.execute(select(chunks.c.number).where(of_version).order_by(chunks.c.number))
    if list(numbers.scalars()) != list(range(row.chunk_count)):
        raise ArtefactRefused(
            f"version {row.version} of model {row.name!r} no longer has exactly its {row.chunk_count} chunks; "
            "restore the store from a backup, or fit the model again"
        )
    buffer = io.BytesIO()
    for number in range(row.chunk_count):  # one at a time: a driver holds a whole result in memory
        query = select(chunks.c.data).where(of_version, chunks.c.number == number)
        buffer.write(connection.execute(query).scalar_one())
    return buffer.getvalue()


def _info(row: Row[Any], of_model: Mapping[str, int]) -> VersionInfo:
    card: Mapping[str, Any]
    try:
        card = Artefact(row.manifest, b"", row.signature).card()
    except ArtefactRefused:
        card = {}  # one damaged row must not hide the others from the person who looks for it
    return VersionInfo(
        model=row.name,
        version=row.version,
        language=row.language,
        task=row.task,
        created=datetime.fromisoformat(row.created),
        size=row.size,
        sha256=row.sha256,
        card=without_sources(card),
        metrics=from_json(row.metrics),
        metadata=for_listing(from_json(row.metadata)),
        aliases=names_of(of_model, row.version),
    )


def _short_text(card: Mapping[str, Any], field: str) -> str:
    value = card.get(field)
    if not isinstance(value, str) or not 0 < len(value) <= 32:
        raise ArtefactRefused(f"the manifest's {field} is {value!r}; seal the artefact with triglot.artefact.seal")
    return value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
