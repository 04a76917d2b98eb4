"""All tables of one database into another one that has none of them filled, as they stand at one moment."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, select, text, update

from triglot.errors import StoreError
from triglot.store.engine import Database
from triglot.store.tables import chunks, metadata, models, versions

AT_ONCE = 8  # rows in memory, each of some megabytes at most


class Copied(NamedTuple):
    """How much was copied."""

    models: int
    versions: int
    bytes: int

    def __str__(self) -> str:
        return f"{_some(self.versions, 'version')} of {_some(self.models, 'model')}"


def copy_all(source: Database, target: Database) -> Copied:
    """Copy every row, in one transaction on each side; raises `StoreError` where the target holds anything.

    Numbers of versions, and which were used, stay as they are; pieces of artefacts are cut as the target takes them.
    """
    with source.reading() as reader:

        def work(writer: Connection) -> Copied:
            refuse_filled(writer, target)
            for table in metadata.sorted_tables:
                if table is chunks:
                    _copy_chunks(reader, writer, target.largest_value)
                else:
                    _copy(reader, writer, table)
            if target.dialect == "postgresql":
                writer.execute(
                    text(f"SELECT setval(pg_get_serial_sequence('{models.name}', 'id'), max(id)) FROM {models.name}")
                )
            return _counted(writer)

        return target.write(work)


def refuse_filled(connection: Connection, target: Database) -> None:
    """Raise `StoreError` where any of the tables has a row."""
    for table in metadata.sorted_tables:
        if found := connection.execute(select(func.count()).select_from(table)).scalar_one():
            raise StoreError(
                f"the model store {target} is not empty ({found} rows in {table.name}); name one that is, with "
                "TRIGLOT_STORE or model_persister, or move this one away"
            )


def _copy(reader: Connection, writer: Connection, table: Table) -> None:
    rows = reader.execution_options(yield_per=AT_ONCE).execute(select(table))
    for some in rows.mappings().partitions():
        writer.execute(table.insert(), [dict(row) for row in some])


def _copy_chunks(reader: Connection, writer: Connection, largest: int) -> None:
    key = (chunks.c.model_id, chunks.c.version)
    rows = reader.execution_options(yield_per=AT_ONCE).execute(select(chunks).order_by(*key, chunks.c.number))
    for (model_id, version), pieces in groupby(rows, lambda row: (row.model_id, row.version)):
        number = 0
        for number, data in enumerate(_cut(pieces, largest), start=1):
            writer.execute(chunks.insert().values(model_id=model_id, version=version, number=number - 1, data=data))
        this = (versions.c.model_id == model_id) & (versions.c.version == version)
        writer.execute(update(versions).where(this).values(chunk_count=number))


def _cut(pieces: Iterator[Any], largest: int) -> Iterator[bytes]:
    for piece in pieces:
        data = bytes(piece.data)
        yield from (data[start : start + largest] for start in range(0, len(data), largest))


def _some(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _counted(connection: Connection) -> Copied:
    count = connection.execute(select(func.count()).select_from(models)).scalar_one()
    of_versions = connection.execute(select(func.count(), func.coalesce(func.sum(versions.c.size), 0))).one()
    return Copied(count, of_versions[0], int(of_versions[1]))
