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
    Column("progress", JSON_TEXT, nullable=True),  # how far the command is, as it says itself
    Column("result", JSON_TEXT, nullable=True),  # what the result is; itself it is in the table below
    PrimaryKeyConstraint("id", name="triglot_jobs_pk"),
    Index("triglot_jobs_state", "state", "created"),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)

job_data = Table(
    "triglot_job_data",
    metadata,
    Column("job_id", KEY, nullable=False),
    Column("part", String(16), nullable=False),  # what the job was given, or what came of it
    Column("number", Integer, nullable=False, autoincrement=False),
    Column("data", BYTES, nullable=False),
    PrimaryKeyConstraint("job_id", "part", "number", name="triglot_job_data_pk"),
    ForeignKeyConstraint(["job_id"], ["triglot_jobs.id"], name="triglot_job_data_job_fk", ondelete="CASCADE"),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)

letters = Table(
    "triglot_letters",
    metadata,
    Column("key", KEY, nullable=False),
    Column("broker", NAME, nullable=False),
    Column("digest", String(64), nullable=False),  # of what was asked, so that two requests of one name are told apart
    Column("state", String(16), nullable=False),
    Column("reply", JSON_TEXT, nullable=False),  # where the answer is wanted
    Column("facts", JSON_TEXT, nullable=False),
    Column("body", BYTES, nullable=True),
    Column("created", String(32), nullable=False),
    Column("claimed", String(32), nullable=True),  # when somebody last began to send the answer
    PrimaryKeyConstraint("key", name="triglot_letters_pk"),
    Index("triglot_letters_state", "state", "created"),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)

schedules = Table(
    "triglot_schedules",
    metadata,
    Column("name", NAME, nullable=False),
    Column("due", String(32), nullable=False),  # up to here all is entered, or was never to be
    PrimaryKeyConstraint("name", name="triglot_schedules_pk"),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)
