"""What predictions have come to, as clients of Triton ask for it: the sum of all processes of the front end."""

import contextlib
import http.client
import os
import signal
from collections import Counter
from typing import Any

import pytest

from tests.functional.running import Load, Running, descendants
from tests.helpers import require, until

FINE = {"mood": 0, "seconds": 0}


class Watched:
    """What the statistics of the version that answers have gained since this was made."""

    def __init__(self, service: Running, model: str) -> None:
        self._service = service
        version = service.get(f"/models/{model}/ready").body["version"]
        self._route = f"/v2/models/{model}/versions/{version}/stats"
        self._before = self._now()

    def _now(self) -> dict[str, Any]:
        (found,) = self._service.get(self._route).body["model_stats"]
        return dict(found)

    def count(self, name: str) -> int:
        """Return the gain of a count."""
        return int(self._now()[name] - self._before[name])

    def times(self, name: str) -> tuple[int, int]:
        """Return the gains of a time's count and of its nanoseconds."""
        before, now = (stats["inference_stats"][name] for stats in (self._before, self._now()))
        return now["count"] - before["count"], now["ns"] - before["ns"]

    def sizes(self) -> Counter[int]:
        """Return how many calls of each number of rows there were."""
        before, now = (
            Counter({each["batch_size"]: each["compute_infer"]["count"] for each in stats["batch_stats"]})
            for stats in (self._before, self._now())
        )
        return now - before


@pytest.fixture
def model(language: str) -> str:
    """Give the moody model of each language in turn."""
    require(language)
    return f"moody-{language}"


def test_eighteen_rows_in_nine_requests_one_after_the_other_are_nine_calls(service: Running, model: str) -> None:
    watched = Watched(service, model)
    for _ in range(9):
        assert service.post(f"/models/{model}/predict", [FINE, FINE]).status == 200

    assert (watched.count("inference_count"), watched.count("execution_count")) == (18, 9)
    assert watched.sizes() == {2: 9}
    for name in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
        count, ns = watched.times(name)
        assert (name, count, ns > 0) == (name, 9, True)
    parts = sum(watched.times(f"compute_{name}")[1] for name in ("input", "infer", "output"))
    assert watched.times("success")[1] > watched.times("queue")[1] + parts
    assert [watched.times(name) for name in ("fail", "cache_hit", "cache_miss")] == [(0, 0)] * 3


def test_requests_that_wait_together_share_calls_and_every_row_is_in_one(service: Running, model: str) -> None:
    watched = Watched(service, model)
    route = f"/models/{model}/predict"
    with Load(service, [route], [{"mood": 0, "seconds": 0.02}], threads=12) as load:
        load.after(60)

    assert load.failures() == []
    requests = len(load.answers)
    assert watched.count("inference_count") == watched.times("success")[0] == requests
    assert watched.count("execution_count") < requests
    sizes = watched.sizes()
    assert sum(sizes.values()) == watched.count("execution_count")
    assert sum(size * count for size, count in sizes.items()) == requests
    # each of those who shared a call waited for all of it
    assert watched.times("compute_infer")[1] >= requests * 20_000_000


def test_failures_are_counted_and_are_no_calls(service: Running, model: str) -> None:
    watched = Watched(service, model)
    assert service.post(f"/models/{model}/predict", [{"mood": 1, "seconds": 0}]).status == 500
    assert service.post(f"/models/{model}/predict", [{"mood": "x"}]).status == 400

    count, ns = watched.times("fail")
    assert (count, ns > 0, watched.count("execution_count")) == (1, True, 0)


def test_what_a_killed_front_end_process_has_counted_stays(service: Running) -> None:
    watched = Watched(service, "moody-python")
    route = "/models/moody-python/predict"
    for _ in range(30):
        service.post(route, [FINE])
    assert watched.count("inference_count") == 30
    for pid in descendants(service.pid("web")):
        os.kill(pid, signal.SIGKILL)

    def answers() -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return service.post(route, [FINE]).status == 200
        return False

    until(answers)
    until(lambda: watched.count("inference_count") == 31)
    assert len(list((service.folder / "run" / "tallies").glob("*.tally"))) <= 4


def test_a_new_version_is_counted_apart_and_the_one_before_stays(service: Running) -> None:
    require("python")

    def versions() -> dict[str, int]:
        stats = service.get("/v2/models/moody-python/stats").body["model_stats"]
        return {each["version"]: each["inference_count"] for each in stats}

    before = versions()
    assert service.triglot("activate", "2", "moody-python").returncode == 0
    try:
        until(lambda: service.post("/models/moody-python/predict", [FINE]).body["metadata"]["version"] == 2)
        now = versions()
        assert (now["1"] >= before["1"], now["2"] >= 1) == (True, True)
        (only,) = service.get("/v2/models/moody-python/versions/2/stats").body["model_stats"]
        assert (only["name"], only["version"]) == ("moody-python", "2")
    finally:
        service.triglot("activate", "1", "moody-python")
        until(lambda: service.post("/models/moody-python/predict", [FINE]).body["metadata"]["version"] == 1)


def test_a_service_that_starts_again_begins_at_nothing(service: Running) -> None:
    service.post("/models/moody-python/predict", [FINE])
    assert service.ctl("reload").returncode == 0

    def forgotten() -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            stats = service.get("/v2/models/moody-python/stats").body["model_stats"]
            return bool(stats and stats[0]["inference_count"] == 0)
        return False

    until(forgotten)
    service.wait_until_ready()
