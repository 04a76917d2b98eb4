"""Which version is meant by what somebody wrote: a model's name, NAME@VERSION, or a bundle."""

import os
from pathlib import Path

from triglot.artefact import load_key
from triglot.errors import BadRequest
from triglot.persisters.decorated import read_model
from triglot.project import Project
from triglot.scoring.bundle import Bundle, is_bundle, read_bundle
from triglot.scoring.source import Carried

SUFFIX = ".bundle"


def named(said: str, version: int | None = None) -> tuple[str, int | None]:
    """Return name and version of NAME@VERSION; raises `BadRequest` where two versions are said."""
    name, at, number = said.rpartition("@")
    if not at or not number.isdecimal():
        return said, version
    if version not in (None, int(number)):
        raise BadRequest(f"{said!r} and --model-version {version} contradict each other; leave one out")
    return name, int(number)


def bundle_of(project: Project, said: str, version: int | None = None) -> Bundle:
    """Return the version that is meant: that of a bundle, or of the model store; verified, with this project's key."""
    key, path = load_key(project.key_file, project.environ), Path(said)
    if path.is_file() and (is_bundle(path) or path.suffix == SUFFIX or os.sep in said):
        bundle = read_bundle(path, key)
        if version not in (None, bundle.version):
            raise BadRequest(f"the bundle {said!r} is version {bundle.version}; leave --model-version out")
        return bundle
    name, version = named(said, version)
    stored = read_model(project.store, name, version)
    stored.artefact.verified(key)
    return Bundle(name, stored.version, stored.artefact)


def carried(project: Project, bundle: Bundle) -> tuple[Carried, tuple[tuple[str, str], ...]]:
    """Return a version as it travels with the work, and the variables that this project's workers have besides."""
    more = sorted(item for item in project.environ.items() if os.environ.get(item[0]) != item[1])
    return Carried.of(bundle), tuple(more)
