"""What jobs are given, how far they are and what comes of them; and up to when schedules are entered."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"

NAME = sa.String(200).with_variant(mysql.VARCHAR(200, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
KEY = sa.String(64).with_variant(mysql.VARCHAR(64, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
BYTES = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
JSON_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
INNODB: Any = {"mysql_engine": "InnoDB", "mariadb_engine": "InnoDB"}


def upgrade() -> None:
    """Add two columns to the jobs, and make the tables of their data and of schedules."""
    op.add_column("triglot_jobs", sa.Column("progress", JSON_TEXT, nullable=True))
    op.add_column("triglot_jobs", sa.Column("result", JSON_TEXT, nullable=True))
    op.create_table(
        "triglot_job_data",
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("data", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "part", "number", name="triglot_job_data_pk"),
        sa.ForeignKeyConstraint(["job_id"], ["triglot_jobs.id"], name="triglot_job_data_job_fk", ondelete="CASCADE"),
        **INNODB,
    )
    op.create_table(
        "triglot_schedules",
        sa.Column("name", NAME, nullable=False),
        sa.Column("due", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("name", name="triglot_schedules_pk"),
        **INNODB,
    )
