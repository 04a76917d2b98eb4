"""Write the rows of `ROWS` as pandas writes them:

    scripts/with_env.sh python tests/bulk/written_by/with_pandas.py

What stands here was written by pandas 3.1.1 and pyarrow 26.0.1 under Python 3.11.
"""

import csv
from datetime import date
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent

frame = pd.DataFrame(
    {
        "f": [1.5, None],
        "g": pd.Series([0.25, 0.25], dtype="float32"),
        "i": pd.Series([3, None], dtype="Int64"),
        "j": pd.Series([-4, -4], dtype="int8"),
        "b": pd.Series([True, None], dtype="boolean"),
        "s": ["grün", None],
        "c": pd.Categorical(["high", None], categories=["low", "high"]),
        "d": [date(2026, 1, 31), None],
        "z": pd.to_datetime(["2026-07-01 12:30", None]).tz_localize("Europe/Berlin"),
        "w": pd.to_datetime(["2026-07-01 12:30", None]).as_unit("ns"),
    }
)
frame.to_parquet(HERE / "pandas.parquet", index=False)
frame.set_axis(["one", "two"]).to_parquet(HERE / "pandas-index.parquet")
frame.to_feather(HERE / "pandas.feather")
frame.to_csv(HERE / "pandas.csv", index=False)
frame.to_csv(HERE / "pandas-index.csv")
frame.to_csv(HERE / "pandas-quoted.csv", index=False, quoting=csv.QUOTE_ALL)
frame.to_csv(HERE / "pandas-nan.csv", index=False, na_rep="NaN", columns=["f", "g"])
frame.to_csv(HERE / "pandas-comma.csv", index=False, sep=";", decimal=",")
frame.to_json(HERE / "pandas.json", orient="records")
frame.to_json(HERE / "pandas-iso.json", orient="records", date_format="iso")
