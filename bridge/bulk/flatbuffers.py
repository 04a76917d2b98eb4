"""FlatBuffers as Arrow's metadata is written in them: tables whose fields are found by their slots.

A buffer comes from a stranger: what lies outside of it raises `struct.error`, `IndexError` or `ValueError`.
"""

import struct
from typing import Any


def _field(buffer: bytes, table: int, slot: int) -> int:
    """Return where a FlatBuffer's table has a field; 0 where it has none."""
    vtable = table - struct.unpack_from("<i", buffer, table)[0]
    if vtable < 0:
        raise ValueError("a table whose fields lie before the buffer")
    size = struct.unpack_from("<H", buffer, vtable)[0]
    place = 4 + 2 * slot
    offset = struct.unpack_from("<H", buffer, vtable + place)[0] if place + 2 <= size else 0
    return table + offset if offset else 0


def scalar(buffer: bytes, owner: int, slot: int, kind: str) -> int:
    """Return a number of a table, as `kind` unpacks it; 0 where it has none."""
    place = _field(buffer, owner, slot)
    return int(struct.unpack_from(kind, buffer, place)[0]) if place else 0


def table(buffer: bytes, owner: int, slot: int) -> int:
    """Return where a table or vector begins that a table has; 0 where it has none."""
    place = _field(buffer, owner, slot)
    return int(place + struct.unpack_from("<I", buffer, place)[0]) if place else 0


def structs(buffer: bytes, owner: int, slot: int, kind: str) -> list[tuple[Any, ...]]:
    """Return a vector of structs, as `kind` unpacks each; empty where the table has none."""
    vector = table(buffer, owner, slot)
    if not vector:
        return []
    count, size = struct.unpack_from("<I", buffer, vector)[0], struct.calcsize(kind)
    if count * size > len(buffer):
        raise ValueError("more structs than there is room for")
    return [struct.unpack_from(kind, buffer, vector + 4 + size * place) for place in range(count)]
