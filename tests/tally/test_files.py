"""Tallies of several processes: each adds to a file of its own, and everybody reads the sum of all."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import PATIENCE_S
from triglot.protocol.messages import Spent
from triglot.tally import files
from triglot.tally.files import Tallies
from triglot.tally.slots import forget
from triglot.tally.sums import Sum

TOLD = Spent(queue=1, input=2, infer=3, output=4, rows=1)
# counts until it is killed, and says when it has begun
COUNTING = """
import sys
from pathlib import Path
from triglot.tally.files import Tallies
tallies = Tallies(Path(sys.argv[1]))
for count in range(int(sys.argv[2])):
    with tallies.asking("iris", 1) as asking:
        asking.answered(2, None)
print("counted", flush=True)
sys.stdin.read()
"""


def count(tallies: Tallies, model: str = "iris", version: int = 1, times: int = 1) -> None:
    for _ in range(times):
        with tallies.asking(model, version) as asking:
            asking.answered(1, TOLD)


class Counter:
    """A process that has counted so many requests of two rows."""

    def __init__(self, run_dir: Path, times: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", COUNTING, str(run_dir), str(times)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "counted\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def counters(tmp_path: Path) -> Iterator[list[Counter]]:
    made = [Counter(tmp_path, 10), Counter(tmp_path, 20)]
    yield made
    for each in made:
        each.kill()


def names(run_dir: Path) -> list[str]:
    return sorted(path.name for path in (run_dir / "tallies").iterdir())


def test_whoever_looks_finds_what_all_processes_have_counted(tmp_path: Path, counters: list[Counter]) -> None:
    own = Tallies(tmp_path)
    count(own, times=3)

    for seen in (own, Tallies(tmp_path)):
        totals = seen.totals()[("iris", 1)]
        assert (totals.success.count, totals.rows) == (33, 63)
    assert names(tmp_path) == ["0.tally", "1.tally", "2.tally"]


def test_what_a_killed_process_has_counted_stays_and_its_successor_goes_on_with_it(
    tmp_path: Path, counters: list[Counter]
) -> None:
    counters[0].kill()
    assert Tallies(tmp_path).totals()[("iris", 1)].rows == 60

    counters.append(Counter(tmp_path, 5))

    assert Tallies(tmp_path).totals()[("iris", 1)].rows == 70
    assert names(tmp_path) == ["0.tally", "1.tally"]


def test_a_service_that_starts_begins_at_nothing(tmp_path: Path) -> None:
    count(Tallies(tmp_path))
    forget(tmp_path)
    assert Tallies(tmp_path).totals() == {}


def test_versions_are_counted_apart_under_any_name(tmp_path: Path) -> None:
    tallies = Tallies(tmp_path)
    longest = "ü" * 200
    for model, version in (("iris", 1), ("iris", 2), (longest, 1), ("a/b c", 7)):
        count(tallies, model, version, times=version)

    found = {key: totals.success.count for key, totals in Tallies(tmp_path).totals().items()}

    assert found == {("iris", 1): 1, ("iris", 2): 2, (longest, 1): 1, ("a/b c", 7): 7}


def test_an_error_is_a_failure_and_a_caller_who_has_gone_is_none(tmp_path: Path) -> None:
    tallies = Tallies(tmp_path)
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), tallies.asking("iris", 1):
            raise error

    totals = tallies.totals()[("iris", 1)]

    assert (totals.fail.count, totals.success) == (1, Sum())


def test_threads_lose_nothing(tmp_path: Path) -> None:
    tallies = Tallies(tmp_path)
    threads = [threading.Thread(target=count, args=(tallies,), kwargs={"times": 500}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tallies.totals()[("iris", 1)].success.count == 4_000


def test_a_child_counts_for_itself(tmp_path: Path) -> None:
    tallies = Tallies(tmp_path)
    count(tallies)
    child = os.fork()
    if not child:
        count(tallies, times=4)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    count(tallies)
    assert tallies.totals()[("iris", 1)].success.count == 6
    assert names(tmp_path) == ["0.tally", "1.tally"]


def test_without_a_directory_or_where_none_can_be_made_a_process_counts_for_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    for nowhere in (None, tmp_path / "file"):
        tallies = Tallies(nowhere)
        count(tallies)
        assert tallies.totals()[("iris", 1)].rows == 1
    assert "this process counts for itself" in caplog.text


def test_versions_beyond_the_bound_are_not_counted_and_harm_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "VERSIONS", 2)
    tallies = Tallies(tmp_path)
    for version in (1, 2, 3, 1):
        count(tallies, version=version)
    assert {version: totals.rows for (_, version), totals in tallies.totals().items()} == {1: 2, 2: 1}


@pytest.mark.parametrize("content", [b"", b"\0", b"no tally of ours " * 1_000])
def test_a_file_that_is_none_of_ours_is_passed_over_and_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tallies").mkdir()
    (tmp_path / "tallies" / "0.tally").write_bytes(content)
    assert Tallies(tmp_path).totals() == {}
    tallies = Tallies(tmp_path)
    count(tallies)
    assert tallies.totals()[("iris", 1)].rows == 1
