"""Ranges of text begin and end with rows, and know how many were before, as the reader of the whole counts them."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.bulk import reading
from triglot.bulk.envelope import Body
from triglot.scoring import row_ends
from triglot.scoring.row_ends import ranges

CELLS = st.text(alphabet=st.sampled_from('ab,"\n\r ü'), max_size=6)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=30),
    end=st.sampled_from(["\n", "\r\n"]),
    blanks=st.sets(st.integers(0, 30)),
    size=st.integers(1, 60),
    block=st.integers(1, 40),
)
def test_ranges_of_csv_are_whole_rows_and_their_numbers_are_those_of_the_reader(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    end: str,
    blanks: set[int],
    size: int,
    block: int,
) -> None:
    lines = []
    for number, row in enumerate(rows):
        line = io.StringIO()
        csv.writer(line, lineterminator=end, quoting=csv.QUOTE_ALL).writerow(row)
        lines += [line.getvalue(), *([end] if number in blanks else [])]
    data = "".join(lines).encode()
    path = tmp_path_factory.mktemp("ends") / "rows"
    path.write_bytes(b"head" + data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_ends, "BLOCK", block)
        found = list(ranges(path, 4, size, quotes=True))

    assert b"".join(data[start - 4 : stop - 4] for start, stop, _ in found) == data
    for start, stop, first in found:
        assert first == count(data[: start - 4])
        assert count(data[: start - 4]) + count(data[start - 4 : stop - 4]) == count(data[: stop - 4])
        assert stop - start >= size or stop == 4 + len(data)


def count(data: bytes) -> int:
    """Return how many rows the reader finds."""
    return sum(batch.num_rows for batch in reading.csv_text(Body(io.BytesIO(b"x,y\n" + data), 2**30)).batches)


def test_a_column_alone_has_a_row_in_each_line_and_lines_of_json_need_no_quotes(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"1\n\n3\n4")
    assert list(ranges(tmp_path / "one", 0, 2, blank=True)) == [(0, 2, 0), (2, 5, 1), (5, 6, 3)]
    (tmp_path / "lines").write_bytes(b'{"a":"\\""}\n{"a":"x"}\n')
    assert list(ranges(tmp_path / "lines", 0, 5)) == [(0, 11, 0), (11, 21, 1)]
    (tmp_path / "none").write_bytes(b"")
    assert list(ranges(tmp_path / "none", 0, 5)) == []
