"""What goes wrong with a service is told: by `/alive`, `/metrics`, the overview that page and status show, and the log.

And when it is mended, no longer. One service is broken in one way after another.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.functional.authors import sickly
from tests.functional.running import Running, descendants, folder
from tests.helpers import KEY, author_module, until
from tests.metrics.reading import Samples, samples
from triglot.store import ModelStore
from triglot.training.fit_worker import Bench

AUTHORS = Path(__file__).parent / "authors"
TOKEN = "the token of this test"
AS_ADMIN = {"Authorization": f"Bearer {TOKEN}"}
CONFIG = """{
    'models': {'sickly': {
        'model': {'!': 'sickly.Sickly'},
        'dataset_loader_train': {'!': 'triglot.dataset.CSV', 'path': here + '/rows.csv', 'target_column': 'y'},
    }},
    'server': {'processes': 1, 'timeout_s': 20, 'body_quiet_s': 1, 'admin_token_file': here + '/token'},
    'signing_key_file': here + '/key',
    'workers': {'python': 2},
    'worker_memory': {'python': '900M'},
    'crash_loop': {'crashes': 50},
    'log': {'format': 'json'},
}"""


class Site:
    """The service, and what each of the places where one looks says of it."""

    def __init__(self, running: Running) -> None:
        self.running = running

    def ask(self, how: int = sickly.WELL, rows: int = 1) -> int:
        """Return the status of an answer to rows that make the model well or sick, 0 where there is none."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.running.post("/models/sickly/predict", [{"how": how}] * rows).status
        return 0

    def alive(self) -> dict[str, Any]:
        return dict(self.running.get("/alive").body)

    def metrics(self) -> Samples:
        return samples(self.running.get("/metrics").body.decode())

    def troubles(self) -> dict[str, dict[str, Any]]:
        """Return what the overview tells of by its kind: what the page and `triglot status` show."""
        return {each["kind"]: each for each in self.running.get("/overview").body["troubles"]}

    def now(self) -> set[str]:
        """Return the kinds of what is wrong at this moment."""
        return {kind for kind, trouble in self.troubles().items() if trouble["now"]}

    def logged(self, words: str) -> list[dict[str, Any]]:
        """Return the lines of the log that have these words."""
        lines = [line for line in self.running.said().splitlines() if words in line]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def counted(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of a metric that have these labels."""
        wanted = set(labels.items())
        return sum(value for (of, found), value in self.metrics().items() if of == name and wanted <= set(found))


@pytest.fixture(scope="module")
def site(benches: Callable[[str], Bench]) -> Iterator[Site]:
    """Hold a service of two versions of the model with two workers and a job runner."""
    X = pd.DataFrame({"how": [0.0, 0.0]})
    with folder() as place:
        (place / "triglot-config.py").write_text(CONFIG)
        (place / "sickly.py").write_text((AUTHORS / "sickly.py").read_text("utf-8"))
        (place / "rows.csv").write_text("how,y\n0,1\n0,1\n")
        (place / "token").write_text(TOKEN)
        (place / "key").write_bytes(KEY)
        (place / "key").chmod(0o600)
        store = ModelStore(f"sqlite:///{place / 'triglot.db'}")
        for tag in (1.0, 2.0):
            model = author_module(place, "sickly").Sickly(tag)
            store.write("sickly", benches("python").fit("sickly", model, X, [1.0, 1.0], (str(place),)).artefact)
        store.activate("sickly", 1)
        store.close()
        made = Running(place, place / "triglot-config.py", TRIGLOT_SIGNING_KEY=None)
        try:
            made.wait_until_ready()
            yield Site(made)
        finally:
            made.close()


@pytest.fixture(autouse=True)
def _is_well_before(site: Site) -> None:
    until(lambda: site.ask() == 200)


def mended(site: Site, *kinds: str) -> None:
    """Return once nothing of these kinds is told any more as what is wrong now, and the model answers."""
    until(lambda: site.ask() == 200 and not set(kinds) & site.now())


def test_a_model_that_fails(site: Site) -> None:
    def is_told() -> bool:
        assert site.ask(sickly.FAILS) == 500
        return "estimator-failed" in site.now()

    until(is_told)
    trouble = site.troubles()["estimator-failed"]
    assert (trouble["about"], "look for the request's id in the log" in trouble["do"]) == ("sickly", True)
    assert site.alive()["degraded"]["sickly"]["codes"].keys() == {"estimator-failed"}
    assert site.counted("triglot_prediction_errors_total", model="sickly", code="estimator-failed") >= 1
    line = site.logged("this row makes it fail")[-1]
    assert (line["model"], line["version"], bool(line["request_id"])) == ("sickly", 1, True)
    mended(site, "estimator-failed")


def test_a_model_that_ends_its_workers(site: Site) -> None:
    assert site.ask(sickly.ENDS) in (422, 503)  # the second where workers come back more slowly than a caller waits
    until(lambda: "poison-request" in site.now())
    assert site.troubles()["poison-request"]["about"] == "sickly"
    assert site.alive()["degraded"]["sickly"]["deaths"] >= 1
    assert site.counted("triglot_worker_deaths_total", model="sickly", operation="predict") >= 1
    assert site.logged("segmentation fault") or site.logged("SIGSEGV") or site.logged("a signal")
    assert "workers that were answering it alone ended" in site.running.triglot("status").stdout


def test_a_model_that_hangs(site: Site) -> None:
    def is_told() -> bool:
        hung = site.running.ask(
            "POST",
            "/models/sickly/predict",
            json.dumps([{"how": sickly.HANGS}]).encode(),
            {"Content-Type": "application/json"},
        )
        assert (hung.status, hung.body["metadata"]["code"]) == (504, "deadline-exceeded")
        return site.counted("triglot_prediction_errors_total", model="sickly", code="deadline-exceeded") >= 1

    until(is_told)
    assert site.logged("deadline")
    mended(site)


def test_a_worker_that_is_killed(site: Site) -> None:
    before = site.counted("triglot_program_exits_total", program="workers-python:python-0", how="a signal")
    pid = site.running.pid("workers-python:python-0")
    os.kill(pid, signal.SIGKILL)
    until(
        lambda: site.counted("triglot_program_exits_total", program="workers-python:python-0", how="a signal") > before
    )
    assert site.ask() == 200  # the other one answers

    def is_told() -> bool:
        found = site.running.get("/overview").body["troubles"]
        return any((each["kind"], each["about"]) == ("a signal", "workers-python:python-0") for each in found)

    until(is_told)
    assert site.troubles()["a signal"]["now"] is False  # it is over, and somebody may want to know
    until(lambda: site.counted("triglot_program_up", program="workers-python:python-0") == 1)
    assert site.running.pid("workers-python:python-0") != pid


def test_a_worker_that_stands_still(site: Site) -> None:
    pid = site.running.pid("workers-python:python-1")
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: site.counted("triglot_workers", pool="python", state="silent") == 1)
        assert site.ask() == 200
        (worker,) = [each for each in site.running.get("/overview").body["workers"] if each["name"] == "python-1"]
        assert worker["state"] == "silent"
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: site.counted("triglot_workers", pool="python", state="ready") == 2)


def test_a_worker_that_takes_too_much_memory(site: Site) -> None:
    site.ask(sickly.TAKES)
    until(lambda: "exit code 71" in site.troubles())
    assert "raise worker_memory" in site.troubles()["exit code 71"]["do"]
    ends = [
        (dict(labels), value)
        for (name, labels), value in site.metrics().items()
        if name == "triglot_program_exits_total"
    ]
    assert sum(value for labels, value in ends if labels["how"].startswith("exit code 71")) >= 1
    assert site.logged("worker_memory") or site.logged("memory")


def test_a_store_that_is_away(site: Site) -> None:
    store, away = site.running.folder / "triglot.db", site.running.folder / "away"
    store.rename(away)
    try:
        until(lambda: "store-away" in site.now())
        assert "store" in site.alive()
        assert site.counted("triglot_store_up") == 0
        assert site.ask() == 200
        assert site.running.get("/overview").body["store"] == "away"
        until(lambda: bool(site.logged("store")))
    finally:
        store.unlink(missing_ok=True)
        away.rename(store)
    until(lambda: site.counted("triglot_store_up") == 1)
    assert "store" not in site.alive()
    mended(site, "store-away")


def test_a_key_that_is_missing(site: Site) -> None:
    key, away = site.running.folder / "key", site.running.folder / "key.away"
    key.rename(away)
    key.write_bytes(b"another key, which has signed nothing here")
    key.chmod(0o600)
    try:
        os.kill(site.running.pid("workers-python:python-0"), signal.SIGKILL)
        os.kill(site.running.pid("workers-python:python-1"), signal.SIGKILL)
        until(lambda: "version-not-loadable" in site.now())
        assert site.running.get("/models/sickly/ready").status == 503
        assert site.counted("triglot_worker_failures_total", operation="load", code="artefact-refused") >= 1
        assert site.logged("signature") or site.logged("signed")
    finally:
        away.rename(key)
    assert site.running.ctl("restart", "workers-python:*").returncode == 0
    until(lambda: site.running.get("/models/sickly/ready").status == 200)
    mended(site, "version-not-loadable", "worker-unavailable")


def test_a_job_runner_that_is_gone(site: Site) -> None:
    assert site.running.ctl("stop", "jobs").returncode == 0
    assert site.running.post("/fit", {"model": "sickly"}, AS_ADMIN).status in (200, 202)
    until(lambda: "no-runner" in site.now())
    assert site.counted("triglot_program_up", program="jobs") == 0
    assert site.counted("triglot_jobs", state="queued") == 1
    assert site.running.ctl("start", "jobs").returncode == 0
    until(lambda: site.counted("triglot_jobs", state="queued") == 0)
    mended(site, "no-runner")


def test_a_caller_that_is_slow(site: Site) -> None:
    before = site.counted("triglot_http_request_duration_seconds_count", status="408")
    with socket.create_connection(("127.0.0.1", site.running.port)) as caller:
        caller.sendall(
            b"POST /models/sickly/predict HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n[{"
        )
        assert site.ask() == 200
        answer = caller.recv(4096)
    assert answer.startswith(b"HTTP/1.1 408 ")
    until(lambda: site.counted("triglot_http_request_duration_seconds_count", status="408") > before)


def test_a_front_end_that_is_killed(site: Site) -> None:
    before = site.counted("triglot_prediction_duration_seconds_count", model="sickly")
    (ended, *_) = descendants(site.running.pid("web"))
    os.kill(ended, signal.SIGKILL)
    until(lambda: ended not in descendants(site.running.pid("web")))
    until(lambda: site.ask() == 200)
    assert site.counted("triglot_prediction_duration_seconds_count", model="sickly") > before


def test_all_of_it_is_over_in_the_end(site: Site) -> None:
    until(lambda: site.ask() == 200 and site.now() == set() and "degraded" not in site.alive())
    assert site.running.get("/overview").body["condition"] == "well"
