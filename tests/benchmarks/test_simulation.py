"""The simulation: queues that mathematics knows, laws that hold of all, the service's own rules, the same by seed."""

import random
from dataclasses import replace

import pytest

from benchmarks.simulation.asked import Asked, Message
from benchmarks.simulation.clock import Clock, Cores
from benchmarks.simulation.cluster import Bursts, Ledger, poisson
from benchmarks.simulation.costs import Costs, Seen, fit
from benchmarks.simulation.machine import Setup, Worker
from benchmarks.simulation.scenario import Scenario, Upgrade, closed, run

COSTS = Costs(
    front_message_s=400e-6,
    front_request_s=200e-6,
    front_row_s=4e-7,
    worker_message_s=80e-6,
    worker_call_s=800e-6,
    worker_request_s=40e-6,
    worker_row_s=4e-6,
    caller_turn_s=40e-6,
    caller_request_s=20e-6,
)


def mean_wait(servers: int, load: float, fixed: bool) -> float:
    """Return the mean seconds that jobs of one second, fixed or exponential, wait for one of some servers."""
    clock, chance, waits = Clock(), random.Random(7), list[float]()
    cores = Cores(clock, servers)

    def ask(asked: Asked) -> None:
        seconds = 1.0 if fixed else chance.expovariate(1.0)

        def begin() -> float:
            waits.append(clock.now - asked.begun)
            return seconds

        cores.work(begin, lambda: None)

    poisson(clock, chance, load * servers, 1, ask, Ledger(clock, 0.0))
    clock.run(30_000 / (load * servers))
    return sum(waits) / len(waits)


def test_one_server_of_fixed_speed_keeps_callers_waiting_as_pollaczek_and_khinchine_say() -> None:
    load = 0.7
    assert mean_wait(1, load, fixed=True) == pytest.approx(load / (2 * (1 - load)), rel=0.05)


def test_three_servers_of_random_speed_keep_callers_waiting_as_erlang_says() -> None:
    load, asked = 0.8, 3 * 0.8
    full = asked**3 / 6 / (1 - load)
    erlang_c = full / (1 + asked + asked**2 / 2 + full)
    assert mean_wait(3, load, fixed=False) == pytest.approx(erlang_c / (3 * (1 - load)), rel=0.05)


def test_a_closed_loop_obeys_littles_law_and_shares_calls_the_more_the_wider_it_is() -> None:
    alone, wide = closed(COSTS, 1, Setup()), closed(COSTS, 64, Setup())
    assert alone.requests_a_call == 1
    assert alone.requests_per_s * alone.p50_ms / 1000 == pytest.approx(1, rel=0.1)
    assert wide.requests_a_call > 5
    assert wide.requests_per_s > 3 * alone.requests_per_s
    assert wide.busy <= 1


def test_a_load_below_the_limit_is_answered_whole_and_one_above_it_at_the_limit() -> None:
    limit = closed(COSTS, 256, Setup()).requests_per_s
    calm = run(Scenario(COSTS, limit / 3, seconds=0.3))
    assert calm.requests_per_s == pytest.approx(limit / 3, rel=0.1)
    assert calm.lost == 0
    flooded = run(Scenario(COSTS, 4 * limit, seconds=0.3))
    assert flooded.requests_per_s < 2 * limit
    assert flooded.p99_ms > 10 * calm.p99_ms


def test_the_same_seed_gives_the_same_and_another_one_does_not() -> None:
    scenario = Scenario(COSTS, 1_000, replicas=2, seconds=0.5, bursts=Bursts(3, 0.5, 0.1), deaths_per_hour=7_200)
    assert run(scenario) == run(scenario)
    assert run(scenario) != run(replace(scenario, seed=2))


def test_a_worker_that_dies_costs_its_requests_time_and_loses_none() -> None:
    calm = Scenario(COSTS, 200, setup=Setup(workers=2, restart_s=0.3), seconds=2)
    deadly = run(replace(calm, deaths_per_hour=3_600))
    assert deadly.deaths > 0
    assert deadly.lost == 0
    alone = run(replace(calm, setup=Setup(workers=1, restart_s=0.3), deaths_per_hour=3_600))
    assert alone.deaths > 0
    assert alone.lost == 0
    assert alone.longest_ms > 250 > run(calm).longest_ms  # for nobody else can answer meanwhile


def test_replicas_that_are_replaced_one_by_one_lose_no_request_and_the_only_one_loses_some() -> None:
    upgrade = Upgrade(at_s=0.2, start_s=0.2)
    several = run(Scenario(COSTS, 600, replicas=3, seconds=1.5, warm_up_s=0.1, upgrade=upgrade))
    assert several.lost == 0
    assert run(Scenario(COSTS, 600, replicas=1, seconds=1.5, warm_up_s=0.1, upgrade=upgrade)).lost > 0


def test_a_balancer_that_is_too_small_is_what_callers_wait_for() -> None:
    scenario = Scenario(COSTS, 500, replicas=4, balancer_cores=1, balancer_request_s=0.0016, seconds=0.5)
    small = run(scenario)
    assert small.balancer_busy == pytest.approx(0.8, abs=0.1)
    assert small.p99_ms > 1.2 * run(replace(scenario, balancer_cores=4)).p99_ms


def test_a_worker_takes_all_that_waits_as_one_call_and_refuses_what_its_queue_does_not_hold() -> None:
    clock, endings = Clock(), list[tuple[str, float]]()
    cores = Cores(clock, 1)
    worker = Worker(clock, cores, COSTS, "worker", 1.0)

    def message(requests: int) -> Message:
        asked = [Asked(1, 0.0, lambda asked, good: None) for _ in range(requests)]
        return Message(asked, lambda message, ending: endings.append((ending, clock.now)))

    worker.send(message(1))  # which begins at once, so that the others wait together
    for requests in (2, 3, 1_023, 3_069):
        worker.send(message(requests))
    clock.run(10.0)
    assert [ending for ending, _ in endings] == ["refused", *["answered"] * 4]
    assert worker.calls == 1 + 1 + 1  # the first, what waited as far as one call holds 1,024 requests, and the rest


def test_costs_are_found_again_in_loads_that_were_made_of_them() -> None:
    seen = []
    for connections, rows, requests, messages, calls in (
        (1, 1, 1_000, 1_000, 1_000),
        (16, 1, 5_000, 1_200, 900),
        (64, 1, 9_000, 900, 400),
        (256, 1, 12_000, 500, 100),
        (4, 1_000, 800, 800, 600),
    ):
        front = COSTS.front(messages, requests, requests * rows)
        worker = messages * COSTS.worker_message_s + calls * COSTS.worker_call_s
        worker += requests * COSTS.worker_request_s + requests * rows * COSTS.worker_row_s
        caller = messages * COSTS.caller_turn_s + requests * COSTS.caller_request_s
        seen.append(
            Seen("m", "", connections, rows, 1.0, 1.0, 1.0, requests, messages, calls, front, worker, caller, True)
        )
    found = fit(seen)
    assert all(getattr(found, name) == pytest.approx(getattr(COSTS, name), rel=0.01) for name in Costs.__slots__)


def test_uneven_work_makes_the_slowest_wait_as_long_as_one_connection_was_seen_to_wait() -> None:
    alone = Seen("m", "", 1, 1, 700.0, 1.0, 2.0, 700, 700, 700, 0.4, 0.3, 0.05, True)
    costs = fit([alone])
    assert 0.3 < costs.uneven < 0.7
    found = closed(costs, 1, Setup(), seconds=2)
    assert found.p99_ms / found.p50_ms == pytest.approx(2, rel=0.15)
