"""Rows of a database as parts: what a query answers, in ranges of the values of a key."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Connection, Select, column, func, literal_column, select, text

from triglot.bulk.reading import Reader
from triglot.errors import BadRequest
from triglot.scoring.database import connected, shown
from triglot.scoring.inputs import ROWS_A_PART
from triglot.scoring.parts import File, Part

FETCHED: Final = 10_000  # rows at a time
_TIMES: Final = {"date": date.fromisoformat, "datetime": datetime.fromisoformat}


@dataclass(frozen=True, slots=True)
class InQuery:
    """What a query answers, parted by the values of a column that every row has."""

    url: str = field(repr=False)
    query: str
    key: str
    whole: bool = False

    def places(self) -> list[str]:
        """Return what the rows are called in messages: the database, without secrets."""
        return [shown(self.url)]

    def mark(self, place: str) -> str:
        """Return how many rows there are, and the least and largest key."""
        rows = self._subquery()
        found = rows.c[self.key]
        with self._connected() as connection:
            count, keys, least, most = connection.execute(
                select(func.count(), func.count(found), func.min(found), func.max(found)).select_from(rows)
            ).one()
        if keys < count:
            raise BadRequest(f"--key: {count - keys:,} rows have no {self.key!r}; name a column that every row has")
        return f"{count} rows with {self.key} from {least} to {most}"

    def share(self, places: Sequence[str], partitions: int | None) -> int:
        """Return how many rows a part has."""
        if partitions is None:
            return ROWS_A_PART
        with self._connected() as connection:
            count = connection.execute(select(func.count()).select_from(self._subquery())).scalar_one()
        return max(1, -(-int(count) // partitions))

    def file(self, number: int, place: str, share: int) -> File:
        """Return all rows, in ranges of the key."""
        mark = self.mark(place)
        bounds = [(None, 0)] if self.whole else list(self._bounds(share))
        stops = [*(start for start, _ in bounds[1:]), None]
        parts = [
            Part((number, piece), place, "sql", start, stop, first)
            for piece, ((start, first), stop) in enumerate(zip(bounds, stops, strict=True))
        ]
        return File(number, place, mark, tuple(parts))

    def reader(self, part: Part, wanted: Collection[str]) -> Reader:
        """Return the rows of a range, in the order of the key."""
        batches = self._batches(self._range(part))
        return Reader(tuple(next(batches)), batches)

    def folder(self, part: Part) -> Path:
        """Return none: rows of a database are in no folder."""
        return Path()

    def described(self) -> dict[str, Any]:
        """Return what makes these other rows than others, as JSON and without secrets."""
        return {"rows": shown(self.url), "--query": self.query, "--key": self.key}

    def _subquery(self) -> Any:
        # the colons of a query are its own, and name no parameters; it is within another one, where nothing ends it
        return text(self.query.rstrip("; \n\t").replace(":", r"\:")).columns(column(self.key)).subquery("rows_to_score")

    def _range(self, part: Part) -> Select[Any]:
        rows = self._subquery()
        found: Select[Any] = select(literal_column("*")).select_from(rows).order_by(rows.c[self.key])
        if part.start is not None:
            found = found.where(rows.c[self.key] >= _key(part.start))
        return found if part.stop is None else found.where(rows.c[self.key] < _key(part.stop))

    def _bounds(self, share: int) -> Iterator[tuple[Any, int]]:
        """Yield the first key of each range and the number of its row; rows of one key are in one range."""
        rows = self._subquery()
        keys = select(rows.c[self.key]).order_by(rows.c[self.key])
        yield None, 0
        first, before = 0, None
        with self._connected() as connection:
            for number, (key,) in enumerate(connection.execution_options(yield_per=FETCHED).execute(keys)):
                if number - first >= share and key != before:
                    yield _plain(key, self.key), number
                    first = number
                before = key

    def _batches(self, rows: Select[Any]) -> Iterator[Any]:
        """Yield the names of the columns, then the rows as record batches."""
        with self._connected() as connection:
            found = connection.execution_options(yield_per=FETCHED).execute(rows)
            names = list(found.keys())
            yield names
            for several in found.partitions():
                columns = zip(names, zip(*several, strict=True), strict=True)
                yield pa.RecordBatch.from_arrays([_array(name, values) for name, values in columns], names=names)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with connected(self.url, "input") as engine, engine.connect() as connection:
            yield connection


def _plain(key: Any, name: str) -> Any:
    """Return a key as JSON has it; raises `BadRequest` for one that it has not."""
    if isinstance(key, datetime):
        return {"datetime": key.isoformat()}
    if isinstance(key, date):
        return {"date": key.isoformat()}
    if type(key) in (int, str, float):
        return key
    raise BadRequest(f"--key: {name!r} is of type {type(key).__name__}; name a column of numbers, text or times")


def _key(said: Any) -> Any:
    if isinstance(said, dict):
        ((kind, value),) = said.items()
        return _TIMES[kind](value)
    return said


def _array(name: str, values: Sequence[Any]) -> Any:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, ValueError) as error:
        raise BadRequest(f"column {name!r}: {error}") from None
