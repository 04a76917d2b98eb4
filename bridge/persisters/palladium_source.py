"""What Palladium left behind, as values: versions, metadata, which is active, and what a pickle would load."""

import pickletools
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from triglot.errors import ConfigError
from triglot.persisters.layout import DB_VERSION

_FOREIGN: Final = ("palladium.R", "palladium.julia", "rpy2", "julia")
_TEXTS: Final = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING", "BINSTRING"})
_GETS: Final = frozenset({"BINGET", "LONG_BINGET", "GET"})
_PUTS: Final = frozenset({"BINPUT", "LONG_BINPUT", "PUT"})


@dataclass(frozen=True, slots=True)
class OldVersion:
    """One version that Palladium wrote; its metadata is without number and attachments."""

    version: int
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contents:
    """All versions of one source, ascending, which one is active, and by which release it was last brought up."""

    versions: tuple[OldVersion, ...]
    active: int | None
    db_version: str | None

    def after_steps(self, start: str | None, end: str | None) -> "Contents":
        """Return the contents after Palladium's upgrade steps between two of its versions.

        There is one: 1.0 made the highest version active where none was. It is taken from the version that the
        source names, unless `start` says otherwise, up to the last release.
        """
        first = numbers(start or self.db_version or "0", "--from")
        last = numbers(end or DB_VERSION, "--to")
        if first < (1, 0) <= last and self.active is None and self.versions:
            return replace(self, active=self.versions[-1].version)
        return self


class PalladiumSource(Protocol):
    """A place with models that Palladium wrote. It is read, never written."""

    @property
    def identity(self) -> str:
        """What tells this source from every other, without secrets."""
        ...

    def contents(self) -> Contents:
        """Return what is there, without the bytes."""
        ...

    def pickled(self, version: int) -> bytes:
        """Return a version's pickle, unzipped and unopened."""
        ...

    def attachments(self, version: int) -> dict[str, str]:
        """Return a version's attachments as base64 text, by their keys."""
        ...


def names_in(pickled: bytes) -> list[str]:
    """Return the dotted names that a pickle would load, in order, without loading or running anything.

    Raises `ValueError` for bytes that are no pickle.
    """
    found: dict[str, None] = {}
    memo: dict[int, object] = {}
    last: deque[object] = deque([None, None], maxlen=2)
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name in _TEXTS:
            last.append(argument)
        elif opcode.name in _GETS:
            last.append(memo.get(int(str(argument))))
        elif opcode.name in _PUTS:
            memo[int(str(argument))] = last[-1]
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = last[-1]
        elif opcode.name in ("GLOBAL", "INST"):
            found[str(argument).replace(" ", ".")] = None
            last.append(None)
        elif opcode.name == "STACK_GLOBAL":
            found[f"{last[0]}.{last[1]}"] = None
            last.append(None)
        else:
            last.append(None)
    return list(found)


def foreign_name(names: list[str]) -> str | None:
    """Return the first name that stands for a model in R or Julia, or None."""
    return next((name for name in names if any(name.startswith(f"{module}.") for module in _FOREIGN)), None)


def numbers(version: str, option: str) -> tuple[int, ...]:
    """Return a release's number as one that can be compared; `option` is what an error calls it."""
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError:
        raise ConfigError(f"{option} {version!r} is no version of Palladium; write one such as 1.0 or 0.9.1") from None
