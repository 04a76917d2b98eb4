"""Each datatype of the protocol, as it lies in bytes and as JSON has it."""

import numpy as np
import pytest

from triglot.server.v2.datatypes import BYTES, DATATYPES, Misfit, from_base64, from_bytes, from_json, texts, to_bytes

RECORDED = [
    ("BOOL", [True, False, True], "01 00 01"),
    ("UINT8", [0, 255], "00 ff"),
    ("INT8", [-1, 127], "ff 7f"),
    ("UINT16", [1, 65535], "01 00 ff ff"),
    ("INT16", [1, -1], "01 00 ff ff"),
    ("UINT32", [1], "01 00 00 00"),
    ("INT32", [-2], "fe ff ff ff"),
    ("UINT64", [18446744073709551615], "ff ff ff ff ff ff ff ff"),
    ("INT64", [-(2**63), 2**63 - 1], "00 00 00 00 00 00 00 80 ff ff ff ff ff ff ff 7f"),
    ("FP16", [1.5, -2.0], "00 3e 00 c0"),
    ("BF16", [1.5, -2.0], "c0 3f 00 c0"),
    ("FP32", [0.10000000149011612], "cd cc cc 3d"),
    ("FP64", [5.1], "66 66 66 66 66 66 14 40"),
]
WORDS = ["a", "Köln", "", "ÿ\0"]
WORD_BYTES = bytes.fromhex("01000000 61 05000000 4bc3b66c6e 00000000 03000000 c3bf00")


def test_there_are_thirteen_datatypes_and_bf16() -> None:
    assert len(DATATYPES) == 14
    assert {name for name, _, _ in RECORDED} | {"BYTES"} == set(DATATYPES)


@pytest.mark.parametrize(("name", "values", "written"), RECORDED)
def test_values_are_read_from_bytes_and_from_json_alike(name: str, values: list[object], written: str) -> None:
    data, datatype = bytes.fromhex(written), DATATYPES[name]
    array, missing = from_json(datatype, values)
    assert missing is None
    assert array.tolist() == values == from_bytes(datatype, data, len(values)).tolist()
    if name != "BF16":  # which no answer has
        assert to_bytes(datatype, array) == data


def test_text_lies_in_bytes_behind_its_length() -> None:
    assert texts(from_bytes(BYTES, WORD_BYTES, 4)).tolist() == WORDS
    assert to_bytes(BYTES, WORDS) == WORD_BYTES
    assert to_bytes(BYTES, []) == b""


@pytest.mark.parametrize("data", [WORD_BYTES[:-1], WORD_BYTES + b"\0", WORD_BYTES[:7], b"\xff\xff\xff\xff", b"\1\0"])
def test_lengths_that_do_not_add_up_are_told(data: bytes) -> None:
    with pytest.raises(Misfit) as caught:
        from_bytes(BYTES, data, 4)
    assert caught.value.wrong == ((None, f"has {len(data)} bytes, whose lengths do not add up to 4 values of BYTES"),)


def test_numbers_of_bf16_are_rounded_to_the_nearest_and_between_two_to_the_even_one() -> None:
    array, _ = from_json(DATATYPES["BF16"], [1.00390625, 1.01171875, 0.1, float("inf")])
    assert array.tolist() == [1.0, 1.015625, 0.10009765625, float("inf")]


def test_null_is_missing_whatever_the_datatype() -> None:
    for name, values, _ in RECORDED:
        array, missing = from_json(DATATYPES[name], [*values, None])
        assert missing is not None
        assert (array.tolist()[:-1], missing.tolist()) == (values, [False] * len(values) + [True])


def test_nested_lists_are_one_however_they_are_nested() -> None:
    for nested in ([[1.0, 2.0], [3.0]], [1.0, [2.0, [3.0]]], [[[]], [1.0, 2.0, 3.0]]):
        assert from_json(DATATYPES["FP64"], nested)[0].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("name", "values", "wrong"),
    [
        ("FP64", [1, "2", True], ((1, "must be a number, not '2'"), (2, "must be a number, not True"))),
        ("FP64", [10**400], ((0, f"1{56 * '0'}... does not fit FP64"),)),
        ("INT64", [1.0], ((0, "must be a whole number, not 1.0"),)),
        ("INT8", [1, 300], ((1, "300 does not fit INT8"),)),
        ("UINT64", [-1], ((0, "-1 does not fit UINT64"),)),
        ("BOOL", [0, True], ((0, "must be true or false, not 0"),)),
        ("BYTES", ["a", 5, {}], ((1, "must be text, not 5"), (2, "must be text, not {}"))),
    ],
)
def test_a_value_of_another_kind_is_named_with_its_place(
    name: str, values: list[object], wrong: tuple[tuple[int, str], ...]
) -> None:
    with pytest.raises(Misfit) as caught:
        from_json(DATATYPES[name], values)
    assert caught.value.wrong == wrong


def test_bytes_that_are_none_of_the_datatype_are_told() -> None:
    for read, message in (
        (lambda: from_bytes(DATATYPES["BOOL"], b"\0\2", 2), "must be a byte of 0 or 1, not 2"),
        (lambda: texts(from_bytes(BYTES, b"\1\0\0\0\xff", 1)), r"must be UTF-8, not the bytes b'\xff'"),
        (lambda: from_base64(["/w="]), "must be base64, not '/w='"),
        (lambda: from_base64(["ö"]), "must be base64, not 'ö'"),
        (lambda: from_bytes(DATATYPES["INT16"], b"\0\0\0", 2), "has 3 bytes where 2 values of INT16 are 4"),
    ):
        with pytest.raises(Misfit) as caught:
            read()
        assert caught.value.wrong[0][1] == message


def test_base64_stands_for_bytes() -> None:
    assert from_base64(["/wA=", ""]).tolist() == [b"\xff\0", b""]


def test_arrays_are_written_little_endian() -> None:
    assert to_bytes(DATATYPES["INT16"], np.array([1], dtype=">i2")) == b"\1\0"
