"""Text on its way into R: what R can hold, the one run of bytes that R reads many from; and what is said of levels."""

import numpy as np
from numpy.typing import NDArray

from triglot.errors import BadRequest
from triglot.tables.table import Array

MANY = 64  # below, a loop is quicker
LEVELS_SHOWN = 10


def as_text(value: str) -> str:
    """Return the text; raises `BadRequest` where R cannot hold it."""
    if "\0" in value or (not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value)):
        raise BadRequest(f"R cannot hold the text {value!r}: it contains a NUL or half a surrogate pair")
    return value


def packed(values: Array, missing: NDArray[np.bool_] | None) -> bytes:
    """Return texts in UTF-8, each with a NUL behind it; a missing one is empty."""
    texts = values.tolist()
    if missing is not None:
        texts = ["" if gone else text for text, gone in zip(texts, missing.tolist(), strict=True)]
    whole = "\0".join(texts) + "\0"
    try:
        found = whole.encode()
    except UnicodeEncodeError:
        found = b""
    if found.count(0) != len(texts):
        for text in texts:
            as_text(text)
    return found


def unknown_levels(levels: list[str], known: list[str]) -> str:
    """Return what is wrong with levels that a model does not know, in the words of `triglot.tables.field`."""
    several, others = len(levels) > 1, len(known) > LEVELS_SHOWN
    shown = ", ".join(map(repr, levels[:LEVELS_SHOWN])) + (", ..." if len(levels) > LEVELS_SHOWN else "")
    there = ", ".join(map(repr, known[:LEVELS_SHOWN])) + (", ..." if others else "")
    return f"{shown} {'are' if several else 'is'} none of the levels {there}"
