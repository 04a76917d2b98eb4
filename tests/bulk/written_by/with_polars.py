"""Write the rows of `ROWS` as polars writes them; run by hand, where polars is installed:

    python tests/bulk/written_by/with_polars.py

What stands here was written by polars 2.1.0 (and pyarrow 26.0.1) under Python 3.11.
"""

from datetime import date, datetime
from pathlib import Path

import polars as pl

HERE = Path(__file__).parent

frame = pl.DataFrame(
    {
        "f": [1.5, None],
        "g": [0.25, 0.25],
        "i": [3, None],
        "j": [-4, -4],
        "b": [True, None],
        "s": ["grün", None],
        "c": ["high", None],
        "d": [date(2026, 1, 31), None],
        "z": [datetime(2026, 7, 1, 12, 30), None],
        "w": [datetime(2026, 7, 1, 12, 30), None],
    }
).with_columns(
    pl.col("g").cast(pl.Float32),
    pl.col("j").cast(pl.Int8),
    pl.col("z").dt.replace_time_zone("Europe/Berlin"),
)
kinds = {
    "enum": {"c": pl.Enum(["low", "high"])},
    "categorical": {"c": pl.Categorical},
    "decimal": {"f": pl.Decimal(18, 3), "i": pl.Decimal(38, 0), "s": pl.Categorical, "d": pl.String},
}
for kind, types in kinds.items():
    typed = frame.cast(types)
    typed.write_ipc_stream(HERE / f"polars-{kind}.arrows")
    typed.write_ipc(HERE / f"polars-{kind}.arrow", compression="zstd")
    typed.write_parquet(HERE / f"polars-{kind}.parquet")
    typed.write_ipc_stream(HERE / f"polars-{kind}-old.arrows", compat_level=pl.CompatLevel.oldest())
frame.with_columns(f=pl.Series([1.5, float("nan")])).write_csv(HERE / "polars.csv")
frame.write_csv(HERE / "polars-quoted.csv", quote_style="always")
frame.write_ndjson(HERE / "polars.jsonl")
