"""Spark and Dask, each by a driver of its own: what it prints, as figures."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.scale.commands import environment, said
from benchmarks.scale.figures import Figure

SPARK = ROOT / "build" / "spark" / "spark-4"


def spark(folder: Path, processes: int) -> Iterator[Figure]:
    """Give what each way to answer rows on Spark takes; raises `RuntimeError` where there is none."""
    packages = next(SPARK.glob("lib/python3*/site-packages"), None)
    if packages is None or shutil.which("java") is None:
        raise RuntimeError("Spark is not installed: run make setup-test")
    environ = environment(folder) | {
        "PYTHONPATH": f"{packages}:{ROOT}",
        "SPARK_HOME": str(packages / "pyspark"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
    }
    return _figures("spark", "spark_driver", environ, str(folder), str(processes))


def dask(folder: Path, processes: int) -> Iterator[Figure]:
    """Give what each way to answer rows on Dask takes."""
    return _figures("dask", "dask_driver", environment(folder), str(folder), str(processes), "score")


def search(folder: Path, processes: int) -> Iterator[Figure]:
    """Give what a search takes on so many processes of Dask, and on one."""
    return _figures("search", "dask_driver", environment(folder), str(folder), str(processes), "search")


def _figures(part: str, driver: str, environ: Mapping[str, str], *arguments: str) -> Iterator[Figure]:
    lines = said([sys.executable, "-m", f"benchmarks.scale.{driver}", *arguments], environ).splitlines()
    for line in lines:
        if line.startswith("{"):
            yield Figure(part, **json.loads(line))
