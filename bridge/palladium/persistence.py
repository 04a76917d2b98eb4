"""`palladium.persistence`."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from triglot.interfaces import ModelPersister
from triglot.palladium.by_version import ByVersion
from triglot.persisters import cached, database, file, filelike, rest, s3
from triglot.persisters.file import LocalFiles as FileIO
from triglot.persisters.palladium_source import numbers
from triglot.persisters.rest import HttpFiles as RestIO
from triglot.persisters.s3 import BucketFiles as S3IO

__all__ = [
    "S3",
    "S3IO",
    "CachedUpdatePersister",
    "Database",
    "DatabaseCLOB",
    "File",
    "FileIO",
    "FileLike",
    "FileLikeIO",
    "ModelPersister",
    "Rest",
    "RestIO",
    "UpgradeSteps",
]


class CachedUpdatePersister(ByVersion, cached.CachedUpdatePersister):
    """Another persister, whose activations a service follows at the occurrences of a rule."""


class Database(ByVersion, database.Database):
    """Versions in an SQL database."""


DatabaseCLOB = Database


class FileLike(ByVersion, filelike.FileLike):
    """Versions in files of any place."""


class File(ByVersion, file.File):
    """Versions in files of this machine."""


class Rest(ByVersion, rest.Rest):
    """Versions in files of an HTTP server."""


class S3(ByVersion, s3.S3):
    """Versions in objects of a bucket."""


class FileLikeIO(ABC):
    """A place for files, for `FileLike(path, io)`."""

    @abstractmethod
    def open(self, path: str, mode: str = "r") -> Any:
        """Return an open file."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Return whether there is such a file."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a file."""


class UpgradeSteps:
    """Functions that bring what a persister has stored from one version to a later one."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, Callable[[Any], Any]]] = []

    def add(self, version: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
        """Return the decorator that makes a function of a persister the step to a version."""

        def decorator(func: Callable[[Any], Any]) -> Callable[[Any], Any]:
            self.steps.append((version, func))
            return func

        return decorator

    def run(self, persister: Any, from_version: str, to_version: str) -> list[Any]:
        """Return what the steps above `from_version` and up to `to_version` gave, taken in the order of versions."""
        first, last = numbers(from_version, "from_version"), numbers(to_version, "to_version")
        due = [(numbers(version, "version"), func) for version, func in self.steps]
        return [func(persister) for version, func in sorted(due, key=lambda step: step[0]) if first < version <= last]
