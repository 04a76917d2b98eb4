"""An author's module for runs by message: a step that leaves a mark each time it is run."""

from pathlib import Path

import pandas as pd


class Marked:
    """Multiplies the amounts, and notes that it did; amounts below zero it refuses."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, table: pd.DataFrame, factor: float) -> pd.DataFrame:
        with (Path(self.folder) / "marks").open("a") as marks:
            marks.write("run\n")
        if (table["amount"] < 0).any():
            raise ValueError("an amount is below zero")
        return table.assign(amount=table["amount"] * factor)
