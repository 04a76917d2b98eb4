"""Write the rows of `ROWS` as DuckDB writes them; run by hand, where duckdb and pyarrow are installed:

    python tests/bulk/written_by/with_duckdb.py

What stands here was written by DuckDB 2.0.1 (and pyarrow 26.0.1) under Python 3.11.
"""

from pathlib import Path

import duckdb
import pyarrow as pa

HERE = Path(__file__).parent
ROWS = """
    SELECT * REPLACE (sum(i) OVER (PARTITION BY i) AS i) FROM (VALUES
        (1.5, 0.25::FLOAT, 3, -4::TINYINT, true, 'grün', 'high'::LEVEL, DATE '2026-01-31',
         TIMESTAMPTZ '2026-07-01 12:30:00+02', TIMESTAMP '2026-07-01 12:30:00'),
        (NULL, 0.25, NULL, -4, NULL, NULL, NULL, NULL, NULL, NULL)
    ) AS rows(f, g, i, j, b, s, c, d, z, w) ORDER BY f
"""

database = duckdb.connect()
database.execute("SET TimeZone = 'Europe/Berlin'; CREATE TYPE LEVEL AS ENUM ('low', 'high')")
table = database.sql(ROWS).to_arrow_table()
with pa.ipc.new_stream(HERE / "duckdb.arrows", table.schema) as stream:
    stream.write_table(table)
for name, options in (
    ("duckdb.parquet", ""),
    ("duckdb.csv", ""),
    ("duckdb-semicolon.csv", "(DELIMITER ';', FORCE_QUOTE *)"),
    ("duckdb.jsonl", "(FORMAT json)"),
):
    database.execute(f"COPY ({ROWS}) TO '{HERE / name}' {options}")
