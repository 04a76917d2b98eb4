"""The job runner as a real process, which carries out real fits, is killed, is stopped, and is started again."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.bridge.runners import Place, is_gone
from tests.functional.running import EXAMPLES, descendants
from tests.helpers import KEY, PATIENCE_S, until
from triglot.artefact import seal
from triglot.errors import BadRequest
from triglot.pipelines.declared import pipelines_of
from triglot.pipelines.submission import outcome, submit
from triglot.runner import fit_arguments, score_arguments
from triglot.store.jobs import LOST_AFTER_S, Job

CONFIG = f"""{{
    'models': {{
        'iris': {{
            'model': {{'!': 'sklearn.linear_model.LogisticRegression', 'C': 0.3, 'max_iter': 1000}},
            'dataset_loader_train': {{
                '!': 'triglot.dataset.CSV',
                'path': {str(EXAMPLES / "data" / "iris.data")!r},
                'names': ['sepal length', 'sepal width', 'petal length', 'petal width', 'species'],
                'target_column': 'species',
            }},
        }},
        'greedy': {{
            'model': {{'!': 'greedy.Greedy'}},
            'dataset_loader_train': {{'!': 'triglot.util.Partial', 'func': 'unhurried.noisy_data'}},
        }},
        'slow': {{
            'model': {{'!': 'unhurried.Unhurried', 'folder': here}},
            'dataset_loader_train': {{'!': 'triglot.util.Partial', 'func': 'unhurried.noisy_data'}},
        }},
    }},
    'worker_memory': {{'python': '500M'}},
    'pipelines': {{
        'slow': {{
            'steps': [
                {{'!': 'unhurried.Rows'}},
                {{
                    '!': 'triglot.pipelines.write.SQL',
                    'url': 'sqlite:///' + here + '/out.db',
                    'table': 'out',
                    'mode': 'append',
                }},
                {{'!': 'unhurried.Pause', 'folder': here}},
                {{'!': 'triglot.pipelines.write.File', 'path': 'out/{{day}}.csv'}},
            ],
            'parameters': {{'day': {{'type': 'date'}}}},
            'result': 'jsonl',
        }},
        'wrong': {{'steps': [{{'!': 'triglot.util.Partial', 'func': 'unhurried.noisy_step'}}], 'rows': True}},
        'fits': {{'steps': [{{'!': 'triglot.pipelines.predict.Predict', 'model': 'nothing'}}], 'rows': True}},
        'nowhere': {{'steps': [{{'!': 'triglot.util.Partial', 'func': 'unhurried.no_such_step'}}]}},
    }},
}}"""


# due each second, for a while
TICKING = """{{
    'pipelines': {{'tick': {{'steps': [{{'!': 'unhurried.Tick'}}], 'parameters': {{'at': {{'type': 'text'}}}}}}}},
    'schedules': {{
        'tick': {{
            'rule': {{'freq': 'SECONDLY', 'dtstart': '{now}', 'count': 600}},
            'pipeline': 'tick',
            'parameters': {{'at': '{{due}}'}},
        }},
    }},
}}"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path, CONFIG)
    yield made
    made.close()


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Hold a place with a running runner."""
    made = Place(tmp_path_factory.mktemp("busy"), CONFIG)
    made.run()
    yield made
    made.close()


def test_a_fit_is_carried_out_and_its_version_names_the_job(busy: Place) -> None:
    job_id = busy.jobs.submit("fit", {"models": ["iris"], "evaluate": True, "activate": True}).id
    job = busy.ended(job_id)

    assert job.state == "finished", job.info
    assert "Train score: 0." in job.info
    assert "Wrote model with version 1 to " in job.info
    info = busy.store.info("iris")
    assert (info.version, info.metadata, info.aliases) == (1, {"job": job_id}, ("active",))
    assert info.metrics["score_train"] > 0.9


def test_what_a_job_cannot_do_is_told(busy: Place) -> None:
    unknown = busy.jobs.submit("dance", {}).id
    bad = busy.jobs.submit("fit", {"persist": "maybe"}).id
    option = busy.jobs.submit("fit", {"models": ["--no-save"]}).id

    assert (busy.ended(unknown).state, busy.ended(unknown).info) == (
        "error",
        "there are no jobs of kind 'dance'; there are: fit, pipeline, score",
    )
    assert (busy.ended(bad).state, busy.ended(bad).info) == ("error", "a fit takes no persist = 'maybe'")
    assert busy.ended(option).state == "error"
    assert "no model '--no-save' is configured; known are iris, greedy, slow" in busy.ended(option).info


def test_a_fit_that_takes_more_memory_than_it_may_says_so_in_its_job(busy: Place) -> None:
    job = busy.ended(busy.jobs.submit("fit", {"models": ["greedy"]}).id)
    assert job.state == "error"
    assert (
        "GiB of memory, and its ceiling (worker_memory) is 0.49 GiB: it ends itself in the middle of a call" in job.info
    )


def test_a_job_that_is_cancelled_ends_with_all_its_processes(busy: Place) -> None:
    job_id = busy.jobs.submit("fit", {"models": ["slow"]}).id
    until(lambda: len(busy.begun()) == 1)
    worker = busy.begun()[0]
    group = os.getpgid(worker)
    assert busy.jobs.cancel(job_id).state == "cancelling"
    job = busy.ended(job_id)

    assert job.state == "cancelled"
    assert "raw \\xff bytes" in job.info
    until(lambda: is_gone(worker))
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)
    assert not [info for info in busy.store.list() if info.model == "slow"]
    # the runner lives on, and authors see nothing of its token
    assert (busy.folder / "begun").read_text().split()[1] == "no-token"
    assert busy.ended(busy.jobs.submit("dance", {}).id).state == "error"


def test_a_runner_that_was_killed_leaves_nothing_running_and_one_version(place: Place) -> None:
    first = place.run()
    job_id = place.jobs.submit("fit", {"models": ["slow"]}).id
    until(lambda: len(place.begun()) == 1)
    below = descendants(first.pid)
    assert place.begun()[0] in below
    first.kill()
    first.wait()

    until(lambda: all(map(is_gone, below)))
    assert place.jobs.get(job_id).state == "running"
    silence(place.url, job_id)
    (place.folder / "go").touch()
    place.run()
    job = place.ended(job_id)

    assert job.state == "finished", job.info
    assert len(place.begun()) == 2
    assert [(info.version, info.metadata) for info in place.store.list("slow")] == [(1, {"job": job_id})]
    assert place.store.active() == {"slow": 1}


def test_what_a_lost_runner_had_written_already_is_not_written_again(place: Place) -> None:
    job_id = place.jobs.submit("fit", {"models": ["slow"]}).id
    assert place.jobs.claim("a runner that is lost") is not None
    card = {
        "language": "python",
        "task": "regression",
        "spec": {},
        "sources": {},
        "runtime": {},
        "created": "2026-01-01",
    }
    assert place.store.write("slow", seal(card, b"fitted", KEY), metadata={"job": job_id}) == 1
    silence(place.url, job_id)
    place.run()
    job = place.ended(job_id)

    assert job.state == "finished", job.info
    assert "Model slow was written by this job before, as version 1." in job.info
    assert place.begun() == []
    assert [(info.version, info.aliases) for info in place.store.list("slow")] == [(1, ("active",))]


def silence(url: str, job_id: str) -> None:
    """Let a job's runner have been silent for longer than runners may."""
    before = (datetime.now(UTC) - timedelta(seconds=LOST_AFTER_S + 1)).isoformat(timespec="microseconds")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        query = sa.text("UPDATE triglot_jobs SET beat = :before WHERE id = :id")
        assert connection.execute(query, {"before": before, "id": job_id}).rowcount == 1
    engine.dispose()


def test_a_runner_that_is_stopped_gives_its_job_back(place: Place) -> None:
    runner = place.run()
    job_id = place.jobs.submit("fit", {"models": ["slow"]}).id
    until(lambda: len(place.begun()) == 1)
    runner.terminate()

    assert runner.wait(PATIENCE_S) == 0, place.log.read_text()
    assert (place.jobs.get(job_id).state, place.jobs.get(job_id).info) == ("queued", "")
    until(lambda: is_gone(place.begun()[0]))
    assert place.store.list() == []


# --- runs of pipelines


def test_a_run_that_is_taken_over_writes_once_and_nothing_by_halves(place: Place) -> None:
    first = place.run()
    declared = pipelines_of({"slow": {"steps": [{}], "parameters": {"day": {"type": "date"}}}})["slow"]
    job_id = submit(place.jobs, declared, {"day": "2026-11-30"}).id
    until(lambda: len(place.begun()) == 1)
    until(lambda: (place.jobs.get(job_id).progress or {}).get("number") == 3)
    assert "step 1 of 4, Rows: 1000 rows" in place.log.read_text()
    below = descendants(first.pid)
    first.kill()
    first.wait()
    until(lambda: all(map(is_gone, below)))
    assert not (place.folder / "out").exists()

    silence(place.url, job_id)
    (place.folder / "go").touch()
    place.run()
    job = place.ended(job_id)

    assert job.state == "finished", job.info
    assert "table out has the rows of this run already" in job.info
    assert "slow: 4 steps, 1000 rows" in job.info
    assert os.listdir(place.folder / "out") == ["2026-11-30.csv"]
    assert len((place.folder / "out" / "2026-11-30.csv").read_text().splitlines()) == 1001
    with contextlib.closing(sqlite3.connect(place.folder / "out.db")) as database:
        assert database.execute("SELECT count(*) FROM out").fetchone() == (1000,)
    came = outcome(place.jobs, job)
    assert (came.kind, came.error, came.data and came.data.splitlines()[1]) == ("jsonl", "", b'{"x":1}')


def test_a_run_that_fails_says_in_which_step_and_why(busy: Place) -> None:
    declared = pipelines_of(
        {"wrong": {"steps": [{}], "rows": True}, "nowhere": {"steps": [{}]}, "fits": {"steps": [{}], "rows": True}}
    )
    wrong = busy.ended(submit(busy.jobs, declared["wrong"], {}, [{"x": 1}]).id)
    nowhere = busy.ended(submit(busy.jobs, declared["nowhere"], {}).id)

    assert wrong.state == nowhere.state == "error"
    assert "triglot: step 1 of 1, noisy_step: ValueError: no such colour" in wrong.info
    assert "in noisy_step" in wrong.info
    seen = "step 1 of 1, noisy_step: failed (ValueError); see the info of the run's job"
    assert outcome(busy.jobs, wrong).error == seen
    assert "said on the way" in wrong.info
    assert "pipelines -> nowhere -> steps[0]: " in nowhere.info
    assert "module 'unhurried' has no 'no_such_step'. Did you mean 'noisy_step'?" in nowhere.info
    assert outcome(busy.jobs, nowhere).error == "failed (config); see the info of the run's job"
    rows = busy.ended(submit(busy.jobs, declared["fits"], {}, [{"y": 1}]).id)
    assert "step 1 of 1, Predict: there is no model 'nothing'" in outcome(busy.jobs, rows).error


def test_what_a_schedule_wants_is_entered_once_and_carried_out_though_two_runners_look(tmp_path: Path) -> None:
    place = Place(tmp_path, TICKING.format(now=datetime.now(UTC).isoformat(timespec="seconds")))
    try:
        place.run()
        place.run()
        until(lambda: any(job.state == "finished" for job in place.jobs.list()))
        job = next(job for job in reversed(place.jobs.list()) if job.state == "finished")
    finally:
        place.close()
    assert job.id.startswith("tick:20")
    assert job.parameters["parameters"]["at"] == job.parameters["schedule"]["due"].replace("T", " ")
    assert place.log.read_text().count(f"schedule tick: job {job.id}, due") == 1


# --- the command line of a fit


@pytest.mark.parametrize(
    ("parameters", "arguments"),
    [
        ({}, []),
        ({"persist": True, "activate": True, "evaluate": False}, []),
        (
            {"persist": False, "activate": False, "evaluate": True},
            ["--no-save", "--no-activate", "--evaluate"],
        ),
        ({"persist_if_better_than": 0.5}, ["--save-if-better-than", "0.5"]),
        ({"persist_if_better_than": -1}, ["--save-if-better-than", "-1"]),
    ],
)
def test_parameters_become_options(job: Callable[..., Job], parameters: dict[str, Any], arguments: list[str]) -> None:
    assert fit_arguments(job(parameters)) == ["fit", "--job", "7", *arguments, "--"]


def test_models_are_never_taken_for_options(job: Callable[..., Job]) -> None:
    assert fit_arguments(job({"models": ["a", "--job"]})) == ["fit", "--job", "7", "--", "a", "--job"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"persist": 1},
        {"evaluate": "true"},
        {"models": "iris"},
        {"models": [1]},
        {"persist_if_better_than": "0.5"},
        {"persist_if_better_than": True},
        {"persist_if_better_than": None},
        {"persist_if_better_than": float("nan")},
        {"config": "/etc/passwd"},
    ],
)
def test_parameters_that_are_none_are_refused(job: Callable[..., Job], parameters: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match=f"a fit takes no {next(iter(parameters))} = "):
        fit_arguments(job(parameters))


def test_what_is_scored_becomes_arguments_and_what_is_none_is_refused(job: Callable[..., Job]) -> None:
    places = {"model": "iris", "rows": "-rows.csv", "answers": "out/"}
    more = {"keep": ["id", "day"], "proba": True, "bad_rows": "bad.csv", "workers": 2}
    assert score_arguments(job(places | more | {"schedule": {}})) == [
        *("score", "--keep=id", "--keep=day", "--proba", "--bad-rows=bad.csv", "--workers=2"),
        *("--", "iris", "-rows.csv", "out/"),
    ]
    for odd in ({"workers": 0}, {"workers": True}, {"keep": "id"}, {"proba": 1}, {"engine": "spark"}):
        with pytest.raises(BadRequest, match=f"a score takes no {next(iter(odd))} = "):
            score_arguments(job(places | odd))
    with pytest.raises(BadRequest, match="a score needs 'model', 'rows' and 'answers', each a text"):
        score_arguments(job({"model": "iris", "rows": 7, "answers": "out/"}))


@pytest.fixture
def job() -> Callable[..., Job]:
    """Give the function that returns a job with these parameters."""
    return lambda parameters: Job("7", "fit", parameters, "running", "", None, None, "")
