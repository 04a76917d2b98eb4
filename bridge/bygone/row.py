"""One row of what a library has no more."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

ANY: Final = object()  # whatever the value, the library does now what it did, or does it faster


class Gone(NamedTuple):
    """An argument that classes or functions of a library lost with a version.

    same: values that mean what is done without it now. becomes: what a value is written as now, as name and value.
    today: the argument that took its place with the same meaning. instead: what to write for any other value.
    """

    version: str
    name: str
    owners: str  # with blanks between
    instead: str
    same: Any = ()
    becomes: Mapping[Any, tuple[str, Any]] = {}  # of a NamedTuple, and never written to
    today: str = ""


class Idle(NamedTuple):
    """An argument that changes nothing unless another one is set, and is refused without that since a version."""

    version: str
    name: str
    owners: str
    beside: str


class Respelt(NamedTuple):
    """A value of an argument that is spelt otherwise with a version."""

    version: str
    name: str
    owners: str
    values: Mapping[Any, Any]  # former value -> today's
