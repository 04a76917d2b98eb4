"""The datatypes of the protocol: which values of JSON are of one, and how one lies in bytes.

Values are numpy arrays of one dimension: of the datatype's dtype, float32 for BF16, for BYTES objects that are text.
"""

import base64
import binascii
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import numpy as np

from triglot.tables.schema import MAX_PROBLEMS
from triglot.tables.table import Array

Buffer: TypeAlias = bytes | memoryview

_LENGTH = struct.Struct("<I")
_SHOWN = 60


class Misfit(Exception):
    """Values that do not fit: where each one stands, None for all of them, and what is wrong with it."""

    def __init__(self, *wrong: tuple[int | None, str]) -> None:
        super().__init__(wrong)
        self.wrong = wrong


@dataclass(frozen=True, slots=True, eq=False)
class Datatype:
    """One datatype: its name, what holds its values, and how many bytes one takes on the wire (0: that differs).

    `json` has the types of what JSON has for it, which people call `said`; `blank` stands where a value is missing.
    """

    name: str
    dtype: np.dtype[Any]
    size: int
    json: frozenset[type]
    said: str
    blank: Any


def _number(name: str, dtype: str, size: int = 0) -> Datatype:
    made = np.dtype(dtype)
    if made.kind in "iu":
        return Datatype(name, made, made.itemsize, frozenset({int}), "a whole number", 0)
    return Datatype(name, made, size or made.itemsize, frozenset({int, float}), "a number", 0.0)


BOOL = Datatype("BOOL", np.dtype("?"), 1, frozenset({bool}), "true or false", False)
BYTES = Datatype("BYTES", np.dtype("O"), 0, frozenset({str}), "text", "")
BF16 = _number("BF16", "<f4", 2)
INT64, FP64 = _number("INT64", "<i8"), _number("FP64", "<f8")
_ALL = (
    BOOL,
    *(_number(f"UINT{8 * size}", f"<u{size}") for size in (1, 2, 4, 8)),
    *(_number(f"INT{8 * size}", f"<i{size}") for size in (1, 2, 4)),
    INT64,
    _number("FP16", "<f2"),
    BF16,
    _number("FP32", "<f4"),
    FP64,
    BYTES,
)
DATATYPES = {datatype.name: datatype for datatype in _ALL}


def from_flat(datatype: Datatype, values: list[Any]) -> Array | None:
    """Return the values of a list, or None where it is nested, or has a value that is missing, wrong or too large."""
    if not set(map(type, values)) <= datatype.json:
        return None
    try:
        if datatype.dtype.kind != "f" or datatype is FP64:
            return np.array(values, dtype=datatype.dtype)
        with np.errstate(over="ignore"):  # what becomes infinite is found by whoever wants finite numbers
            array = np.array(values, dtype=datatype.dtype)
    except OverflowError:
        return None
    return _rounded(array) if datatype is BF16 else array


def from_json(datatype: Datatype, values: list[Any]) -> tuple[Array, Array | None]:
    """Return the values of a list, however nested, and which of them are missing, None for none; raises `Misfit`."""
    array, missing = from_flat(datatype, values), None
    if array is None:
        values = _flattened(values)
        if None in values:
            missing = np.array([value is None for value in values], dtype=bool)
            values = [datatype.blank if value is None else value for value in values]
        array = from_flat(datatype, values)
    if array is None:
        raise _wrong(datatype, values)
    return array, missing


def from_bytes(datatype: Datatype, data: Buffer, count: int) -> Array:
    """Return so many values, little endian, as they lie in these bytes; raises `Misfit` where there are more or fewer.

    Those of BYTES are bytes still.
    """
    if datatype is BYTES:
        return _pieces(data, count)
    if len(data) != count * datatype.size:
        raise Misfit(
            (None, f"has {len(data)} bytes where {count} values of {datatype.name} are {count * datatype.size}")
        )
    if datatype is BF16:
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    if datatype is BOOL:
        numbers = np.frombuffer(data, np.uint8)
        if (numbers > 1).any():
            raise misfit(numbers.tolist(), lambda value: value < 2, "must be a byte of 0 or 1, not {}")
        return numbers.astype(bool)
    return np.frombuffer(data, datatype.dtype)


def texts(pieces: Iterable[bytes]) -> Array:
    """Return bytes as the text that they are in UTF-8; raises `Misfit`."""
    found: list[str] = []
    for number, piece in enumerate(pieces):
        try:
            found.append(piece.decode())
        except UnicodeDecodeError:
            raise Misfit((number, f"must be UTF-8, not the bytes {shown(piece)}")) from None
    return _objects(found)


def from_base64(values: Iterable[str | bytes]) -> Array:
    """Return the bytes that base64 stands for; raises `Misfit`."""
    found: list[bytes] = []
    for number, value in enumerate(values):
        try:
            found.append(base64.b64decode(value, validate=True))
        except (binascii.Error, ValueError):
            raise Misfit((number, f"must be base64, not {shown(value)}")) from None
    return _objects(found)


def to_bytes(datatype: Datatype, values: Array | Sequence[Any]) -> bytes:
    """Return values as they lie in bytes, little endian."""
    if datatype is not BYTES:
        return np.asarray(values, dtype=datatype.dtype).tobytes()
    encoded = {text: text.encode() for text in set(values)}  # few, where they are classes
    whole = {text: _LENGTH.pack(len(data)) + data for text, data in encoded.items()}
    return b"".join(map(whole.__getitem__, values))


def misfit(values: Iterable[Any], fits: Callable[[Any], bool], message: str) -> Misfit:
    """Return the error for the values that do not fit; `message` has a place for the value."""
    wrong = ((number, message.format(shown(value))) for number, value in enumerate(values) if not fits(value))
    return Misfit(*islice(wrong, MAX_PROBLEMS))


def shown(value: Any) -> str:
    """Return a value as messages show it."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _flattened(values: list[Any]) -> list[Any]:
    flat: list[Any] = []
    waiting = [iter(values)]
    while waiting:
        for value in waiting[-1]:
            if type(value) is list:
                waiting.append(iter(value))
                break
            flat.append(value)
        else:
            waiting.pop()
    return flat


def _wrong(datatype: Datatype, values: list[Any]) -> Misfit:
    """Return the error for the values of a flat list that are of another type or too large."""
    if not set(map(type, values)) <= datatype.json:
        return misfit(values, lambda value: type(value) in datatype.json, f"must be {datatype.said}, not {{}}")
    return misfit(values, lambda value: from_flat(datatype, [value]) is not None, f"{{}} does not fit {datatype.name}")


def _rounded(array: Array) -> Array:
    """Return numbers of 32 bits as those of 16 that lie nearest, of two that are as near the even one."""
    bits = array.view("<u4").astype("<u8")
    kept = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16).astype("<u4").view("<f4")
    return np.where(np.isfinite(array), kept, array)


def _pieces(data: Buffer, count: int) -> Array:
    """Return the bytes of each value of BYTES: four bytes tell how many there are, then they follow."""
    found: list[bytes] = []
    place, size = 0, len(data)
    while place < size and len(found) < count:
        if size - place < _LENGTH.size:
            break
        (length,) = _LENGTH.unpack_from(data, place)
        place += _LENGTH.size + length
        found.append(bytes(data[place - length : place]))
    if place != size or len(found) != count:
        raise Misfit((None, f"has {size} bytes, whose lengths do not add up to {count} values of BYTES"))
    return _objects(found)


def _objects(values: Sequence[Any]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
