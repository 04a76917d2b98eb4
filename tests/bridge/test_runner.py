"""The job runner as a real process, which carries out real fits, is killed, is stopped, and is started again."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.functional.running import EXAMPLES, descendants, environment
from tests.helpers import KEY, PATIENCE_S, until
from triglot.artefact import seal
from triglot.errors import BadRequest
from triglot.runner import fit_arguments
from triglot.store import ModelStore
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
}}"""


class Place:
    """A working directory with a configuration, its store and the runners that were started there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "my-config.py").write_text(CONFIG)
        shutil.copy(Path(__file__).parent / "unhurried.py", folder)
        shutil.copy(Path(__file__).parents[1] / "workers" / "greedy" / "greedy.py", folder)
        self.url = f"sqlite:///{folder / 'triglot.db'}"
        self.store = ModelStore(self.url)
        self.store.upgrade()
        self.jobs = self.store.jobs
        self.log = folder / "runner.log"
        self._runners: list[subprocess.Popen[bytes]] = []

    def run(self) -> "subprocess.Popen[bytes]":
        """Start a runner; the configuration is named to it alone, so that it must hand it on."""
        with self.log.open("ab") as out:
            runner = subprocess.Popen(
                [sys.executable, "-m", "triglot", "-c", "my-config.py", "jobs", "run"],
                cwd=self.folder,
                env=environment(TRIGLOT_ADMIN_TOKEN="secret-token"),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self._runners.append(runner)
        return runner

    def begun(self) -> list[int]:
        """Return the process of each slow fit that has begun."""
        with contextlib.suppress(FileNotFoundError):
            return [int(line.split()[0]) for line in (self.folder / "begun").read_text().splitlines()]
        return []

    def ended(self, job_id: str) -> Job:
        """Return a job once it has ended."""
        until(lambda: self.jobs.get(job_id).state in ("finished", "error", "cancelled"))
        return self.jobs.get(job_id)

    def close(self) -> None:
        """End all runners and what they started."""
        for runner in self._runners:
            for pid in [*descendants(runner.pid), runner.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            runner.wait(PATIENCE_S)
        self.store.close()


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that waits to be buried has."""
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Hold a place with a running runner."""
    made = Place(tmp_path_factory.mktemp("busy"))
    made.run()
    yield made
    made.close()


def test_a_fit_is_carried_out_and_its_version_names_the_job(busy: Place) -> None:
    job_id = busy.jobs.submit("fit", {"models": ["iris"], "evaluate": True, "activate": True}).id
    job = busy.ended(job_id)

    assert job.state == "finished", job.info
    assert "Train score: 0." in job.info
    assert "Wrote model with version 1." in job.info
    info = busy.store.info("iris")
    assert (info.version, info.metadata, info.aliases) == (1, {"job": job_id}, ("active",))
    assert info.metrics["score_train"] > 0.9


def test_what_a_job_cannot_do_is_told(busy: Place) -> None:
    unknown = busy.jobs.submit("dance", {}).id
    bad = busy.jobs.submit("fit", {"persist": "maybe"}).id
    option = busy.jobs.submit("fit", {"models": ["--no-save"]}).id

    assert (busy.ended(unknown).state, busy.ended(unknown).info) == (
        "error",
        "there are no jobs of kind 'dance'; there are: fit",
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


@pytest.fixture
def job() -> Callable[..., Job]:
    """Give the function that returns a job with these parameters."""
    return lambda parameters: Job("7", "fit", parameters, "running", "", None, None, "")
