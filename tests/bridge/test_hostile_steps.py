"""Runs of pipelines whose code ends its process, leaves others behind or returns what is no table; by a real runner."""

import contextlib
import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bridge.runners import Place
from tests.functional.running import environment
from tests.helpers import until
from triglot.errors import StoreError
from triglot.pipelines.declared import pipelines_of
from triglot.pipelines.submission import outcome, submit
from triglot.runner import Runner
from triglot.store.jobs import Job

STEPS = {"leaving": ("jsonl",), "odd": ("jsonl", "csv", "parquet")}
PIPELINES = {
    f"{name}-{form}": {
        "steps": [{"!": "triglot.util.Partial", "func": f"unhurried.{name}"}],
        "parameters": {"how": {"type": "text"}},
        "rows": True,
        "result": form,
    }
    for name, forms in STEPS.items()
    for form in forms
}
CONFIG = repr({"pipelines": PIPELINES})


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Hold a place with a running runner."""
    made = Place(tmp_path_factory.mktemp("hostile"), CONFIG)
    made.run()
    yield made
    made.close()


def run(place: Place, name: str, how: str) -> Job:
    """Return the job of a run that has ended."""
    return place.ended(submit(place.jobs, pipelines_of(PIPELINES)[name], {"how": how}, [{"x": 1}]).id)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("exit", "ended before its work was done: code in it has called exit"),
        ("silent", "ended with exit code 3"),
        ("kill", "was ended by SIGKILL, as the system does where memory is short"),
    ],
)
def test_a_step_that_ends_its_process_fails_the_run_and_the_job_says_by_what(busy: Place, how: str, why: str) -> None:
    job = run(busy, "leaving-jsonl", how)
    assert (job.state, job.result) == ("error", None)
    assert why in job.info
    assert outcome(busy.jobs, job).error == "error; see the info of the run's job"


def test_what_a_step_has_started_for_good_holds_no_runner_up(busy: Place) -> None:
    job = run(busy, "leaving-jsonl", "daemon")
    found = re.search(r"started (\d+)", job.info)
    assert found is not None, job.info
    try:
        assert job.state == "finished"
        assert outcome(busy.jobs, job).data == b'{"x":1}\n'
        assert run(busy, "leaving-jsonl", "no way").state == "finished"
        os.kill(int(found[1]), 0)  # it lives on
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(found[1]), signal.SIGKILL)


@pytest.mark.parametrize(
    ("form", "how", "why"),
    [
        ("jsonl", "list", "step 1 of 1, odd: it gave list; return a data frame of pandas"),
        ("jsonl", "none", "step 1 of 1, odd: it gave NoneType; return a data frame"),
        ("jsonl", "objects", "column 'x' holds values of type dict and object; make it all text or all numbers"),
        ("jsonl", "twice", "column names must differ; given twice: x"),
        ("jsonl", "surrogate", "the table cannot be written as jsonl: "),
        ("jsonl", "complex", "column 'x' is of type complex128"),
        ("csv", "surrogate", "the table cannot be written as csv: UnicodeEncodeError"),
        ("parquet", "objects", "the table cannot be written as parquet: "),
        ("parquet", "twice", "the table cannot be written as parquet: ValueError: Duplicate column names found"),
        ("parquet", "complex", "the table cannot be written as parquet: "),
        ("parquet", "long", "the table cannot be written as parquet: OverflowError"),
    ],
)
def test_what_is_no_table_or_has_no_place_in_a_form_is_told_to_whoever_asked(
    busy: Place, form: str, how: str, why: str
) -> None:
    job = run(busy, f"odd-{form}", how)
    assert job.state == "error"
    assert why in outcome(busy.jobs, job).error, job.info
    assert "Traceback" not in job.info


def test_a_step_that_hangs_and_hears_no_signal_is_cancelled_all_the_same(busy: Place) -> None:
    declared = pipelines_of(PIPELINES)["leaving-jsonl"]
    job = submit(busy.jobs, declared, {"how": "deaf"}, [{"x": 1}])
    until(lambda: "deaf now" in busy.jobs.get(job.id).info)
    assert busy.jobs.cancel(job.id).state == "cancelling"
    assert busy.ended(job.id).state == "cancelled"
    assert busy.jobs.given(job.id) is None
    assert run(busy, "leaving-jsonl", "no way").state == "finished"


def test_what_is_due_and_cannot_be_entered_keeps_a_runner_from_no_job(tmp_path: Path) -> None:
    place = Place(tmp_path, CONFIG)

    def broken() -> None:
        raise StoreError("this cannot be entered")

    runner = Runner(place.jobs, environment(), broken)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        assert place.ended(place.jobs.submit("dance", {}).id).state == "error"
    finally:
        runner.stop()
        thread.join()
        place.close()
