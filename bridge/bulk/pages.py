"""What may be asked of Parquet before Arrow inflates it: pages that are as large as they may be, and flat columns.

Arrow's own reader allocates what a page's header announces. So the headers, which stand among the data, are read here
before that reader sees them. They are Thrift's compact encoding: a field is its id, its type and its value.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from triglot.errors import BadRequest, TooLarge

HEADER_BYTES = 2**16  # with the smallest and the largest value of the page, which are cut off by most writers
MOST_PAGES = 200_000
LONGEST_FIXED = 64  # of values of one length: decimals have 32
LEAST_VALUE = 8  # bytes of a value in memory, however it lies in the file
_PREFIXES = 7  # an encoding by which a page may hold a long value again and again for nothing
_DEPTH = 8


class Page(NamedTuple):
    """What the header of a page says: how long it is inflated and in the file, and how many values it has."""

    inflated: int
    size: int
    values: int
    encoding: int


def checked(file: Any, source: Any, names: set[str], limit: int) -> int:
    """Return how many rows of a Parquet file may be in memory at a time; raises `BadRequest` and `TooLarge`."""
    columns = [place for place in range(len(file.schema)) if _is_read(file.schema.column(place), names)]
    row_bytes = float(LEAST_VALUE * max(1, len(columns)))
    pages = 0
    for group in range(file.metadata.num_row_groups):
        held = 0
        dense = 0.0
        for place in columns:
            chunk = file.metadata.row_group(group).column(place)
            largest, width, found = _look(chunk, source)
            held, dense, pages = held + largest, dense + width, pages + found
            if held > limit:
                raise TooLarge(
                    f"the pages of a row group may have {limit:,} bytes at a time; write row groups of fewer rows"
                )
            if pages > MOST_PAGES:
                raise BadRequest(f"the Parquet body has more than {MOST_PAGES:,} pages; write larger ones")
        row_bytes = max(row_bytes, dense)
    return max(1, int(limit / row_bytes))


def _is_read(column: Any, names: set[str]) -> bool:
    """Return whether a column is among these; raises `BadRequest` for one that is no column of single values."""
    name = column.path.partition(".")[0]
    if column.path not in names and name not in names:
        return False
    long = column.physical_type == "FIXED_LEN_BYTE_ARRAY" and column.length > LONGEST_FIXED
    if column.max_repetition_level or column.max_definition_level > 1 or long:
        raise BadRequest(f"column {name!r} is nested or binary, which no model takes")
    return True


def _look(chunk: Any, source: Any) -> tuple[int, float, int]:
    """Return the bytes of the largest page of a column and of its dictionary, the most bytes a row, and the pages."""
    dictionary = largest = found = 0
    width = float(LEAST_VALUE)
    for page in _pages(chunk, source):
        found += 1
        if page.encoding == _PREFIXES:
            raise BadRequest(f"column {chunk.path_in_schema!r} is encoded as DELTA_BYTE_ARRAY; write it as PLAIN")
        if not page.values:
            dictionary = max(dictionary, page.inflated)
        else:
            largest = max(largest, page.inflated)
            width = max(width, page.inflated / page.values)
    return dictionary + largest, width, found


def _pages(chunk: Any, source: Any) -> Iterator[Page]:
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        start = min(start, chunk.dictionary_page_offset)
    end = start + chunk.total_compressed_size
    while start < end:
        source.seek(start)
        head = source.read(HEADER_BYTES)
        try:
            reader = _Compact(head)
            page = _page(reader.struct(_DEPTH))
        except (IndexError, KeyError, ValueError, TypeError):
            raise BadRequest("the Parquet body cannot be read: a page has no header that can be read") from None
        if page.size < 0 or page.inflated < 0:
            raise BadRequest("the Parquet body cannot be read: a page of less than nothing")
        yield page
        start += reader.place + page.size


def _page(header: dict[int, Any]) -> Page:
    """Return a page by the fields of its header: 5 is of a page of data, 8 of the second kind, 7 of a dictionary."""
    first, second = header.get(5), header.get(8)
    data = first or second or {}
    encoding = data[4 if second else 2] if data else -1
    return Page(header[2], header[3], max(0, data[1]) if data else 0, encoding)


class _Compact:
    """Reads Thrift's compact encoding; raises `IndexError` at its end and `ValueError` for what is none."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.place = 0

    def struct(self, depth: int) -> dict[int, Any]:
        """Return the fields of a struct by their ids."""
        if not depth:
            raise ValueError("nested too deeply")
        fields: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._signed()
            fields[field] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self._signed()
        if kind == 7:
            return self._skip(8)
        if kind == 8:
            return self._skip(self._whole())
        if kind == 12:
            return self.struct(depth - 1)
        raise ValueError("a field that headers of pages do not have")

    def _byte(self) -> int:
        byte = self._content[self.place]
        self.place += 1
        return byte

    def _whole(self) -> int:
        number = shift = 0
        while (byte := self._byte()) & 128:
            number |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError("a number of too many bytes")
        return number | byte << shift

    def _signed(self) -> int:
        number = self._whole()
        return (number >> 1) ^ -(number & 1)

    def _skip(self, size: int) -> None:
        self.place += size
        if self.place > len(self._content):
            raise IndexError("cut off")
