"""What is asked is counted outside of requests, in files that all processes share, and is forgotten in time."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import PATIENCE_S
from triglot.drift import asked, window
from triglot.drift.asked import WAITING, Asked, Watched
from triglot.drift.profile import Profile, profile_of
from triglot.drift.terms import DriftTerms
from triglot.errors import ConfigError
from triglot.tables.schema import Schema
from triglot.tables.table import Column, Table

ALL = DriftTerms(share=1, least_rows=4)
IRIS = ("iris", 1)
# counts a hundred rows below zero, and is killed
COUNTING = """
import json, os, signal, sys
from pathlib import Path
import numpy as np
from triglot.drift.asked import Asked, Watched
from triglot.drift.profile import Profile
from triglot.drift.terms import DriftTerms
from triglot.tables.schema import Schema
from triglot.tables.table import Table
profile, schema = json.loads(sys.argv[2])
looking = Asked(Path(sys.argv[1]), DriftTerms(share=1))
iris = Watched("iris", 1, Schema.from_json(schema), Profile.from_json(profile))
looking.note(iris, Table(["a", "b"], matrix=-np.ones((100, 2))))
looking.count()
os.kill(os.getpid(), signal.SIGKILL)
"""


def watched(version: int = 1, model: str = "iris", seed: int = 1) -> Watched:
    X = Table(["a", "b"], matrix=np.random.default_rng(seed).uniform(0, 1, (1_000, 2)))
    schema = Schema.learn(X)
    profile = profile_of(X, schema)
    assert profile is not None
    return Watched(model, version, schema, profile)


def rows(count: int, at: float = 0.5) -> Table:
    return Table(["a", "b"], matrix=np.full((count, 2), at))


def seen(looking: Asked, of: Watched) -> int:
    return looking.compared([of])[of.model, of.version].rows


def test_rows_are_compared_from_the_declared_number_on(tmp_path: Path) -> None:
    looking, iris = Asked(tmp_path, ALL), watched()
    looking.note(iris, rows(3))
    few = looking.compared([iris])[IRIS]
    assert (few.rows, looking.terms.least_rows, few.columns) == (3, 4, ())
    looking.note(iris, rows(1))
    found = looking.compared([iris])[IRIS]
    assert [each.name for each in found.ordered if each.drifts] == ["a", "b"]
    assert found.rows == 4


def test_a_share_is_looked_at_and_few_rows_of_each_request() -> None:
    looking, iris = Asked(None, DriftTerms(share=0.5, rows=10)), watched()
    for _ in range(400):
        looking.note(iris, rows(1_000))
    assert 120 * 10 < seen(looking, iris) < 280 * 10


def test_what_waits_is_bounded() -> None:
    looking, iris = Asked(None, ALL), watched()
    for _ in range(WAITING + 50):
        looking.note(iris, rows(1))
    assert seen(looking, iris) == WAITING


def test_tables_of_other_kinds_are_counted_alike_and_what_no_worker_takes_is_left() -> None:
    looking, iris = Asked(None, ALL), watched()
    looking.note(iris, Table.of({"b": Column.numeric(np.array([1, 2])), "a": Column.numeric(np.array([0.1, 0.2]))}))
    looking.note(iris, Table(["a"], matrix=np.ones((7, 1))))
    looking.note(iris, rows(5))
    assert seen(looking, iris) == 7


def test_processes_are_summed_and_what_a_killed_one_has_counted_stays(tmp_path: Path) -> None:
    looking, iris = Asked(tmp_path, ALL), watched()
    looking.note(iris, rows(4))
    told = json.dumps([iris.profile.to_json(), iris.schema.to_json()])
    done = subprocess.run([sys.executable, "-c", COUNTING, str(tmp_path), told], timeout=PATIENCE_S)
    assert done.returncode < 0
    assert seen(looking, iris) == 104
    assert seen(Asked(tmp_path, ALL), iris) == 104  # to one that has counted nothing itself


def test_another_version_begins_anew_and_so_do_other_bins(tmp_path: Path) -> None:
    looking, old, new = Asked(tmp_path, ALL), watched(), watched(2)
    looking.note(old, rows(4))
    assert seen(looking, new) == 0
    looking.note(new, rows(3))
    assert (seen(looking, new), seen(looking, old)) == (3, 0)
    assert seen(looking, watched(2, seed=2)) == 0
    assert seen(looking, watched(2, model="other")) == 0


def test_what_is_long_ago_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr(asked.time, "monotonic", lambda: now[0])
    looking, iris = Asked(tmp_path, DriftTerms(share=1, window_s=100)), watched()
    for at, count in ((1_000, 1), (1_050, 2), (1_099, 4), (1_100, 8)):
        now[0] = at
        looking.note(iris, rows(count))
        looking.count()
    assert seen(looking, iris) == 2 + 4 + 8  # at least half of the window, at most all of it
    now[0] = 1_150
    assert seen(looking, iris) == 8
    now[0] = 1_200
    assert seen(looking, iris) == 0


def test_halves_of_a_window_are_begun_anew() -> None:
    words = memoryview(bytearray(8 * window.WORDS)).cast("q")
    for half, count in ((7, 1), (7, 2), (8, 4), (9, 8)):
        window.add(words, 5, half, np.array([count, 0, count]))
    assert window.within(words, 5, 9, 3).tolist() == [12, 0, 12]
    assert window.within(words, 5, 10, 3).tolist() == [8, 0, 8]
    assert window.within(words, 6, 9, 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "said", [{"share": 0}, {"share": 1.1}, {"rows": 0}, {"rows": 1.5}, {"least_rows": -1}, {"window_s": 0}]
)
def test_terms_that_make_no_sense_are_refused(said: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"drift: .*share is above 0 and at most 1"):
        DriftTerms(**said)  # type: ignore[arg-type]


def test_a_profile_that_cannot_be_read_is_none() -> None:
    assert Profile.from_json({"rows": "many", "columns": []}) is None
