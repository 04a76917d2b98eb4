"""The local engine beside the bare library: both read all rows, answer them and write that, on as many processes."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.scale.commands import environment, timed
from benchmarks.scale.data import PIECE, Data
from benchmarks.scale.figures import MODELS, Figure
from triglot.languages.julia import julia_executable
from triglot.languages.r import r_executable

AUTHORS = ROOT / "benchmarks" / "authors"


def figures(data: Data, processes: int, repeat: int) -> Iterator[Figure]:
    """Give the figures of every model, bare and ours in turn."""
    for model in MODELS:
        for _ in range(repeat):
            yield timed(
                "local", f"{model}, bare", data.rows, bare_environment(data.folder), *bare(data, model, processes)
            )
            yield ours(data, model, processes)


def ours(data: Data, model: str, processes: int) -> Figure:
    """Return what `triglot score` takes; what an earlier one has done is removed before."""
    out = data.folder / f"answers-{model}"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "triglot", "score", model, str(data.parquet), f"{out}/"]
    return timed("local", model, data.rows, environment(data.folder), [*command, "--workers", str(processes)])


def bare(data: Data, model: str, processes: int) -> list[list[str]]:
    """Return the commands that do the same without this project; raises `RuntimeError` where there is no R or Julia."""
    return [_bare(data, model, number, processes) for number in range(processes)]


def bare_environment(folder: Path) -> dict[str, str]:
    """Return what bare commands run with: one thread each, as there are as many as processors."""
    return {**environment(folder), "JULIA_NUM_THREADS": "1"}


def _bare(data: Data, model: str, first: int, step: int) -> list[str]:
    answers, turn = str(data.folder / f"bare-{first}"), [str(PIECE), str(first), str(step)]
    if model == "julia":
        julia = julia_executable(os.environ)
        if julia is None:
            raise RuntimeError("Julia is not installed")
        files = [str(AUTHORS / "Scale.jl"), str(data.learned), str(data.doubles), answers]
        return [str(julia), str(AUTHORS / "bare_scale.jl"), *files, *turn]
    if model.startswith("r-"):
        interpreter = r_executable(os.environ)
        if interpreter is None:
            raise RuntimeError("R is not installed")
        files = [str(AUTHORS / "scale.R"), model, str(data.learned), str(data.doubles), answers]
        return [str(interpreter.with_name("Rscript")), str(AUTHORS / "bare_scale.R"), *files, *turn]
    return [sys.executable, "-m", "benchmarks.scale.bare", model, str(data.folder), str(first), str(step)]
