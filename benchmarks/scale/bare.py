"""`python -m benchmarks.scale.bare MODEL FOLDER FIRST STEP`: scikit-learn and pyarrow, and nothing of this project.

Fits a model, then answers every STEP-th group of rows of the Parquet file from the FIRST on into another one.
"""

import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

MODELS = {"linear": LinearRegression, "boosting": lambda: HistGradientBoostingRegressor(random_state=1)}


def main(model: str, folder: Path, first: int, step: int) -> None:
    """Answer the groups of rows."""
    learned = pd.read_csv(folder / "learned.csv")
    columns = [name for name in learned.columns if name != "y"]
    fitted = MODELS[model]().fit(learned[columns].to_numpy(), learned["y"])
    rows = pq.ParquetFile(folder / "rows.parquet")
    schema = pa.schema([("prediction", pa.float64())])
    with pq.ParquetWriter(folder / f"bare-{first}.parquet", schema) as answers:
        for number in range(first, rows.num_row_groups, step):
            matrix = rows.read_row_group(number).to_pandas().to_numpy()
            answers.write_table(pa.table([pa.array(fitted.predict(matrix))], schema=schema))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
