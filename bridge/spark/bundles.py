"""Bundles on their way to executors: as files of the application, which Spark takes to each of them once."""

import functools
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from triglot.artefact import load_key
from triglot.persisters.decorated import read_model
from triglot.project import Project
from triglot.scoring.bundle import Bundle, read_bundle, seal_of
from triglot.scoring.source import Source
from triglot.spark.library import pyspark

Model: TypeAlias = str | os.PathLike[str] | Source


@dataclass(frozen=True, slots=True)
class SparkFile:
    """A bundle that Spark has brought; `seal` says which, should another have its name."""

    name: str
    seal: str

    def fetch(self, key: bytes) -> Bundle:
        """Return the version; raises `ArtefactRefused` unless this key has signed it."""
        return read_bundle(Path(pyspark().SparkFiles.get(self.name)), key, self.seal)


def source_of(model: Model, session: Any) -> Source:
    """Return where executors of a session find a model: a bundle's file is sent to them, by a name that tells it apart.

    Raises `ArtefactRefused` for a bundle that the driver's key has not signed.
    """
    if not isinstance(model, (str, os.PathLike)):
        return model
    path = Path(model).absolute()
    seal = seal_of(path, load_key(None, os.environ))
    return _added(session.sparkContext, session.sparkContext.applicationId, path, seal)


@functools.cache
def _added(context: Any, application: str, path: Path, seal: str) -> SparkFile:
    copy = Path(_folder().name, f"triglot-{seal[:32]}.bundle")
    if not copy.exists():
        shutil.copyfile(path, copy)
    context.addFile(str(copy))
    return SparkFile(copy.name, seal)


@functools.cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    """Return the folder that executors fetch from for as long as this process lives."""
    return tempfile.TemporaryDirectory(prefix="triglot-spark-")


def stored(model: str, version: int | None = None, *, config: str | os.PathLike[str] | None = None) -> Path:
    """Return the bundle of a version in the model store, which the driver reads: executors need no database.

    Args:
        model: Its name.
        version: Its number, by default that of the active one.
        config: A configuration file, by default what `triglot` takes.

    Examples:
        predict(frame, stored("iris", 3))

    Raises:
        ModelNotFound: There is none of that name.
        VersionNotFound: It has no such version, or none is active.
    """
    project = Project(() if config is None else (Path(config),), os.environ, Path.cwd())
    found = read_model(project.store, model, version)
    path = Path(_folder().name, f"{found.version}-{found.artefact.sha256}")
    Bundle(model, found.version, found.artefact).write(path, load_key(project.key_file, os.environ))
    return path
