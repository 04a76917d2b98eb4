"""`python -m benchmarks.scale`: large work beside what does the same without this project, side by side in one run.

Only ratios within one run mean anything, and those of a busy machine little. What is not installed is left out, with
the reason.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.scale import engines, figures, local, messages, scopes
from benchmarks.scale.commands import environment
from benchmarks.scale.data import made
from benchmarks.scale.figures import MODELS, PARTS, Figure

BUNDLES = ("boosting.bundle", "r-lm.bundle")
FEW = 10  # the slow ways are asked for one row of so many


def main() -> int:
    """Print each figure as it comes, then the goals; return 1 where one was missed, or nothing could be measured."""
    options = arguments()
    parts = options.only.split(",") if options.only else list(PARTS)
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="triglot-scale-") as name:
        folder = (options.folder or Path(name)).absolute()
        for part in parts:
            try:
                for figure in measured(part, folder, options):
                    found.append(figure)
                    print(json.dumps(asdict(figure)), flush=True)
            except RuntimeError as error:
                print(f"{part}: {error}", file=sys.stderr)
    goals = figures.goals(best(found), parts)
    print(figures.table(goals))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", file=sys.stderr)
    return 1 if not found or any(goal.met is False for goal in goals) else 0


def arguments() -> argparse.Namespace:
    """Return the options of the command line; exits with a message for a part that there is not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="of ten columns (default: %(default)s)")
    parser.add_argument("--only", help=f"with commas between: {', '.join(PARTS)}")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="of everything (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="keep rows and models here, for the next run with as many rows")
    parser.add_argument("--repeat", type=int, default=1, help="of the local engine; the best counts")
    options = parser.parse_args()
    if unknown := set((options.only or PARTS[0]).split(",")) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    return options


def measured(part: str, folder: Path, options: argparse.Namespace) -> Iterator[Figure]:
    """Give the figures of one part, with what it needs made before it."""
    if not (folder / BUNDLES[-1]).exists():
        folder.mkdir(parents=True, exist_ok=True)
        made(folder, options.rows)
        prepare(folder, options.rows)
    ways: dict[str, Callable[[], Iterator[Figure]]] = {
        "local": lambda: local.figures(local.Data(folder, options.rows), options.processes, options.repeat),
        "spark": lambda: engines.spark(folder, options.processes),
        "dask": lambda: engines.dask(folder, options.processes),
        "search": lambda: engines.search(folder, options.processes),
        "scopes": lambda: scopes.figures(folder, options.processes),
        "messages": lambda: messages.figures(folder),
    }
    return ways[part]()


def prepare(folder: Path, rows: int) -> None:
    """Fit all models, export what clusters are asked, and make the few rows; raises `RuntimeError`."""
    (folder / "few").mkdir(exist_ok=True)
    made(folder / "few", max(1, rows // FEW))
    exports = [["export", f"{bundle.removesuffix('.bundle')}@1", str(folder / bundle)] for bundle in BUNDLES]
    for command in [["fit", "--no-proof", *MODELS], *exports]:
        run = subprocess.run(
            [sys.executable, "-m", "triglot", *command],
            cwd=ROOT,
            env=environment(folder),
            capture_output=True,
            text=True,
        )
        if run.returncode:
            raise RuntimeError(f"triglot {' '.join(command)}: {run.stderr[-1000:]}")


def best(found: list[Figure]) -> list[Figure]:
    """Return the quickest of each name, with the most memory that any of its runs had."""
    names: dict[str, list[Figure]] = {}
    for figure in found:
        names.setdefault(figure.name, []).append(figure)
    return [
        Figure(
            each[0].part, name, min(f.seconds for f in each), max(f.rate for f in each), max(f.memory_mb for f in each)
        )
        for name, each in names.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
