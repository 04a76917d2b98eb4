"""Requests by message that are to have one effect, and what came of them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"

NAME = sa.String(200).with_variant(mysql.VARCHAR(200, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
KEY = sa.String(64).with_variant(mysql.VARCHAR(64, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
BYTES = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
JSON_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
INNODB: Any = {"mysql_engine": "InnoDB", "mariadb_engine": "InnoDB"}


def upgrade() -> None:
    """Make the table of letters."""
    op.create_table(
        "triglot_letters",
        sa.Column("key", KEY, nullable=False),
        sa.Column("broker", NAME, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reply", JSON_TEXT, nullable=False),
        sa.Column("facts", JSON_TEXT, nullable=False),
        sa.Column("body", BYTES, nullable=True),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("claimed", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("key", name="triglot_letters_pk"),
        **INNODB,
    )
    op.create_index("triglot_letters_state", "triglot_letters", ["state", "created"])
