import contextlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import mixed, same_tables
from triglot.errors import ProtocolError
from triglot.tables import arrow
from triglot.tables.table import Column, Table


def stream(*batches: Any) -> bytes:
    """Return what another program would have written."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batches[0].schema) as out:
        for batch in batches:
            out.write_batch(batch)
    return bytes(sink.getvalue())


@given(mixed())
def test_a_table_comes_back_with_its_kinds_levels_missing_places_and_values(table: Table) -> None:
    assert same_tables(arrow.loads(bytes(arrow.dumps(table))), table)


@given(mixed(), st.data())
def test_a_stream_with_changed_bytes_is_a_table_or_a_protocol_error(table: Table, data: st.DataObject) -> None:
    whole = bytearray(arrow.dumps(table))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    for damaged in (bytes(whole), cut):
        with contextlib.suppress(ProtocolError):
            loaded = arrow.loads(damaged)
            assert all(len(column) == loaded.rows for column in loaded.columns)
            assert all(len(column.to_list()) == loaded.rows for column in loaded.columns)


def test_a_stream_with_a_negative_length_is_a_protocol_error() -> None:
    whole = bytes(arrow.dumps(Table("a", columns=[Column.strings(["x"])])))
    with pytest.raises(ProtocolError):
        arrow.loads(b"\xfe" + whole[1:])


def test_several_batches_are_one_table_with_one_set_of_levels() -> None:
    one = pa.record_batch(
        [pa.array(["x", None, "y"]).dictionary_encode(), pa.array([1.0, None, 3.0])], names=["c", "n"]
    )
    other = pa.record_batch([pa.array(["x", "y"]).dictionary_encode(), pa.array([4.0, 5.0])], names=["c", "n"])
    table = arrow.loads(stream(one, other))
    assert table.columns[0].to_list() == ["x", None, "y", "x", "y"]
    assert table.columns[1].to_list() == [1.0, None, 3.0, 4.0, 5.0]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view()])
def test_other_programs_texts_are_text(kind: Any) -> None:
    batch = pa.record_batch([pa.array(["a", None], type=kind)], names=["t"])
    assert arrow.loads(stream(batch)).columns[0].to_list() == ["a", None]


@pytest.mark.parametrize("codes", [pa.uint8(), pa.uint32(), pa.int64()], ids=str)
@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_other_programs_codes_and_levels_are_a_category(codes: Any, text: Any) -> None:
    coded = pa.DictionaryArray.from_arrays(pa.array([1, None, 0], codes), pa.array(["a", "b"], text))
    column = arrow.loads(stream(pa.record_batch([coded], names=["c"]))).columns[0]
    assert column.levels == ("a", "b")
    assert column.to_list() == ["b", None, "a"]


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1], type=pa.uint8()),
        pa.array([[1]]),
        pa.array([b"x"]),
        pa.nulls(1),
        pa.array([{"a": 1}]),
        pa.array([1], type=pa.time32("s")),
        pa.array([1], type=pa.timestamp("ns")),
    ],
    ids=lambda array: str(array.type),
)
def test_a_column_of_a_type_that_no_model_takes_is_refused_by_name(array: Any) -> None:
    with pytest.raises(ProtocolError, match="'when'"):
        arrow.loads(stream(pa.record_batch([array], names=["when"])))


def test_codes_beyond_the_levels_are_refused_before_they_are_read() -> None:
    indices = pa.array([0, 9], type=pa.int32())
    wild = pa.DictionaryArray.from_arrays(indices, pa.array(["a"]), safe=False)
    with pytest.raises(ProtocolError):
        arrow.loads(stream(pa.record_batch([wild], names=["c"])))


def test_a_level_that_is_null_is_refused() -> None:
    levels = pa.DictionaryArray.from_arrays(pa.array([0], type=pa.int32()), pa.array(["a", None]))
    with pytest.raises(ProtocolError, match="'c': a category level is null"):
        arrow.loads(stream(pa.record_batch([levels], names=["c"])))


def test_an_ordered_category_and_the_edges_of_integers_survive() -> None:
    table = Table(
        ["size", "n"],
        columns=[
            Column.category(np.array([1, 0], np.int32), ["S", "L"], ordered=True),
            Column.numeric(np.array([-(2**63), 2**63 - 1], np.int64)),
        ],
    )
    again = arrow.loads(arrow.dumps(table))
    assert again.columns[0].ordered
    assert again.columns[1].to_list() == [-(2**63), 2**63 - 1]


def test_arrays_are_a_matrix_where_each_begins_where_the_one_before_ends_in_one_buffer() -> None:
    whole = pa.py_buffer(np.arange(12.0))
    a, b, c = (pa.Array.from_buffers(pa.float64(), 4, [None, whole.slice(32 * j, 32)]) for j in range(3))

    found = arrow.matrix([a, b, c], "float64")

    assert found is not None
    assert found.tolist() == np.arange(12.0).reshape(3, 4).T.tolist()
    assert found.flags.f_contiguous
    assert np.shares_memory(found, np.frombuffer(whole))
    for others in (
        [a, c],
        [b, a],
        [a.slice(0, 3), b.slice(0, 3)],
        [a, pa.array([1.0] * 4)],
        [a.cast(pa.int64()), b],
        [],
    ):
        assert arrow.matrix(others, "float64") is None
    apart = [pa.Array.from_buffers(pa.float64(), 4, [None, pa.py_buffer(np.arange(4.0))]) for _ in range(2)]
    assert arrow.matrix(apart, "float64") is None
    holes = pa.Array.from_buffers(pa.float64(), 4, [pa.py_buffer(b"\x07"), whole.slice(0, 32)])
    assert arrow.matrix([holes, b], "float64") is None


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.int32, np.bool_])
@pytest.mark.parametrize(("first", "rows"), [(0, 20), (3, 13), (8, 1), (5, 0)])
def test_numbers_and_booleans_cross_to_arrow_and_back_wherever_they_begin(dtype: Any, first: int, rows: int) -> None:
    values = (np.arange(40) % 3 != 1).astype(dtype)[::2]
    missing = np.arange(20) % 5 == 0

    array = arrow.packed(values, missing).slice(first, rows)

    assert array.type == pa.from_numpy_dtype(dtype)
    known = [None if gone else value for value, gone in zip(values.tolist(), missing, strict=True)]
    assert array.to_pylist() == known[first : first + rows]
    there = ~missing[first : first + rows]
    assert arrow.unpacked(array)[there].tolist() == values[first : first + rows][there].tolist()
    assert arrow.packed(values).to_pylist() == values.tolist()
