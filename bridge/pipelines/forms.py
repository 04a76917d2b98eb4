"""Data frames as bytes: CSV, JSON lines and Parquet, of files and of results."""

import io
from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING, Final

import orjson

from triglot.errors import BadRequest, TooLarge

if TYPE_CHECKING:
    import pandas as pd

MOST_RESULT_BYTES: Final = 64 * 2**20
PIECE_ROWS: Final = 65_536
_SHOWN: Final = 300
ENDINGS: Final[Mapping[str, str]] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


def write(frame: "pd.DataFrame", kind: str, sink: IO[bytes]) -> None:
    """Write a frame in a form; its index is left out. Raises `BadRequest` for what the form has no place for."""
    try:
        _write(frame, kind, sink)
    except (ValueError, TypeError, NotImplementedError, OverflowError) as error:  # of pandas, pyarrow and orjson
        why = f"{type(error).__name__}: {' '.join(str(error).split())[:_SHOWN]}"
        raise BadRequest(
            f"the table cannot be written as {kind}: {why}; give its columns different names, and values that are "
            "numbers, text, booleans or times"
        ) from None


def _write(frame: "pd.DataFrame", kind: str, sink: IO[bytes]) -> None:
    if kind == "csv":
        text = io.TextIOWrapper(sink, "utf-8", newline="")
        frame.to_csv(text, index=False, lineterminator="\n")
        text.detach()
    elif kind == "parquet":
        frame.to_parquet(sink, index=False)
    else:
        for piece in lines(frame):
            sink.write(piece)


def lines(frame: "pd.DataFrame") -> Iterator[bytes]:
    """Yield a frame as JSON lines, some thousands at a time; what is missing is null, times are ISO 8601."""
    from triglot.tables.frames import to_table

    names = [str(name) for name in frame.columns]
    for start in range(0, len(frame), PIECE_ROWS):
        table = to_table(frame.iloc[start : start + PIECE_ROWS])
        rows = zip(*(column.to_list() for column in table.columns), strict=True)
        yield b"".join(orjson.dumps(dict(zip(names, row, strict=True))) + b"\n" for row in rows)


def encoded(frame: "pd.DataFrame", kind: str) -> bytes:
    """Return a frame as a result; raises `TooLarge` for one that is too large to be kept."""
    sink = _Bounded()
    write(frame, kind, sink)
    return sink.getvalue()


class _Bounded(io.BytesIO):
    def write(self, data: object, /) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        if self.tell() + view.nbytes > MOST_RESULT_BYTES:
            raise TooLarge(
                f"the result has more than {MOST_RESULT_BYTES:,} bytes, which is what is kept; let the last step write "
                "it into a file or a table"
            )
        return super().write(view)
