"""Bodies and files of columns as record batches: Arrow streams, Arrow files and Parquet."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from triglot.bulk.arrow_files import Unfiled
from triglot.bulk.envelope import FILE_MAGIC, MAX_METADATA, Body, Messages
from triglot.bulk.pages import checked
from triglot.bulk.reading import Reader, unreadable
from triglot.errors import TooLarge

PARQUET_ROWS = 65_536
_BUFFER_BYTES = 2**18
_ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, OverflowError, MemoryError, IndexError)


def arrow_stream(body: Body, limit: int, what: str = "Arrow stream") -> Reader:
    """Return the batches of an Arrow IPC stream, each validated in full; `limit` is how many bytes one may have."""
    messages = Messages(body, limit)
    try:
        stream = pa.ipc.open_stream(pa.PythonFile(messages, mode="r"))
        names = tuple(stream.schema.names)
    except _ERRORS as error:
        raise unreadable(what, error) from None
    return Reader(names, _arrow_batches(stream, messages, what))


def _arrow_batches(stream: Any, messages: Messages, what: str) -> Iterator[Any]:
    first = 0
    while True:
        try:
            batch = stream.read_next_batch()
            _validate(batch)
        except StopIteration:
            return messages.finish()
        except _ERRORS as error:
            raise unreadable(f"{what}, from row {first} on,", error) from None
        first += batch.num_rows
        yield batch


def arrow_file_body(file: Any, limit: int) -> Reader:
    """Return the batches of an Arrow file that a stranger sent, which can be read from any place."""
    size = file.seek(0, 2)
    return arrow_stream(Body(Unfiled(file), size + MAX_METADATA), limit, "Arrow file")


def is_arrow_file(source: Any) -> bool:
    """Return whether a file that can be read from any place is an Arrow file and no stream."""
    found = bool(source.read(len(FILE_MAGIC)) == FILE_MAGIC)
    source.seek(0)
    return found


def arrow_file(path: Path, start: int = 0, stop: int | None = None) -> Reader:
    """Return the batches of an Arrow file (Feather), which stays on disk, or some of them."""
    file = _arrow_file(path)
    batches = range(file.num_record_batches)[start:stop]
    return Reader(tuple(file.schema.names), _validated(map(file.get_batch, batches), "Arrow file"))


def arrow_rows(path: Path) -> list[int]:
    """Return how many rows each batch of an Arrow file has."""
    file = _arrow_file(path)
    try:
        return [file.get_batch(place).num_rows for place in range(file.num_record_batches)]
    except _ERRORS as error:
        raise unreadable("Arrow file", error) from None


def _arrow_file(path: Path) -> Any:
    try:
        return pa.ipc.open_file(pa.memory_map(str(path)))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise unreadable("Arrow file", error) from None


def parquet(path: Path, start: int = 0, stop: int | None = None, wanted: Collection[str] | None = None) -> Reader:
    """Return the batches of a Parquet file, or of some row groups; columns that are not `wanted` are left out."""
    file = _parquet_file(path)
    names = tuple(name for name in file.schema_arrow.names if wanted is None or name in wanted)
    groups = range(file.num_row_groups)[start:stop]
    found = file.iter_batches(batch_size=PARQUET_ROWS, row_groups=list(groups), columns=list(names))
    return Reader(names, _validated(found, "Parquet file"))


def parquet_rows(path: Path) -> list[int]:
    """Return how many rows each row group of a Parquet file has."""
    metadata = _parquet_file(path).metadata
    return [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]


def _parquet_file(path: Path) -> Any:
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise unreadable("Parquet file", error) from None


def parquet_body(source: Any, limit: int, most_rows: int, wanted: frozenset[str] | None = None) -> Reader:
    """Return the batches of Parquet that a stranger sent, from a file that can be read from any place.

    It is inflated page by page, so that `limit` bytes are in memory at a time, or a few times as many; columns that are
    not `wanted` are left out.
    """
    import pyarrow.parquet as pq

    try:
        # what is spelt as text stays coded: a value that every row has is there once
        file = pq.ParquetFile(source, buffer_size=_BUFFER_BYTES)
        file = pq.ParquetFile(source, buffer_size=_BUFFER_BYTES, read_dictionary=_texts(file))
    except _ERRORS as error:
        raise unreadable("Parquet body", error) from None
    if file.metadata.num_rows > most_rows:
        raise TooLarge(f"a request may have {most_rows:,} rows; send fewer at a time")
    names = tuple(name for name in file.schema_arrow.names if wanted is None or name in wanted)
    return Reader(names, _parquet_batches(file, source, names, limit))


def _texts(file: Any) -> list[str]:
    columns = (file.schema.column(place) for place in range(len(file.schema)))
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def _parquet_batches(file: Any, source: Any, names: tuple[str, ...], limit: int) -> Iterator[Any]:
    rows = min(checked(file, source, set(names), limit), PARQUET_ROWS)
    columns = None if names == tuple(file.schema_arrow.names) else list(names)
    yield from _validated(file.iter_batches(batch_size=rows, columns=columns, use_threads=False), "Parquet body")


def _validated(batches: Iterator[Any], what: str) -> Iterator[Any]:
    first = 0
    while True:
        try:
            batch = next(batches, None)
            if batch is None:
                return
            _validate(batch)
        except _ERRORS as error:
            raise unreadable(f"{what}, from row {first} on,", error) from None
        first += batch.num_rows
        yield batch


def _validate(batch: Any) -> None:
    """Raise pyarrow's error of a batch that is not what it says, with the name of the column that is not."""
    batch.validate()
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        try:
            array.validate(full=True)
        except pa.ArrowException as error:
            raise pa.ArrowInvalid(f"column {name!r}: {error}") from None
