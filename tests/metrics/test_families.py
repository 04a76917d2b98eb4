"""Counts and states as Prometheus reads them."""

import os
import subprocess
import sys

from tests.metrics.reading import of, read
from triglot.drift.comparison import ColumnDrift, Drift
from triglot.metrics import drift, events, predictions, processes
from triglot.protocol.messages import Spent
from triglot.supervision import usage
from triglot.tally.counters import Counters
from triglot.tally.files import Tallies

MS = 1_000_000
IRIS = {"model": 'iris "x"\\\n', "version": "3", "language": "r"}


def test_predictions_are_told_with_their_times_their_rows_and_what_failed() -> None:
    tallies = Tallies(None)
    for rows in (1, 3):
        with tallies.asking(IRIS["model"], 3) as asking:
            asking.answered(rows, Spent(queue=2 * MS, input=MS, infer=0, output=0, rows=rows))
    try:
        with tallies.asking(IRIS["model"], 3):
            raise ValueError
    except ValueError:
        pass

    found = read(predictions.families(tallies.totals(), {IRIS["model"]: "r"}))

    assert found[of("triglot_prediction_duration_seconds_count", **IRIS)] == 2
    assert found[of("triglot_prediction_duration_seconds_bucket", le="+Inf", **IRIS)] == 2
    assert found[of("triglot_prediction_failures_total", **IRIS)] == 1
    assert found[of("triglot_prediction_rows_total", **IRIS)] == 4
    assert found[of("triglot_model_calls_total", **IRIS)] == 2
    assert found[of("triglot_model_call_rows_bucket", le="1", **IRIS)] == 1
    assert found[of("triglot_model_call_rows_bucket", le="4", **IRIS)] == 2
    assert found[of("triglot_prediction_stage_seconds_total", stage="queue", **IRIS)] == 0.004
    assert found[of("triglot_prediction_stage_seconds_total", stage="input", **IRIS)] == 0.002
    assert found[of("triglot_prediction_stage_seconds_total", stage="transport", **IRIS)] == 0


def test_times_of_workers_that_tell_none_are_not_called_transport() -> None:
    tallies = Tallies(None)
    with tallies.asking("iris", 1) as asking:
        asking.answered(1, None)

    found = read(predictions.families(tallies.totals(), {}))

    assert not [labels for name, labels in found if ("stage", "transport") in labels]


def test_events_have_the_labels_of_their_kind() -> None:
    tallies = Tallies(None)
    try:
        with tallies.asking("iris", 1):
            raise KeyError
    except KeyError:
        pass
    with tallies.asking("iris", 1) as asking:
        asking.answered(1, None, deaths=2)
    counters = tallies.counters
    counters.timed(30 * MS, "http", "/predict", "503", "overloaded")
    counters.timed(2_000 * MS, "work", "fit", "iris", "r")
    counters.count("worker-failure", "load", "iris", "r", "artefact-refused")
    counters.count("load", "iris", "1", "r")
    counters.count("death", "iris", "1", "r-own", "predict", times=3)

    found = read(events.families(counters.totals()))

    assert found[of("triglot_prediction_errors_total", model="iris", version="1", code="error")] == 1
    assert found[of("triglot_prediction_retries_total", model="iris", version="1")] == 2
    labels = {"route": "/predict", "status": "503", "code": "overloaded"}
    assert found[of("triglot_http_request_duration_seconds_bucket", le="0.025", **labels)] == 0
    assert found[of("triglot_http_request_duration_seconds_bucket", le="0.05", **labels)] == 1
    assert found[of("triglot_http_request_duration_seconds_sum", **labels)] == 0.03
    fit = {"operation": "fit", "model": "iris", "language": "r"}
    assert found[of("triglot_worker_call_duration_seconds_sum", **fit)] == 2
    refused = {"operation": "load", "model": "iris", "language": "r", "code": "artefact-refused"}
    assert found[of("triglot_worker_failures_total", **refused)] == 1
    assert found[of("triglot_version_loads_total", model="iris", version="1", language="r")] == 1
    deaths = {"model": "iris", "version": "1", "pool": "r-own", "operation": "predict"}
    assert found[of("triglot_worker_deaths_total", **deaths)] == 3


def test_what_nobody_knows_of_is_not_told() -> None:
    counters = Counters(None)
    counters.count("of another time", "x")
    assert read(events.families(counters.totals())) == {}


def test_a_program_is_told_with_its_children() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        alone = usage.used(child.pid)
        together = usage.used(os.getpid())
        found = read(
            processes.families(
                {
                    "web": {"pid": os.getpid(), "starts": 2, "exits": {"a signal": 1}},
                    "workers-r:r-0": {"pid": 0, "starts": 1, "exits": {"exit code 71": 3}},
                }
            )
        )
    finally:
        child.communicate()

    assert 0 < alone.resident_bytes < together.resident_bytes
    assert together.files > alone.files > 0
    assert found[of("triglot_program_up", program="web")] == 1
    assert found[of("triglot_program_up", program="workers-r:r-0")] == 0
    assert found[of("triglot_program_starts_total", program="web")] == 2
    assert found[of("triglot_program_exits_total", program="workers-r:r-0", how="exit code 71")] == 3
    assert found[of("triglot_process_resident_memory_bytes", program="web")] > 0
    assert of("triglot_process_open_fds", program="workers-r:r-0") not in found


def test_workers_that_crash_are_counted_by_their_pool() -> None:
    ends = [
        ("web", {"a signal": 9}),
        ("workers-r:r-0", {"a signal": 2, "in order": 4, "stopped": 1}),
        ("workers-r:r-1", {"exit code 71": 1}),
        ("workers-r-own:r-own-0", {"right after its start": 1}),
        ("workers-julia:julia-0", {}),
    ]
    found = read(processes.families({name: {"pid": 0, "starts": 9, "exits": exits} for name, exits in ends}))
    crashes = {labels: value for (name, labels), value in found.items() if name == "triglot_worker_crashes_total"}
    assert sorted(crashes.values()) == [0, 1, 3]
    assert found[of("triglot_worker_crashes_total", pool="r")] == 3
    assert found[of("triglot_worker_crashes_total", pool="r-own")] == 1


def test_a_process_that_has_ended_uses_nothing() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert usage.used(child.pid) == usage.Use()


def test_drift_is_told_column_by_column_as_far_as_it_can_be() -> None:
    columns = (ColumnDrift("day", None, 0.25, 0.0, None), ColumnDrift("town", 0.3, 0.0, 0.1, 0.05))
    found = read(drift.families({("iris", 3): Drift(900, columns), ("new", 1): Drift(7)}))

    assert found[of("triglot_drift_rows", model="iris", version="3")] == 900
    assert found[of("triglot_drift_rows", model="new", version="1")] == 7
    town = {"model": "iris", "version": "3", "feature": "town"}
    assert found[of("triglot_drift_psi", **town)] == 0.3
    assert found[of("triglot_drift_unseen_ratio", **town)] == 0.05
    assert found[of("triglot_drift_training_missing_ratio", **town)] == 0.1
    day = {"model": "iris", "version": "3", "feature": "day"}
    assert found[of("triglot_drift_missing_ratio", **day)] == 0.25
    assert len(found) == 2 + 4 + 2
