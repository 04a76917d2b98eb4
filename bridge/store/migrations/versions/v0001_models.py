"""Models, their versions in chunks, and aliases."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

NAME = sa.String(200).with_variant(mysql.VARCHAR(200, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
BYTES = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
JSON_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
INNODB: Any = {"mysql_engine": "InnoDB", "mariadb_engine": "InnoDB"}


def upgrade() -> None:
    """Make the first four tables."""
    op.create_table(
        "triglot_models",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("last_version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="triglot_models_pk"),
        sa.UniqueConstraint("name", name="triglot_models_name_key"),
        **INNODB,
    )
    op.create_table(
        "triglot_versions",
        sa.Column("model_id", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("language", sa.String(32), nullable=False),
        sa.Column("task", sa.String(32), nullable=False),
        sa.Column("manifest", BYTES, nullable=False),
        sa.Column("signature", BYTES, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("chunk_count", sa.Integer, nullable=False),
        sa.Column("metrics", JSON_TEXT, nullable=False),
        sa.Column("metadata", JSON_TEXT, nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("model_id", "version", name="triglot_versions_pk"),
        sa.ForeignKeyConstraint(
            ["model_id"], ["triglot_models.id"], name="triglot_versions_model_fk", ondelete="CASCADE"
        ),
        **INNODB,
    )
    op.create_table(
        "triglot_chunks",
        sa.Column("model_id", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("data", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("model_id", "version", "number", name="triglot_chunks_pk"),
        sa.ForeignKeyConstraint(
            ["model_id", "version"],
            ["triglot_versions.model_id", "triglot_versions.version"],
            name="triglot_chunks_version_fk",
            ondelete="CASCADE",
        ),
        **INNODB,
    )
    op.create_table(
        "triglot_aliases",
        sa.Column("model_id", sa.Integer, nullable=False),
        sa.Column("alias", NAME, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("changed", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("model_id", "alias", name="triglot_aliases_pk"),
        sa.ForeignKeyConstraint(
            ["model_id", "version"],
            ["triglot_versions.model_id", "triglot_versions.version"],
            name="triglot_aliases_version_fk",
        ),
        **INNODB,
    )
