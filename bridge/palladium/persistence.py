"""`palladium.persistence`."""

from triglot.interfaces import ModelPersister
from triglot.persisters.cached import CachedUpdatePersister
from triglot.persisters.database import Database
from triglot.persisters.database import Database as DatabaseCLOB
from triglot.persisters.file import File
from triglot.persisters.filelike import FileLike
from triglot.persisters.rest import Rest
from triglot.persisters.s3 import S3

__all__ = ["S3", "CachedUpdatePersister", "Database", "DatabaseCLOB", "File", "FileLike", "ModelPersister", "Rest"]
