"""Moving in from Palladium: each of its versions becomes a version here, with its metadata and attachments.

A pickle runs code when it is opened. It is opened by a fresh worker process alone, which ends afterwards, and only
where the operator has said that the pickles are to be trusted.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from triglot.artefact import Artefact, load_key, seal
from triglot.errors import ConfigError, TriglotError
from triglot.fitting import Bench
from triglot.labels import Labels
from triglot.persister import Persister
from triglot.persisters.cached import CachedUpdatePersister
from triglot.persisters.database import Database
from triglot.persisters.file import File
from triglot.persisters.filelike import FileLike
from triglot.persisters.palladium_folder import PalladiumFolder
from triglot.persisters.palladium_source import Contents, OldVersion, PalladiumSource, foreign_name, names_in
from triglot.persisters.palladium_tables import PalladiumTables
from triglot.persisters.rest import Rest
from triglot.persisters.s3 import S3
from triglot.schema import Field, Schema
from triglot.table import Kind

__all__ = ["Columns", "Outcome", "convert", "load_key", "plan", "source_at", "source_in"]

logger = logging.getLogger("triglot")

KINDS: Final[Mapping[str, Kind]] = {"float": "float64", "int": "int64", "str": "string", "bool": "bool"}
_SCORES: Final = ("score_train", "score_test")
_ORIGIN: Final = "palladium"  # the metadata key that says where a version came from

Open = Callable[[], AbstractContextManager[Bench]]
