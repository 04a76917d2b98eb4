"""Two hundred scopes, each with a model of its own, beside bare fits of the same rows one after the other."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.processes import ROOT
from benchmarks.scale.commands import environment, said, timed
from benchmarks.scale.data import COLUMNS
from benchmarks.scale.figures import Figure
from triglot.languages.r import r_executable

SCOPES = 200
ROWS_EACH = 500
AUTHORS = ROOT / "benchmarks" / "authors"


def figures(folder: Path, processes: int) -> Iterator[Figure]:
    """Give what all fits take by a bare R in one process, and by ours on so many."""
    interpreter = r_executable(os.environ)
    if interpreter is None:
        raise RuntimeError("R is not installed")
    shops, environ = write(folder), environment(folder)
    bare = [str(interpreter.with_name("Rscript")), str(AUTHORS / "bare_scopes.R"), str(AUTHORS / "scale.R"), str(shops)]
    seconds = float(said(bare, environ))
    yield Figure("scopes", "fits, bare", seconds, SCOPES / seconds)
    command = [sys.executable, "-m", "triglot", "fit", "shops", "--scopes", str(folder / "scopes.csv")]
    yield timed("scopes", "scopes", SCOPES, environ, [*command, "--workers", str(processes)])


def write(folder: Path) -> Path:
    """Write the scopes, and the rows of all of them; return where these are."""
    chance = np.random.default_rng(3)
    frame = pd.DataFrame(chance.uniform(0.0, 1.0, (SCOPES * ROWS_EACH, len(COLUMNS))).round(4), columns=list(COLUMNS))
    frame["y"] = frame["x0"] * 2 - frame["x1"] * frame["x2"]
    frame["shop"] = [f"shop-{number}" for number in range(SCOPES) for _ in range(ROWS_EACH)]
    frame.to_csv(folder / "shops.csv", index=False)
    frame[["shop"]].drop_duplicates().to_csv(folder / "scopes.csv", index=False)
    return folder / "shops.csv"
