"""The metrics of a whole service: the sum of all its processes, and what became of those that ended."""

import os
import signal
import urllib.request

from tests.functional.running import Running, descendants
from tests.helpers import require, until
from tests.metrics.reading import Samples, of, samples

FINE = {"mood": 0, "seconds": 0}
MODEL = "moody-python"
ROUTE = {"route": "/models/<name>/predict", "status": "200", "code": ""}


def scraped(service: Running) -> Samples:
    with urllib.request.urlopen(f"http://127.0.0.1:{service.port}/metrics") as answer:
        return samples(answer.read().decode())


def answered(found: Samples) -> float:
    return sum(
        value
        for (name, labels), value in found.items()
        if name == "triglot_prediction_duration_seconds_count" and ("model", MODEL) in labels
    )


def test_what_all_processes_counted_stays_when_one_of_them_ends(service: Running) -> None:
    http = of("triglot_http_request_duration_seconds_count", **ROUTE)
    before = scraped(service)
    for _ in range(20):
        assert service.post(f"/models/{MODEL}/predict", [FINE]).status == 200
    now = scraped(service)
    assert answered(now) - answered(before) == now[http] - before.get(http, 0) == 20

    ended = descendants(service.pid("web"))[0]
    os.kill(ended, signal.SIGKILL)
    until(lambda: ended not in descendants(service.pid("web")))
    until(lambda: answered(scraped(service)) == answered(now))


def test_a_killed_worker_is_told_as_an_end_by_a_signal_and_its_successor_as_a_load(service: Running) -> None:
    program = "workers-python:python-0"
    ends = of("triglot_program_exits_total", program=program, how="a signal")
    starts = of("triglot_program_starts_total", program=program)
    before = scraped(service)
    assert before[of("triglot_program_up", program=program)] == 1
    assert before[of("triglot_process_resident_memory_bytes", program=program)] > 2**24

    pid = service.pid(program)
    os.kill(pid, signal.SIGKILL)
    until(lambda: service.pid(program) not in (0, pid))
    until(lambda: service.get(f"/models/{MODEL}/ready").status == 200)
    after = scraped(service)

    assert after[ends] - before.get(ends, 0) == 1
    assert after[starts] - before[starts] == 1

    def loads(found: Samples) -> float:
        return sum(
            value
            for (name, labels), value in found.items()
            if name == "triglot_version_loads_total" and ("language", "python") in labels
        )

    assert loads(after) > loads(before)


def test_a_model_that_fails_is_told_by_the_code_of_its_errors(service: Running) -> None:
    before = scraped(service)
    assert service.post(f"/models/{MODEL}/predict", [{"mood": 1, "seconds": 0}]).status >= 500
    after = scraped(service)

    def errors(found: Samples) -> float:
        return sum(
            value
            for (name, labels), value in found.items()
            if name == "triglot_prediction_errors_total" and ("model", MODEL) in labels
        )

    assert errors(after) - errors(before) == 1


def test_a_model_that_fails_is_named_by_alive_until_it_is_well_again(service: Running) -> None:
    def degraded() -> object:
        alive = service.get("/alive")
        assert alive.status == 200
        return alive.body.get("degraded", {}).get("moody-r")

    require("r")
    path, failing = "/models/moody-r/predict", [{"mood": 1, "seconds": 0}]
    assert degraded() is None

    def is_told() -> bool:
        assert service.post(path, failing).status == 500
        return degraded() is not None

    until(is_told)
    told = degraded()
    assert isinstance(told, dict)
    assert told["codes"].keys() == {"estimator-failed"}
    assert told["failed"] == told["requests"] >= 5

    def is_well() -> bool:
        assert service.post(path, [FINE] * 3).status == 200
        return degraded() is None

    until(is_well)
