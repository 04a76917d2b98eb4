"""The rows that are scored: Parquet for whoever reads it, raw doubles for bare R and Julia, and a few to learn of."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = tuple(f"x{number}" for number in range(10))
PIECE = 500_000  # rows of a group in Parquet, and of a piece of raw doubles: by columns, one after the other
LEARNED = 1_000


@dataclass(frozen=True, slots=True)
class Data:
    """Where everything is."""

    folder: Path
    rows: int

    @property
    def parquet(self) -> Path:
        """The rows as Parquet."""
        return self.folder / "rows.parquet"

    @property
    def doubles(self) -> Path:
        """The rows as raw doubles."""
        return self.folder / "rows.doubles"

    @property
    def learned(self) -> Path:
        """What models are fitted on: a CSV of the columns and `y`."""
        return self.folder / "learned.csv"


def made(folder: Path, rows: int) -> Data:
    """Return rows by chance, always the same."""
    data = Data(folder, rows)
    known = next(matrices(LEARNED))
    frame = pd.DataFrame(known, columns=list(COLUMNS))
    frame["y"] = known[:, 0] * 2 - known[:, 1] * known[:, 2] + np.sin(5 * known[:, 3])
    frame.to_csv(data.learned, index=False)
    schema = pa.schema([(name, pa.float64()) for name in COLUMNS])
    with pq.ParquetWriter(data.parquet, schema) as parquet, data.doubles.open("wb") as doubles:
        for matrix in matrices(rows):
            columns = [pa.array(matrix[:, number]) for number in range(len(COLUMNS))]
            parquet.write_table(pa.table(columns, schema=schema), row_group_size=PIECE)
            np.ascontiguousarray(matrix.T).tofile(doubles)
    return data


def matrices(rows: int) -> Iterator[Any]:
    """Give the rows, a piece at a time."""
    chance = np.random.default_rng(11)
    for start in range(0, rows, PIECE):
        yield chance.uniform(0.0, 1.0, (min(PIECE, rows - start), len(COLUMNS))).round(4)
