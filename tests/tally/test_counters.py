"""Counters of several processes: names are counted apart, and everybody reads the sum of all."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from triglot.tally import counters as module
from triglot.tally.counters import Counted, Counters
from triglot.tally.slots import forget
from triglot.tally.sums import DURATIONS_NS

COUNTING = """
import os
import sys
from pathlib import Path
from triglot.tally.counters import Counters
counters = Counters(Path(sys.argv[1]))
counters.count("retry", "iris", "1", times=5)
counters.timed(2_000_000, "http", "/predict", "200", "")
os._exit(1)
"""


def end_suddenly(run_dir: Path) -> None:
    subprocess.run([sys.executable, "-c", COUNTING, str(run_dir)], check=False)


def test_what_processes_that_ended_have_counted_is_added_to_what_this_one_counts(tmp_path: Path) -> None:
    end_suddenly(tmp_path)
    end_suddenly(tmp_path)
    here = Counters(tmp_path)
    here.count("retry", "iris", "1")

    found = Counters(tmp_path).totals()

    assert found["retry", "iris", "1"].times == 11
    http = found["http", "/predict", "200", ""]
    assert (http.times, http.ns) == (2, 4_000_000)
    assert dict(zip(DURATIONS_NS, http.durations, strict=False)) == {
        bound: 2 * (bound == 2_500_000) for bound in DURATIONS_NS
    }
    assert [path.name for path in (tmp_path / "tallies").iterdir()] == ["0.counts"]


def test_times_beyond_all_bounds_are_counted_last() -> None:
    counters = Counters(None)
    counters.timed(DURATIONS_NS[-1], "work")
    counters.timed(DURATIONS_NS[-1] + 1, "work")
    assert counters.totals()["work",].durations[-2:] == (1, 1)


def test_threads_lose_nothing(tmp_path: Path) -> None:
    counters = Counters(tmp_path)

    def count() -> None:
        for _ in range(1_000):
            counters.count("a", "b")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.totals() == {("a", "b"): Counted(4_000)}


def test_names_beyond_the_bound_are_not_counted_and_harm_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NAMES", 2)
    counters = Counters(tmp_path)
    for name in (*"abcdefgh", "a", "x" * 2_000):
        counters.count(name)
    assert {name: found.times for name, found in counters.totals().items()} == {("a",): 2, ("b",): 1}


def test_a_service_that_starts_begins_at_nothing(tmp_path: Path) -> None:
    Counters(tmp_path).count("a")
    forget(tmp_path)
    assert Counters(tmp_path).totals() == {}
