"""What keeps models: the interface that every persister has, the values that cross it, and what is said alike.

`triglot.store.ModelStore` keeps them in an SQL database, `triglot.persisters` in files, on an HTTP server or in S3.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from triglot.artefact import Artefact
from triglot.errors import ConfigError, ModelNotFound, StoreError, VersionInUse, VersionNotFound
from triglot.manifest import UnverifiedManifest

ACTIVE = "active"
NOT_PROVED = "not_proved"  # of a version's metadata: why its fit did not activate it
NAME_LENGTH = 200
ATTACHMENT = "attachments/"  # metadata keys that begin so hold files, as base64 text
ATTACHMENTS = "__attachments__"  # what a listing shows of them: their keys


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version with everything that is needed to serve it."""

    model: str
    version: int
    artefact: Artefact
    metrics: dict[str, Any]
    metadata: dict[str, Any]
    created: datetime


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One version as a listing shows it: without its bytes, and with nothing verified.

    `card` is the manifest without the text of the sources; it is empty where the manifest is damaged. `metadata`
    names the attachments and does not hold them.
    """

    model: str
    version: int
    language: str
    task: str
    created: datetime
    size: int
    sha256: str
    card: UnverifiedManifest
    metrics: dict[str, Any]
    metadata: dict[str, Any]
    aliases: tuple[str, ...]


@runtime_checkable
class Persister(Protocol):
    """Models by name, in versions that are never changed and whose numbers are never used again.

    Safe for threads, for processes and after a fork. A call happens as a whole or not at all. Unknown models raise
    `ModelNotFound`, unknown versions `VersionNotFound`, both with the known ones; what cannot be reached raises
    `StoreError`.
    """

    def write(
        self,
        model: str,
        artefact: Artefact,
        *,
        metrics: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> int:
        """Return the number of the new version, which is one more than any number the model ever had."""
        ...

    def read(self, model: str, version: int | None = None) -> StoredVersion:
        """Return a version, the active one by default, once its bytes have the hash its manifest names."""
        ...

    def info(self, model: str, version: int | None = None) -> VersionInfo:
        """Return what a listing shows of one version, the active one by default."""
        ...

    def active(self) -> dict[str, int]:
        """Return the active version of each model that has one; asked twice a second by every front end."""
        ...

    def aliases(self, model: str) -> dict[str, int]:
        """Return the versions of `model` by alias."""
        ...

    def activate(self, model: str, version: int, alias: str = ACTIVE) -> None:
        """Point `alias` at a version; the same call with the earlier number takes it back."""
        ...

    def deactivate(self, model: str, alias: str = ACTIVE) -> None:
        """Take `alias` away from `model`; its versions stay."""
        ...

    def delete(self, model: str, version: int) -> None:
        """Remove a version and its bytes for good; one that carries an alias raises `VersionInUse`."""
        ...

    def properties(self) -> dict[str, Any]:
        """Return facts about the store itself, without secrets."""
        ...

    def upgrade(self) -> None:
        """Bring what is stored up to the form that this version of Triglot writes."""
        ...

    def close(self) -> None:
        """Give connections back; the persister may be used again afterwards."""
        ...

    # the last one, because from here on the name hides Python's own
    def list(self, model: str | None = None) -> list[VersionInfo]:
        """Return every version, or those of `model`, ascending by model and number."""
        ...


def missing_methods(candidate: object) -> list[str]:
    """Return which methods of a persister an object lacks."""
    wanted = [name for name in vars(Persister) if not name.startswith("_")]
    return [name for name in wanted if not callable(getattr(candidate, name, None))]


def persister_of(key: str, built: Any) -> Persister:
    """Return what a configuration has made under a key; raises `ConfigError` where it is no persister."""
    if lacking := missing_methods(built):
        raise ConfigError(
            f"{key} is of type {type(built).__name__} and no persister: it lacks {', '.join(lacking)}; name one such "
            "as triglot.store.ModelStore"
        )
    persister: Persister = built
    return persister


def is_name(name: str) -> bool:
    """Tell whether this can name a model or an alias."""
    return 0 < len(name) <= NAME_LENGTH and name.isprintable() and name == name.strip()


def check_name(kind: str, name: str) -> None:
    """Raise `StoreError` unless this can name a model or an alias."""
    if not is_name(name):
        raise StoreError(
            f"{name!r} cannot name a{'n' if kind == 'alias' else ''} {kind}; use 1 to {NAME_LENGTH} "
            "printable characters without blanks at the ends"
        )


def no_model(model: str, known: Iterable[str]) -> ModelNotFound:
    """Return the error for a model that is not there."""
    names = ", ".join(sorted(known))
    told = f"; known models: {names}" if names else ", nor any other: fit one first, then it is stored"
    return ModelNotFound(f"there is no model {model!r}{told}")


def not_configured(models: Iterable[str], known: Iterable[str]) -> ModelNotFound:
    """Return the error for models that the configuration does not have."""
    names, others = ", ".join(map(repr, models)), ", ".join(known)
    told = f"; known are {others}" if others else ", nor any other: add one under 'model' or 'models'"
    return ModelNotFound(f"no model {names} is configured{told}")


def no_version(model: str, version: int | None, known: Iterable[int]) -> VersionNotFound:
    """Return the error for a version that is not there; None is the active one."""
    missing = "active version" if version is None else f"version {version}"
    versions = ", ".join(map(str, sorted(known))) or "none"
    return VersionNotFound(f"model {model!r} has no {missing}; known versions: {versions}")


def in_use(model: str, version: int, held: Iterable[str]) -> VersionInUse:
    """Return the error for deleting a version that carries aliases."""
    return VersionInUse(
        f"version {version} of model {model!r} is {', '.join(held)}; "
        "activate another version under that alias, or take the alias away, then delete"
    )


def names_of(aliases: Mapping[str, int], version: int) -> tuple[str, ...]:
    """Return the aliases that point at a version, sorted."""
    return tuple(sorted(alias for alias, target in aliases.items() if target == version))


def for_listing(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata as a listing shows it: attachments, which may be large, by their keys alone."""
    keys = sorted(key for key in metadata if key.startswith(ATTACHMENT))
    shown = {key: value for key, value in metadata.items() if not key.startswith(ATTACHMENT)}
    return shown | {ATTACHMENTS: keys} if keys else shown
