"""JSON in which words may stand that it does not have: NaN, Infinity and -Infinity, as some clients write them."""

import json
from collections.abc import Callable
from typing import Any

import orjson

_WORDS = (b"NaN", b"Infinity")


def loads(body: bytes | memoryview, word: Callable[[str], Any] = float) -> Any:
    """Return a body's JSON, with what `word` makes of each word; raises `ValueError`, and what `word` raises."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        text = bytes(body)
        if not any(each in text for each in _WORDS):
            raise
        return _with_words(text, word, error)


def _with_words(text: bytes, word: Callable[[str], Any], error: ValueError) -> Any:
    try:
        content = json.loads(text.decode(), parse_constant=word)
        if b"\\ud" in text.lower():
            orjson.dumps(content)  # half a pair of surrogates is no text, which nobody else here says
    except (ValueError, TypeError, RecursionError):
        raise error from None
    return content
