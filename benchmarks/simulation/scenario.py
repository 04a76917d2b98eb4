"""Whole runs: a cluster, a load, what goes wrong meanwhile, and what came of it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.open_loop import percentile
from benchmarks.simulation.clock import Clock, Cores
from benchmarks.simulation.cluster import Balancer, Bursts, ClosedLoop, Ledger, poisson
from benchmarks.simulation.costs import Costs
from benchmarks.simulation.machine import PATIENCE_S, Replica, Setup, Worker

DRAIN_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Upgrade:
    """From `at_s` on replicas are replaced, `together` at a time; each is away for `start_s` once it has drained."""

    at_s: float
    start_s: float
    together: int = 1


@dataclass(frozen=True, slots=True)
class Scenario:
    """A cluster and its load; times are simulated seconds."""

    costs: Costs
    rate: float
    replicas: int = 1
    setup: Setup = field(default_factory=Setup)
    rows: int = 1
    seconds: float = 2.0
    warm_up_s: float = 0.5
    bursts: Bursts = field(default_factory=Bursts)
    balancer_cores: int = 64
    balancer_request_s: float = 0.0
    network_s: float = 0.0
    least: bool = False
    deaths_per_hour: float = 0.0  # of each worker
    upgrade: Upgrade | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: answers a second, latencies in milliseconds, shares of the processors that were busy."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    lost: int
    busy: float
    balancer_busy: float
    requests_a_call: float
    deaths: int = 0


def run(scenario: Scenario) -> Outcome:
    """Return what comes of a scenario; the same seed gives the same."""
    clock, chance = Clock(), random.Random(scenario.seed)
    replicas = [Replica(clock, scenario.costs, scenario.setup, chance) for _ in range(scenario.replicas)]
    proxies = Cores(clock, scenario.balancer_cores)
    balancer = Balancer(clock, replicas, proxies, scenario.balancer_request_s, scenario.network_s, scenario.least)
    end = scenario.warm_up_s + scenario.seconds
    ledger = Ledger(clock, scenario.warm_up_s, end)
    poisson(clock, chance, scenario.rate, scenario.rows, balancer.take, ledger, scenario.bursts)
    workers = [worker for replica in replicas for worker in replica.workers]
    deaths = [_dying(clock, chance, worker, scenario.deaths_per_hour / 3600, end) for worker in workers]
    if scenario.upgrade is not None:
        _upgrade(clock, replicas, scenario.upgrade)
    clock.run(end)
    busy = sum(replica.cores.busy_s for replica in replicas) / (end * scenario.replicas * scenario.setup.cores)
    proxied = proxies.busy_s / (end * scenario.balancer_cores)
    count = sum(map(len, deaths))
    if count or scenario.upgrade is not None:  # whoever waits for a worker that starts is heard out
        clock.run(end + PATIENCE_S)
    return _outcome(ledger, scenario.seconds, workers, busy, proxied, count)


def closed(costs: Costs, connections: int, setup: Setup, rows: int = 1, seconds: float = 1.0, seed: int = 1) -> Outcome:
    """Return what a closed loop measures of one container that shares its processors with the load generator."""
    clock = Clock()
    replica = Replica(clock, costs, setup, random.Random(seed))
    ledger = Ledger(clock, seconds / 4, 1.25 * seconds)
    ClosedLoop(clock, replica.cores, costs, connections, rows, replica.take, ledger)
    clock.run(1.25 * seconds)
    return _outcome(ledger, seconds, replica.workers, replica.cores.busy_s / (1.25 * seconds * setup.cores), 0.0, 0)


def _outcome(
    ledger: Ledger, seconds: float, workers: Sequence[Worker], busy: float, proxied: float, deaths: int
) -> Outcome:
    calls, answered = sum(worker.calls for worker in workers), sum(worker.answered for worker in workers)
    took = sorted(ledger.latencies) or [float("inf")]
    p50, p99, longest = (1000 * percentile(took, percent) for percent in (50, 99, 100))
    rate = ledger.answered / seconds
    return Outcome(rate, p50, p99, longest, ledger.lost, busy, proxied, answered / max(1, calls), deaths)


def _dying(clock: Clock, chance: random.Random, worker: Worker, per_s: float, until: float) -> list[float]:
    """Have a worker die by chance; return a list that will hold when it did."""
    died: list[float] = []

    def die() -> None:
        if clock.now > until:
            return
        if worker.alive:
            died.append(clock.now)
            worker.die()
        clock.after(chance.expovariate(per_s), die)

    if per_s:
        clock.after(chance.expovariate(per_s), die)
    return died


def _upgrade(clock: Clock, replicas: Sequence[Replica], upgrade: Upgrade) -> None:
    """Replace all replicas, some at a time: no new requests, what is in hand is answered, the new one comes."""
    old = list(replicas)

    def next_one() -> None:
        if old:
            old[0].up = False
            drain(old.pop(0))

    def drain(replica: Replica) -> None:
        if replica.outstanding:
            clock.after(DRAIN_LOOK_S, lambda: drain(replica))
        else:
            clock.after(upgrade.start_s, lambda: back(replica))

    def back(replica: Replica) -> None:
        replica.up = True
        next_one()

    for _ in range(upgrade.together):
        clock.after(upgrade.at_s, next_one)
