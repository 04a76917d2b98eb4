"""Where a process that executes gets a version of a model; fetched once, whatever it answers afterwards."""

import functools
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from triglot.scoring.bundle import Bundle, read_bundle, seal_of

HELD = 16  # versions of one process; what is read again is only slower


class Source(Hashable, Protocol):
    """Says where a version is; it can be pickled and hashed, and two are equal where they mean the same bytes."""

    def fetch(self, key: bytes) -> Bundle:
        """Return the version; raises `ArtefactRefused` unless this key has signed it."""
        ...


@dataclass(frozen=True, slots=True)
class BundleFile:
    """A bundle at a path that every process that executes can read; `seal` says which, should it be exchanged."""

    path: Path
    seal: str

    @classmethod
    def of(cls, path: Path, key: bytes) -> "BundleFile":
        """Return the source of a file as it is now; raises `ArtefactRefused` for one that this key has not signed."""
        return cls(path.absolute(), seal_of(path, key))

    def fetch(self, key: bytes) -> Bundle:
        """Return the version; raises `ArtefactRefused` for another one at this path, too."""
        return read_bundle(self.path, key, self.seal)


@dataclass(frozen=True, slots=True)
class Carried:
    """A version that travels with the work itself."""

    bundle: Bundle = field(hash=False)
    sha256: str

    @classmethod
    def of(cls, bundle: Bundle) -> "Carried":
        """Return the source that is a bundle."""
        return cls(bundle, bundle.artefact.sha256)

    def fetch(self, key: bytes) -> Bundle:
        """Return the version."""
        self.bundle.artefact.verified(key)
        return self.bundle


@functools.lru_cache(maxsize=HELD)
def held(source: Source, key: bytes) -> Bundle:
    """Return a version that this process fetches once."""
    return source.fetch(key)
