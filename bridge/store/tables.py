"""The tables of the model store, as the code sees them; `migrations` makes them, and a test compares both.

A version is known by (model, number) everywhere. Rows that belong to a version go with it; an alias holds
its version fast, so that a version which is in use cannot be deleted, whoever tries.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql

metadata = MetaData()

# MariaDB compares names without regard to case, and ends a BLOB or TEXT at 64 KiB, unless told otherwise.
NAME_LENGTH = 200
NAME = String(NAME_LENGTH).with_variant(
    mysql.VARCHAR(NAME_LENGTH, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)
KEY = String(64).with_variant(mysql.VARCHAR(64, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
BYTES = LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
JSON_TEXT = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")

models = Table(
    "triglot_models",
    metadata,
    Column("id", Integer, nullable=False),
    Column("name", NAME, nullable=False),
    Column("last_version", Integer, nullable=False),  # only ever grows: a number is used once
    PrimaryKeyConstraint("id", name="triglot_models_pk"),
    UniqueConstraint("name", name="triglot_models_name_key"),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)

versions = Table(
    "triglot_versions",
    metadata,
    Column("model_id", Integer, nullable=False),
    Column("version", Integer, nullable=False, autoincrement=False),
    Column("language", String(32), nullable=False),
    Column("task", String(32), nullable=False),
    Column("manifest", BYTES, nullable=False),  # the signed bytes themselves, never written anew
    Column("signature", BYTES, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("chunk_count", Integer, nullable=False),
    Column("metrics", JSON_TEXT, nullable=False),
    Column("metadata", JSON_TEXT, nullable=False),
    Column("created", String(32), nullable=False),  # ISO 8601 UTC: the three databases disagree on zones
    PrimaryKeyConstraint("model_id", "version", name="triglot_versions_pk"),
    ForeignKeyConstraint(["model_id"], ["triglot_models.id"], name="triglot_versions_model_fk", ondelete="CASCADE"),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)

chunks = Table(
    "triglot_chunks",
    metadata,
    Column("model_id", Integer, nullable=False),
    Column("version", Integer, nullable=False, autoincrement=False),
    Column("number", Integer, nullable=False, autoincrement=False),
    Column("data", BYTES, nullable=False),
    PrimaryKeyConstraint("model_id", "version", "number", name="triglot_chunks_pk"),
    ForeignKeyConstraint(
        ["model_id", "version"],
        ["triglot_versions.model_id", "triglot_versions.version"],
        name="triglot_chunks_version_fk",
        ondelete="CASCADE",
    ),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)

aliases = Table(
    "triglot_aliases",
    metadata,
    Column("model_id", Integer, nullable=False),
    Column("alias", NAME, nullable=False),
    Column("version", Integer, nullable=False, autoincrement=False),
    Column("changed", String(32), nullable=False),
    PrimaryKeyConstraint("model_id", "alias", name="triglot_aliases_pk"),
    ForeignKeyConstraint(
        ["model_id", "version"],
        ["triglot_versions.model_id", "triglot_versions.version"],
        name="triglot_aliases_version_fk",
    ),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)

jobs = Table(
    "triglot_jobs",
    metadata,
    Column("id", KEY, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("parameters", JSON_TEXT, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", String(32), nullable=False),
    Column("started", String(32), nullable=True),
    Column("finished", String(32), nullable=True),
    Column("beat", String(32), nullable=True),  # the runner's last sign of life
    Column("runner", String(64), nullable=True),
    Column("tries", Integer, nullable=False),  # how many runners began it
    Column("info", JSON_TEXT, nullable=False),
    PrimaryKeyConstraint("id", name="triglot_jobs_pk"),
    Index("triglot_jobs_state", "state", "created"),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)
