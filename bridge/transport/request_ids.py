"""Ids of requests: a process's own random beginning, and a number."""

import itertools
import os
import secrets

_numbers = itertools.count(1)
_origin = secrets.token_hex(12)


def _begin_anew() -> None:
    global _origin
    _origin = secrets.token_hex(12)


os.register_at_fork(after_in_child=_begin_anew)


def new_id() -> str:
    """Return an id of 32 hexadecimal digits that no other request of any process has."""
    return f"{_origin}{next(_numbers):08x}"
