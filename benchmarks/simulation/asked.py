"""What is asked in a simulation, and the messages that carry it, as `triglot.protocol` knows them."""

import functools
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from triglot.protocol.messages import Part, Request
from triglot.tables.table import Table

COLUMNS = ("a", "b", "c", "d")
BYTES_A_ROW = 8 * len(COLUMNS)
HEAD_BYTES = 200

Ending = Literal["answered", "lost", "refused"]  # what becomes of a message: its worker died, or its queue was full


class Asked:
    """One request of a caller: how many rows, since when, and whom its end is told."""

    __slots__ = ("alone", "begun", "ended", "rows")

    def __init__(self, rows: int, begun: float, ended: "Callable[[Asked, bool], None]") -> None:
        self.rows = rows
        self.begun = begun
        self.ended = ended
        self.alone = False


class Message:
    """Requests that cross together, as a worker's plan wants to know them; `answer` takes them back at their end."""

    __slots__ = ("answer", "asked", "bytes", "request")

    def __init__(self, asked: Sequence[Asked], answer: "Callable[[Message, Ending], None]") -> None:
        rows = sum(one.rows for one in asked)
        parts = tuple(Part("", one.rows) for one in asked) if len(asked) > 1 else ()
        alone = asked[0].alone
        self.asked = asked
        self.answer = answer
        self.request = Request("predict", "", "model", 1, tables=(table(rows),), parts=parts, alone=alone)
        self.bytes = HEAD_BYTES + rows * BYTES_A_ROW

    @property
    def rows(self) -> int:
        """The rows of all of its requests."""
        return self.request.tables[0].rows

    def apart(self) -> "list[Message]":
        """Return the requests, each by itself."""
        return [Message([one], self.answer) for one in self.asked]


@functools.lru_cache(maxsize=4096)
def table(rows: int) -> Table:
    """Return a table of so many rows, which are never looked at."""
    return Table(COLUMNS, matrix=np.broadcast_to(0.0, (rows, len(COLUMNS))))
