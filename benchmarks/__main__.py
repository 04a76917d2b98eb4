"""`python -m benchmarks`: measure this project and its alternatives in turn; write docs/benchmarks/.

Only ratios within one run mean anything: all of it happens on one machine, with the load generator beside it.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import plots, report
from benchmarks.alternatives import environments
from benchmarks.processes import ROOT
from benchmarks.suite import FLOORS, Suite, estimate
from benchmarks.systems import OURS, OURS_GRPC, OWN, SYSTEMS, System

OUTPUT = ROOT / "docs" / "benchmarks"


def main() -> int:
    """Run the measurements; return 1 where this project's own answers had errors, or it is absent."""
    options = arguments()
    systems, floors = chosen(options.systems)
    if options.report:
        found = json.loads((options.output / "results.json").read_text("utf-8"))
        write(found, options.output)
    else:
        found = measured(options, systems, floors)
    ours = [one for one in found["measurements"] if one["system"] in (OURS, OURS_GRPC)]
    return 1 if any(one["errors"] for one in ours) or OURS in found["absent"] else 0


def measured(options: argparse.Namespace, systems: list[System], floors: list[str]) -> dict[str, Any]:
    """Return what a run found; it is written after every round, so that one that is broken off leaves those before."""
    print(f"about {estimate(systems, floors, options.seconds, options.runs):.0f} minutes on a free machine", flush=True)
    found: dict[str, Any] = {
        "machine": machine(),
        "seconds": options.seconds,
        "titles": FLOORS | {system.name: title(system) for system in systems},
    }
    with tempfile.TemporaryDirectory(prefix="triglot-bench-") as folder:
        suite = Suite(Path(folder), systems, options.seconds, lambda line: print(line, flush=True))
        for number in range(options.runs):
            suite.round(number, floors)
            found["runs"] = number + 1
            found["absent"] = suite.absent
            found["presences"] = list(map(asdict, suite.presences))
            found["measurements"] = list(map(asdict, suite.measurements))
            write(found, options.output)
    return found


def write(found: dict[str, Any], folder: Path) -> None:
    """Write results.json, the page and the plots into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    (folder / "results.md").write_text(report.markdown(found), "utf-8")
    plots.write(found, folder)


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    floors = ", ".join(f"{name} *" for name in FLOORS)
    names = ", ".join(system.name + " *" * system.default for system in SYSTEMS)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=f"Systems (* by default): {floors}, {names}.",
    )
    parser.add_argument("--seconds", type=int, default=3, help="of a load with 64 connections (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="of everything in turn (default: %(default)s)")
    parser.add_argument("--systems", default="default", help="names with commas between, `default` or `all`")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the folder to write to (default: docs/benchmarks)")
    parser.add_argument("--report", action="store_true", help="measure nothing: write the page of its results.json")
    return parser.parse_args()


def chosen(names: str) -> tuple[list[System], list[str]]:
    """Return the systems and the floors that are named; exits with a message where one does not exist."""
    if names in ("default", "all"):
        return [system for system in SYSTEMS if system.default or names == "all"], list(FLOORS)
    wanted = names.split(",")
    if unknown := set(wanted) - {system.name for system in SYSTEMS} - FLOORS.keys():
        raise SystemExit(f"there is no system {', '.join(sorted(unknown))}: see --help")
    return [system for system in SYSTEMS if system.name in wanted], [name for name in FLOORS if name in wanted]


def title(system: System) -> str:
    """Return what a system is called in the tables, with the version of what is installed for it."""
    if system.environment == OWN or environments.absent(system.environment):
        return system.title
    return f"{system.title} ({environments.version(system.environment)})"


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "when": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "processors": os.cpu_count(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }


if __name__ == "__main__":
    sys.exit(main())
