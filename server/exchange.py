"""A request and its answer apart from Flask: what is heard, what is told, and the routes that need no more."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from flask import Response

from triglot.bodies.payload import JSON_TYPE
from triglot.dispatch.asynchronous import Lane
from triglot.serving.served import Served

MOST_AT_ONCE = 10_000  # values of an answer; to write down more takes an event loop longer than others may wait


class Lengthy(Exception):
    """An ordinary request whose answer is so long that it is to be made in a thread."""


class Heard(NamedTuple):
    """An ordinary request: what its route made of its head, and its body, None for a GET."""

    head: Any
    body: bytes | None
    request_id: str


class Told(NamedTuple):
    """The version that answers a request; and once it has, how many rows, and the body and headers of the answer.

    `headers` are those that go with the body, but for its length.
    """

    served: Served
    op: str
    rows: int = 0
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", JSON_TYPE),)

    def response(self) -> Response:
        """Return the answer as Flask's."""
        return Response(self.body, headers=list(self.headers))


class Quick(Protocol):
    """A route that can answer ordinary requests without Flask."""

    def head(self, environ: Mapping[str, Any]) -> Any:
        """Return what matters of the head of a request, or None where the request is out of the ordinary.

        It is a GET, or a POST whose body has a known length.
        """
        ...

    def told(self, heard: Heard, model: str | None = None) -> Told:
        """Return the answer; `model` is the one that the address names."""
        ...

    async def told_soon(self, lane: Lane, heard: Heard, model: str | None = None) -> Told:
        """Return the same as `told`, by the lane of the event loop that awaits it; raises `Lengthy`."""
        ...

    def about(self, model: str | None = None) -> Told | None:
        """Return what is known of who would answer, or None; for an error that is to be told of."""
        ...
