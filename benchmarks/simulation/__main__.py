"""`python -m benchmarks.simulation`: what more than one machine will do, computed of what one was measured to do.

`measure` writes the costs of this machine's service into benchmarks/simulation/costs.json, some minutes long; all other
commands measure nothing and give the same for the same file. `write` puts their tables into docs/scaling.md.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.simulation import costs, measure, proxies, stores, tables
from benchmarks.simulation.cluster import Bursts
from benchmarks.simulation.machine import Setup
from benchmarks.simulation.scenario import Scenario, Upgrade, run

PAGE = ROOT / "docs" / "scaling.md"


def main() -> int:
    """Do what the command line says."""
    options = arguments()
    if options.command == "measure":
        found = measured(options.seconds, options.rounds)
        costs.save(found)
    elif options.command == "write":
        PAGE.write_text(tables.replaced(PAGE.read_text("utf-8"), costs.load()), "utf-8")
    elif options.command == "try":
        print(tables.outcome(run(scenario(options))))
    else:
        print(tables.ALL[options.command](costs.load()))
    return 0


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    each = commands.add_parser("measure", help="measure this machine's costs, and write them")
    each.add_argument("--seconds", type=int, default=2, help="of each load (default: %(default)s)")
    each.add_argument("--rounds", type=int, default=1, help="of all loads, of which the median counts")
    for name in tables.ALL:
        commands.add_parser(name, help=f"print the table of {name}")
    commands.add_parser("write", help="write all tables into docs/scaling.md")
    one = commands.add_parser("try", help="simulate one cluster under one load")
    one.add_argument("--model", default="logistic", help="whose costs (default: %(default)s)")
    one.add_argument("--rate", type=float, required=True, help="requests a second")
    one.add_argument("--rows", type=int, default=1, help="of each request (default: %(default)s)")
    one.add_argument("--replicas", type=int, default=1, help="containers (default: %(default)s)")
    one.add_argument("--cores", type=int, default=2, help="processors of each (default: %(default)s)")
    one.add_argument("--processes", type=int, default=2, help="front-end processes of each (default: %(default)s)")
    one.add_argument("--workers", type=int, default=1, help="workers of each (default: %(default)s)")
    one.add_argument("--seconds", type=float, default=2.0, help="simulated (default: %(default)s)")
    one.add_argument("--bursts", type=float, default=1.0, help="so many times the rate, a tenth of each second")
    one.add_argument("--deaths", type=float, default=0.0, help="of each worker, in an hour")
    one.add_argument("--upgrade", type=float, metavar="SECONDS", help="replace all, each away for so long")
    one.add_argument("--least", action="store_true", help="the balancer asks the replica with the fewest requests")
    one.add_argument("--seed", type=int, default=1, help="of chance (default: %(default)s)")
    return parser.parse_args()


def scenario(options: argparse.Namespace) -> Scenario:
    """Return what the options of `try` describe; exits with a message for a model without costs."""
    found = costs.load()
    if options.model not in found["costs"]:
        raise SystemExit(f"there are no costs of {options.model}: name one of {', '.join(found['costs'])}")
    return Scenario(
        found["costs"][options.model],
        options.rate,
        options.replicas,
        Setup(options.cores, options.processes, options.workers, tables.restart_s(found, options.model)),
        rows=options.rows,
        seconds=options.seconds,
        bursts=Bursts(options.bursts, 1.0, 0.1),
        balancer_request_s=found["proxy_request_s"],
        network_s=tables.NETWORK_S,
        least=options.least,
        deaths_per_hour=options.deaths,
        upgrade=options.upgrade and Upgrade(1.0, options.upgrade),
        seed=options.seed,
    )


def measured(seconds: int, rounds: int) -> dict[str, object]:
    """Return what was measured on this machine."""
    began = {
        "when": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "processors": os.cpu_count(),
        "architecture": platform.machine(),
        "load_before": round(os.getloadavg()[0], 1),
    }
    with tempfile.TemporaryDirectory(prefix="triglot-bench-") as name:
        folder = Path(name)
        with measure.service(folder) as service:
            all_rounds = [list(measure.loads(service, seconds, say)) for _ in range(rounds)]
            found = {
                "machine": began,
                "seen": [measure.median(list(one)) for one in zip(*all_rounds, strict=True)],
                "start_s": round(service.running.start_s, 2),
                "memory_mb": measure.memories(service),
                "restart_s": measure.restarts(service),
            }
        return found | {"proxy_request_s": proxies.request_s(folder, seconds), "stores": stores.measured(folder, say)}


def say(line: str) -> None:
    """Tell how far it has come."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
