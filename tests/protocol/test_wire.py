import contextlib
import math
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.helpers import floats
from tests.strategies import plain, replies, requests, same_tables
from triglot.errors import ProtocolError, TableNeeded
from triglot.protocol import bundles, wire
from triglot.protocol.messages import Fault, Part, Reply, Request, Started
from triglot.tables.table import Column, Table
from triglot.workers.table_cache import Buffers


def received(frames: list[Any]) -> list[bytes]:
    """Return the frames as the other process gets them."""
    return [bytes(frame) for frame in frames]


def same(one: Any, other: Any) -> bool:
    """Whether two header values are the same, NaN being NaN and a tuple a list."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


@given(requests)
def test_a_request_arrives_as_it_was_sent(request: Request) -> None:
    got = wire.decode_request(received(wire.encode_request(request)))
    for name in ("op", "id", "model", "version", "timeout_ms", "artefact", "alone"):
        assert getattr(got, name) == getattr(request, name)
    assert same(got.params, request.params)
    assert same(got.spec, request.spec)
    assert len(got.tables) == len(request.tables)
    assert all(map(same_tables, got.tables, request.tables))


@given(replies)
def test_a_reply_a_fault_and_a_notice_arrive_as_they_were_sent(reply: Reply | Fault | Started) -> None:
    got = wire.decode_reply(received(wire.encode_reply(reply)))
    assert type(got) is type(reply)
    assert got.id == reply.id
    if isinstance(reply, Fault):
        assert isinstance(got, Fault)
        assert (got.code, got.message) == (reply.code, reply.message)
        assert same(got.details, reply.details)
    elif isinstance(reply, Reply):
        assert isinstance(got, Reply)
        assert (got.artefact, got.output, got.warnings) == (reply.artefact, reply.output, reply.warnings)
        assert same(got.info, reply.info)
        assert all(map(same_tables, got.tables, reply.tables))


def decodes_or_refuses(frames: list[bytes]) -> None:
    """Both decoders answer a message or a `ProtocolError`, and the id can be asked for whatever comes."""
    for decode in (wire.decode_request, wire.decode_reply):
        with contextlib.suppress(ProtocolError):
            decode(frames)
    assert all(isinstance(each, str) for each in wire.request_ids(frames))


@st.composite
def damaged(draw: st.DrawFn) -> list[bytes]:
    """Frames of a real message with some of them cut, changed, doubled, dropped or exchanged."""
    message = draw(st.one_of(requests.map(wire.encode_request), replies.map(wire.encode_reply)))
    frames = received(message)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(frames) - 1)) if frames else 0
        how = draw(st.sampled_from(["flip", "cut", "grow", "drop", "double", "swap"]))
        if not frames or how == "grow":
            frames.insert(place, draw(st.binary(max_size=20)))
        elif how == "flip" and frames[place]:
            at = draw(st.integers(0, len(frames[place]) - 1))
            frames[place] = frames[place][:at] + bytes([draw(st.integers(0, 255))]) + frames[place][at + 1 :]
        elif how == "cut":
            frames[place] = frames[place][: draw(st.integers(0, len(frames[place])))]
        elif how == "drop":
            del frames[place]
        elif how == "double":
            frames.insert(place, frames[place])
        else:
            frames[0], frames[place] = frames[place], frames[0]
    return frames


@given(damaged())
def test_damaged_frames_are_a_protocol_error_and_never_anything_else(frames: list[bytes]) -> None:
    decodes_or_refuses(frames)


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_any_bytes_are_a_protocol_error_and_never_anything_else(frames: list[bytes]) -> None:
    decodes_or_refuses(frames)
    decodes_or_refuses([wire.MAGIC + frames[0], *frames[1:]] if frames else [])


KEYS = ["id", "op", "model", "version", "timeout_ms", "params", "spec", "alone", "tables", "artefact", "fault", "info"]
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"rows": plain | st.integers(-2, 2**64 - 1)},
        optional={
            "dtype": plain | st.sampled_from(["<f8", "|b1", "|O", "<U3", "f8,f8"]),
            "names": plain,
            "data": plain | st.binary(max_size=24),
        },
    )
    | plain,
    max_size=3,
)


@given(st.dictionaries(st.sampled_from(KEYS), plain), ENTRIES, st.lists(st.binary(max_size=24), max_size=3))
@example({}, [{"rows": 2**62, "dtype": "<f8", "names": []}], [b""])
@example({}, [{"rows": 2**64 - 1, "dtype": "<f8", "names": []}], [b""])
@example({}, [{"rows": -1, "dtype": "<f8", "names": ["a"]}], [b"12345678"])
def test_a_header_of_wrong_values_is_a_protocol_error_and_never_anything_else(
    header: dict[str, Any], entries: list[Any], frames: list[bytes]
) -> None:
    sound = {"id": "1", "op": "predict", "model": "m", "version": 1, "timeout_ms": 1, "tables": entries}
    for content in ({**sound, **header}, {**header, "tables": entries}, header):
        decodes_or_refuses([wire.MAGIC + msgpack.packb(content), *frames])


@given(st.one_of(requests.map(wire.encode_request), replies.map(wire.encode_reply)))
def test_no_frame_names_a_type_of_any_language(frames: list[bytes]) -> None:
    for frame in received(frames):
        assert not frame.startswith(b"\x80\x04"), "a pickle"
    assert received(frames)[0][:3] == b"TG\x01"


def test_an_unknown_version_of_the_protocol_is_refused_with_the_known_one() -> None:
    with pytest.raises(ProtocolError, match="this side speaks 1"):
        wire.decode_request([b"TG\x02" + msgpack.packb({"id": "x"})])
    assert wire.request_ids([b"TG\x02" + msgpack.packb({"id": "x"})]) == [""]


def test_an_unknown_op_is_refused_with_the_known_ones_and_its_id_can_be_told() -> None:
    frames = [wire.MAGIC + msgpack.packb({"id": "x7", "op": "eval"})]
    with pytest.raises(ProtocolError, match="'eval'; known are fit, predict, predict_proba, load"):
        wire.decode_request(frames)
    assert wire.request_ids(frames) == ["x7"]


@pytest.mark.parametrize(
    "rest", [{"spec": {1: 2}}, {"spec": {(1, 2): 3}}, {}], ids=["a number as a key", "a list as a key", "cut off"]
)
def test_the_id_of_a_header_that_cannot_be_read_is_told_all_the_same(rest: dict[str, object]) -> None:
    whole = wire.MAGIC + msgpack.packb({"op": "fit", "task": {"a": [1]}, "id": "x7", **rest})
    frames = [whole if rest else whole[:3] + b"\x85" + whole[4:]]
    with pytest.raises(ProtocolError, match="the header is not msgpack"):
        wire.decode_request(frames)
    assert wire.request_ids(frames) == ["x7"]
    assert wire.request_ids([whole[:3] + b"\x81\xa2id\x07"]) == [""]


PAIR = bundles.join([Request("predict", name, "m", 1, tables=(floats((1.0, 2.0)),)) for name in "ab"])


def test_requests_that_share_a_message_arrive_with_their_rows() -> None:
    frames = received(wire.encode_request(PAIR))
    assert wire.decode_request(frames).parts == (Part("a", 1), Part("b", 1))
    assert wire.request_ids(frames) == ["a", "b"]
    reply = Reply("a", (Table("0", matrix=np.array([[1.0], [2.0]])),), parts=PAIR.parts)
    decoded = wire.decode_reply(received(wire.encode_reply(reply)))
    assert isinstance(decoded, Reply)
    assert decoded.parts == reply.parts


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([["a", 1], ["b", 2]], "'parts' have 3 rows, the table has 2"),
        ([["a", 3], ["b", -1]], "no or more rows"),
        ([], "no or more rows"),
        ([["a", 1], ["b"]], "a list of pairs"),
        ([["a", 1], ["b", True]], "a list of pairs"),
        ([[1, 1], ["b", 1]], "a list of pairs"),
        ({"a": 2}, "'parts' must be a list"),
    ],
    ids=str,
)
def test_parts_that_are_not_those_of_the_table_are_refused(parts: Any, why: str) -> None:
    header = msgpack.unpackb(received(wire.encode_request(PAIR))[0][3:]) | {"parts": parts}
    with pytest.raises(ProtocolError, match=why):
        wire.decode_request([wire.MAGIC + msgpack.packb(header)])


LARGE = Table("a", matrix=np.zeros((wire.INLINE_BYTES // 8 + 1, 1)))


@pytest.mark.parametrize("told", [None, 5, [1, 2, 3, 4], [1, 2, 3, 4, -1], [1, 2, 3, 4, 2**53], [1, 2, 3, 4.0, 5]])
def test_times_of_a_call_that_are_none_are_refused(told: Any) -> None:
    with pytest.raises(ProtocolError, match="'spent' must be a list"):
        wire.decode_reply([wire.pack_control({"id": "a", "spent": told})])


def test_what_a_later_worker_tells_behind_the_times_is_passed_over() -> None:
    reply = wire.decode_reply([wire.pack_control({"id": "a", "spent": [1, 2, 3, 4, 5, "more"]})])
    assert isinstance(reply, Reply)
    assert reply.spent == (1, 2, 3, 4, 5)


def test_a_small_table_stands_in_the_header_and_a_large_one_behind_it() -> None:
    small = LARGE.slice(0, wire.INLINE_BYTES // 8)
    assert len(wire.encode_request(Request("predict", "1", "m", tables=(small,)))) == 1
    frames = received(wire.encode_request(Request("fit", "1", "m", tables=(small, LARGE, small))))
    assert [len(frame) for frame in frames[1:]] == [wire.INLINE_BYTES + 8]
    assert [table.rows for table in wire.decode_request(frames).tables] == [small.rows, LARGE.rows, small.rows]


def test_frames_more_or_fewer_than_announced_are_refused() -> None:
    frames = received(wire.encode_request(Request("predict", "1", "m", tables=(LARGE,))))
    for wrong in (frames[:-1], [*frames, b""]):
        with pytest.raises(ProtocolError, match="2 frames were announced"):
            wire.decode_request(wrong)


def test_a_matrix_that_does_not_fit_its_buffer_is_refused() -> None:
    frames = received(wire.encode_request(Request("predict", "1", "m", tables=(LARGE,))))
    with pytest.raises(ProtocolError, match="2049 x 1 float64 does not fit 16393 bytes"):
        wire.decode_request([frames[0], frames[1] + b"x"])
    header = {"id": "1", "op": "predict", "model": "m", "version": 1, "timeout_ms": 1}
    for data, why in ((b"1234567", "does not fit 7 bytes"), ("text", "'data' must be a bytes")):
        tables = [{"rows": 1, "dtype": "<f8", "names": ["a"], "data": data}]
        with pytest.raises(ProtocolError, match=why):
            wire.decode_request([wire.MAGIC + msgpack.packb({**header, "tables": tables})])


def test_no_array_of_objects_can_be_asked_for() -> None:
    header = {"id": "1", "op": "predict", "model": "m", "version": 1, "timeout_ms": 1}
    for dtype in ("|O", "O", "object", ">f8", "<m8[s]"):
        tables = [{"rows": 1, "dtype": dtype, "names": ["a"]}]
        with pytest.raises(ProtocolError, match="one of the dtypes"):
            wire.decode_request([wire.MAGIC + msgpack.packb({**header, "tables": tables}), b"12345678"])


def test_a_header_nested_without_end_is_refused() -> None:
    with pytest.raises(ProtocolError):
        wire.decode_request([wire.MAGIC + b"\x91" * 100_000])


def test_a_column_major_matrix_crosses_without_a_copy() -> None:
    matrix = np.asfortranarray(np.random.default_rng(1).random((1000, 20)))
    frames = wire.encode_request(
        Request("predict", "1", "m", tables=(Table([f"x{j}" for j in range(20)], matrix=matrix),))
    )
    assert np.shares_memory(np.frombuffer(frames[1]), matrix)
    arrived = [bytes(frame) for frame in frames]
    decoded = wire.decode_request(arrived).tables[0]
    assert np.shares_memory(decoded.matrix(), np.frombuffer(arrived[1]))
    np.testing.assert_array_equal(decoded.matrix(), matrix)


def test_a_table_that_was_named_by_its_digest_arrives_again_without_its_bytes() -> None:
    numbers = Table(["a", "b"], matrix=np.asfortranarray(np.arange(400.0).reshape(200, 2)))
    texts = Table(["t"], columns=[Column.strings(["grün", None] * 100)])
    request = Request("fit", "1", "m", tables=(numbers, texts, numbers.slice(0, 3)), digests=True)
    packed = wire.pack(request.tables, digests=True)
    assert ["digest" in entry for entry in packed.entries] == [True, True, False]  # a small one is not worth it
    kept = Buffers(10_000)

    bare = wire.encode_request(request, packed.bare())
    assert len(bare) == 1
    with pytest.raises(TableNeeded):
        wire.decode_request(bare, kept)
    with pytest.raises(TableNeeded):
        wire.decode_request(bare)
    wire.decode_request(wire.encode_request(request, packed), kept)

    arrived = wire.decode_request(bare, kept)
    assert all(map(same_tables, arrived.tables, request.tables))
    renamed = Request("predict", "2", "m", tables=(Table(["c", "d"], matrix=numbers.matrix()),), digests=True)
    again = wire.decode_request(wire.encode_request(renamed, wire.pack(renamed.tables, digests=True).bare()), kept)
    again.tables[0].matrix()[:] = 0.0  # an author's predict may do that
    assert same_tables(wire.decode_request(bare, kept).tables[0], numbers)


def test_bytes_of_another_digest_are_refused_and_not_kept() -> None:
    request = Request("fit", "1", "m", tables=(Table(["a"], matrix=np.ones((200, 1))),), digests=True)
    packed = wire.pack(request.tables, digests=True)
    kept = Buffers(10_000)
    with pytest.raises(ProtocolError, match="do not have the digest"):
        wire.decode_request(wire.encode_request(request, wire.Packed(packed.entries, (bytes(1600),))), kept)
    with pytest.raises(TableNeeded):
        wire.decode_request(wire.encode_request(request, packed.bare()), kept)


def test_a_table_of_five_thousand_columns_crosses() -> None:
    names = [f"x{j}" for j in range(5000)]
    for table in (
        Table(names, matrix=np.random.default_rng(1).random((2, 5000))),
        Table(names, columns=[Column.strings([name, None]) for name in names]),
    ):
        got = wire.decode_request(received(wire.encode_request(Request("predict", "1", "m", tables=(table,)))))
        assert same_tables(got.tables[0], table)


def test_text_that_is_not_unicode_is_told_as_its_escapes() -> None:
    got = wire.decode_reply(received(wire.encode_reply(Reply("1", output="caf\udce9", warnings=("\ud800",)))))
    assert isinstance(got, Reply)
    assert got.output == "caf\\udce9"
    assert got.warnings == ("\\ud800",)
    fault = wire.decode_reply(received(wire.encode_reply(Fault("1", "error", "no file 'caf\udce9'"))))
    assert isinstance(fault, Fault)
    assert fault.message == "no file 'caf\\udce9'"


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), plain, max_size=4))
def test_a_control_frame_arrives_as_it_was_sent(content: dict[str, Any]) -> None:
    assert same(wire.unpack_control(wire.pack_control(content)), content)


@pytest.mark.parametrize("frame", [b"", b"TG", b"TG\x01", b"TG\x01\xc0", b"TG\x01\x01", b"XX\x01\x80"])
def test_a_control_frame_that_is_no_map_is_a_protocol_error(frame: bytes) -> None:
    with pytest.raises(ProtocolError):
        wire.unpack_control(frame)
