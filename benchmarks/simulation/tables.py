"""The tables of docs/scaling.md, made of what was measured and of what is simulated from it."""

import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from benchmarks.report import count, fine
from benchmarks.simulation.cluster import Bursts
from benchmarks.simulation.costs import Costs
from benchmarks.simulation.machine import Setup
from benchmarks.simulation.measure import MODELS
from benchmarks.simulation.scenario import Outcome, Scenario, Upgrade, closed, run

Found = Mapping[str, Any]

NETWORK_S = 0.0001  # from balancer to container, one way
ROOM = 0.7  # of what can be done is planned with, so that there is room for what is uneven
P99_MS = {1: 50.0, 1_000: 250.0}  # by the rows of a request
TRIED = {1: (0.5, 500), 1_000: (1.5, 200)}  # seconds at least, and requests: long enough to be late where work piles up
CLOSE = 1.08
SETUPS = (Setup(2, 2, 1), Setup(4, 3, 1), Setup(8, 5, 3))
RATES = (1_000, 10_000, 30_000, 100_000)
ROWS_A_DAY = 10**10
MANY_ROWS = 1_000
LOOKS_PER_S = 2
REPLICAS = (2, 10, 100, 1_000)
TRIAL_S = 0.3


def restart_s(found: Found, model: str) -> float:
    """Return how long a model's worker takes to answer again once it was killed."""
    return float(found["restart_s"][MODELS[model]])


def memory_mb(found: Found, model: str, setup: Setup) -> float:
    """Return what a container has in memory that serves one language."""
    sizes = found["memory_mb"]
    workers = setup.workers * sizes[f"worker, {MODELS[model]}"]
    return float(sizes["supervision and web server"] + setup.processes * sizes["front-end process"] + workers)


@functools.cache
def limit(costs: Costs, setup: Setup, rows: int = 1) -> float:
    """Return the most requests a second of independent callers that a container answers, and soon enough."""
    low, high = 10.0, setup.cores / costs.front(0, 1, rows)
    while high / low > CLOSE:
        rate = math.sqrt(low * high)
        seconds = max(TRIED[rows][0], TRIED[rows][1] / rate)
        found = run(Scenario(costs, rate, setup=setup, rows=rows, seconds=seconds, warm_up_s=0.1))
        low, high = (rate, high) if found.p99_ms <= P99_MS[rows] else (low, rate)
    return low


def capacity(costs: Costs, setup: Setup, rows: int = 1) -> float:
    """Return the requests a second that a container is planned with."""
    return ROOM * limit(costs, setup, rows)


def outcome(found: Outcome) -> str:
    """Return an outcome in words, a line for each."""
    lines = {
        "answers a second": count(found.requests_per_s),
        "p50, p99, longest, ms": ", ".join(map(fine, (found.p50_ms, found.p99_ms, found.longest_ms))),
        "lost": count(found.lost),
        "processors busy": f"{found.busy:.0%} (balancer {found.balancer_busy:.0%})",
        "requests a call": fine(found.requests_a_call),
        "deaths": count(found.deaths),
    }
    return "\n".join(f"{name:<24}{value}" for name, value in lines.items())


def costs(found: Found) -> str:
    """Return what each thing costs, by model."""
    heads = ["front end: message", "request", "row", "worker: message", "call", "request", "row", "uneven"]
    rows = []
    for model, one in found["costs"].items():
        cells = [one.front_message_s, one.front_request_s, one.front_row_s]
        cells += [one.worker_message_s, one.worker_call_s, one.worker_request_s, one.worker_row_s]
        rows.append([model, *(f"{1e6 * seconds:.3g}" for seconds in cells), f"{one.uneven:.2f}"])
    return _table(["model, µs", *heads], rows)


def container(found: Found) -> str:
    """Return what a container of this machine has and takes."""
    sizes = found["memory_mb"]
    rows = [["first answer after a start, three languages", f"{found['start_s']:.1f} s"]]
    rows += [[f"a killed worker answers again, {language}", f"{s:.2f} s"] for language, s in found["restart_s"].items()]
    rows += [[f"memory: {name}", f"{mb:.0f} MB"] for name, mb in sizes.items()]
    rows.append(["nginx: passing a request on", f"{1e6 * found['proxy_request_s']:.1f} µs"])
    return _table(["what", "measured"], rows)


def compared(found: Found) -> str:
    """Return what was measured beside what is simulated for the same loads."""
    heads = ["model", "load", "CPU ms", "req/s", "simulated", "p50 ms", "simulated", "p99 ms", "simulated", "fitted"]
    rows = []
    for one in found["seen"]:
        said = closed(found["costs"][one.model], one.connections, Setup(cores=found["machine"]["processors"]), one.rows)
        cells = [count(one.requests_per_s), count(said.requests_per_s), fine(one.p50_ms), fine(said.p50_ms)]
        cells += [fine(one.p99_ms), fine(said.p99_ms), "yes" if one.fitted else "no"]
        rows.append([one.model, one.load, fine(one.cpu_ms), *cells])
    return _table(heads, rows)


def containers(found: Found) -> str:
    """Return what containers of several sizes can be relied upon for."""
    heads = ["model", "processors", "front end", "workers", "limit", "planned", "rows/s, 1,000 a request", "memory MB"]
    rows = []
    for model, one in found["costs"].items():
        for setup in SETUPS:
            singles, many = capacity(one, setup), MANY_ROWS * capacity(one, setup, MANY_ROWS)
            cells = [setup.cores, setup.processes, setup.workers, count(limit(one, setup)), count(singles), count(many)]
            rows.append([model, *map(str, cells), count(memory_mb(found, model, setup))])
    return _table(heads, rows)


def plan(found: Found) -> str:
    """Return how many containers a load takes, what they have, and what its callers see, also with one away."""
    heads = ["model", "requests/s", "replicas", "processors", "memory GB", "nginx processors", "busy"]
    rows = []
    for model in ("logistic", "r-forest"):
        setup, one = SETUPS[0], found["costs"][model]
        each = capacity(one, setup)
        for rate in RATES:
            replicas = max(2, math.ceil(rate / each) + 1)
            whole = _cluster(found, model, rate, replicas)
            less = run(replace(whole, replicas=replicas - 1))
            whole_found, proxies = run(whole), math.ceil(rate * found["proxy_request_s"] / ROOM)
            sizes = [count(rate), replicas, replicas * setup.cores]
            memory = f"{replicas * memory_mb(found, model, setup) / 1000:.1f}"
            tails = [fine(whole_found.p50_ms), fine(whole_found.p99_ms), fine(less.p99_ms)]
            rows.append([model, *map(str, sizes), memory, str(proxies), f"{whole_found.busy:.0%}", *tails])
    return _table([*heads, "p50 ms", "p99 ms", "p99 ms, one away"], rows)


def example(found: Found) -> str:
    """Return the plan of one service, with its arithmetic."""
    rate, model, setup, version_mb = 25_000, "r-forest", SETUPS[0], 50
    each, mb, proxy = capacity(found["costs"][model], setup), memory_mb(found, model, setup), found["proxy_request_s"]
    needed = math.ceil(rate / each)
    replicas = needed + 1
    whole = _cluster(found, model, rate, replicas)
    seen, less = run(whole), run(replace(whole, replicas=needed))
    processes, proxies = replicas * setup.processes, rate * proxy / ROOM
    looks, fetched = processes * LOOKS_PER_S, processes * setup.workers * version_mb
    size_gb = replicas * mb / 1000
    steps = [
        f"One container of {setup.cores} processors answers {count(each)} a second: {count(rate)} / {count(each)} = "
        f"{rate / each:.1f}, so {needed} containers, and one more: {replicas}.",
        f"They have {replicas * setup.cores} processors and {replicas} times {mb:.0f} MB = {size_gb:.1f} GB, "
        "beside what the model itself takes.",
        f"nginx: {count(rate)} times {1e6 * proxy:.1f} µs / {ROOM} = {proxies:.1f}, so {math.ceil(proxies)} processor"
        + "s" * (proxies > 1)
        + ".",
        f"The store: {replicas} times {setup.processes} front-end processes are {processes} connections and {looks} "
        "looks a second. PostgreSQL's default of 100 connections does for fewer than 50 containers.",
        f"A new version of {version_mb} MB is fetched at most {processes * setup.workers} times: {count(fetched)} MB.",
        f"Simulated, half of the callers have their answer after {fine(seen.p50_ms)} ms and 99 of 100 after "
        f"{fine(seen.p99_ms)} ms; while one container is away 99 of 100 have it after {fine(less.p99_ms)} ms.",
    ]
    asked = f"A shop asks for {count(rate)} predictions a second at noon, one row each, of a forest in R."
    numbered = (f"{number}. {step}" for number, step in enumerate(steps, 1))
    return "\n".join([asked, "", *numbered, "", *_entry(setup, replicas, mb)])


def _entry(setup: Setup, replicas: int, mb: float) -> Iterator[str]:
    """Give the lines of a plan as an entry of a configuration; memory has room for the model itself."""
    yield "The same as one entry of the configuration, of which `triglot deploy kubernetes`, `marathon`, `compose` and"
    yield "`nginx` make the rest ([Deployment](deployment.md)):"
    yield ""
    yield '    "deploy": {'
    yield '        "image": "registry.example.org/team/shop-predict:1.0",'
    yield f'        "instances": {{"min": {max(2, replicas // 3)}, "max": {replicas}}},'
    yield f'        "cpus": {setup.cores},'
    yield f'        "memory": "{math.ceil(2 * mb / 1000)}G",'
    yield '        "secrets": {"TRIGLOT_SIGNING_KEY": "shop/signing-key", "TRIGLOT_STORE": "shop/store-url"},'
    yield "    },"


def faults(found: Found) -> str:
    """Return what the callers of a cluster for 30,000 requests a second see while something happens."""
    rate, one = 30_000, found["costs"]["logistic"]
    replicas = math.ceil(rate / capacity(one, SETUPS[0])) + 1
    calm = replace(_cluster(found, "logistic", rate, replicas), seconds=2.0)
    often = 3600 / 0.5 / replicas  # a death every half second in the whole cluster
    two = replace(calm.setup, workers=2)
    cases = {
        "nothing": calm,
        "nothing, the balancer asks the replica with the fewest": replace(calm, least=True),
        "a tenth of each second twice as many requests": replace(calm, bursts=Bursts(2.0, 1.0, 0.1)),
        "the same, five times as many": replace(calm, bursts=Bursts(5.0, 1.0, 0.1)),
        "a worker dies every half second, one a container": replace(calm, deaths_per_hour=often),
        "the same, two workers a container": replace(calm, setup=two, deaths_per_hour=often / 2),
        "containers replaced one by one": replace(calm, upgrade=Upgrade(0.6, float(found["start_s"]) / 10)),
        "three at a time": replace(calm, upgrade=Upgrade(0.6, float(found["start_s"]) / 10, 3)),
    }
    rows = []
    for name, scenario in cases.items():
        seen = run(scenario)
        cells = [count(seen.requests_per_s), *map(fine, (seen.p50_ms, seen.p99_ms, seen.longest_ms))]
        rows.append([name, *cells, count(seen.lost), count(seen.deaths)])
    return _table(["what happens", "answers/s", "p50 ms", "p99 ms", "longest ms", "lost", "deaths"], rows)


def store(found: Found) -> str:
    """Return what the looks of all front-end processes cost one database."""
    heads = ["replicas of 2 front-end processes", "looks/s", "connections"]
    heads += [f"{name}: its processors" for name in found["stores"]]
    rows = []
    for replicas in REPLICAS:
        processes = 2 * replicas
        cells = [count(processes * LOOKS_PER_S), count(processes)]
        for each in found["stores"].values():
            cells.append(f"{processes * LOOKS_PER_S * each['processor ms, 5 models'] / 1000:.2f}")
        rows.append([count(replicas), *cells])
    return _table(heads, rows)


def stores(found: Found) -> str:
    """Return what a look costs, and how fast a version comes."""
    names = dict.fromkeys(what for each in found["stores"].values() for what in each)
    rows = [[name, *(f"{each[name]:g}" for each in found["stores"].values())] for name in names]
    return _table(["what", *found["stores"]], rows)


def rows_a_day(found: Found) -> str:
    """Return what ten thousand million rows a day take, by model: as requests, of one row and of a thousand."""
    each_s, setup = ROWS_A_DAY / 86_400, SETUPS[0]
    rows = []
    for model, one in found["costs"].items():
        singles, many = capacity(one, setup), MANY_ROWS * capacity(one, setup, MANY_ROWS)
        cells = [count(singles), str(math.ceil(each_s / singles)), count(many), fine(each_s / many)]
        rows.append([model, *cells, fine(ROWS_A_DAY / many / 3600)])
    heads = ["model", "rows/s, 1 a request", "containers", "rows/s, 1,000 a request", "containers", "hours of one"]
    return _table(heads, rows)


ALL: dict[str, Callable[[Found], str]] = {
    "container": container,
    "costs": costs,
    "compared": compared,
    "containers": containers,
    "plan": plan,
    "example": example,
    "rows-a-day": rows_a_day,
    "faults": faults,
    "stores": stores,
    "store": store,
}


def machine(found: Found) -> str:
    """Return what the figures were measured on."""
    said, cores = found["machine"], found["machine"]["processors"]
    busy = " **The machine was busy with other work: absolute figures are too high.**" * (
        said["load_before"] > cores / 2
    )
    return (
        f"Measured on {said['when']} UTC: {cores} processors ({said['architecture']}), load average before the run "
        f"{said['load_before']}.{busy}"
    )


def replaced(page: str, found: Found) -> str:
    """Return a page with each table between its marks made anew; raises `ValueError` for a mark of no table."""
    made = {**ALL, "machine": machine}
    marked = re.compile(r"(<!-- ([a-z-]+) -->\n).*?(<!-- / -->)", re.DOTALL)
    if unknown := {name for _, name, _ in marked.findall(page)} - made.keys():
        raise ValueError(f"there is no table {', '.join(sorted(unknown))}")
    return marked.sub(lambda match: f"{match[1]}\n{made[match[2]](found)}\n\n{match[3]}", page)


def _cluster(found: Found, model: str, rate: int, replicas: int) -> Scenario:
    """Return a cluster under a load, short enough that some tens of thousands of requests are simulated."""
    return Scenario(
        found["costs"][model],
        rate,
        replicas,
        replace(SETUPS[0], restart_s=restart_s(found, model)),
        seconds=max(TRIAL_S, min(2.0, 20_000 / rate)),
        warm_up_s=0.1,
        balancer_request_s=found["proxy_request_s"],
        network_s=NETWORK_S,
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(_lines(heads, rows))


def _lines(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|---|" + "--:|" * (len(heads) - 1)
    for row in rows:
        yield f"| {' | '.join(row)} |"
