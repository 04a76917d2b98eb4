"""What a worker gives back while nobody asks for anything."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import PATIENCE_S, Hive, ask, raw, until
from triglot.protocol import wire
from triglot.protocol.messages import Reply, Request
from triglot.transport.discovery import scan
from triglot.workers.activity import Activity
from triglot.workers.idle_collection import IDLE_S, WORTH_BYTES, IdleCollection

MIB = 2**20
WASTEFUL = Path(__file__).parent / "r" / "authors" / "wasteful.R"
PUT_OFF = """
import sys
import triglot.workers.python.runtime as module
module.PythonRuntime().start()
print("pandas" in sys.modules, "pyarrow" in sys.modules, "sklearn.base" in sys.modules)

from sklearn.utils import fixes
print(fixes.pd.DataFrame is sys.modules["pandas"].DataFrame)

import pandas
from sklearn.preprocessing import StandardScaler
scaled = StandardScaler().set_output(transform="pandas").fit_transform(pandas.DataFrame({"a": [1.0, 3.0]}))
print(type(scaled) is pandas.DataFrame, scaled.a.tolist())
"""


class Spendthrift:
    """Stands for a language: what it has in use, and how often it was made to collect."""

    def __init__(self) -> None:
        self.used = 100 * MIB
        self.now = 0.0
        self.collected = 0
        self.raises = False

    def collect(self) -> None:
        self.collected += 1
        if self.raises:
            raise RuntimeError("a finaliser of the author's")
        self.used = 100 * MIB

    def take_output(self) -> None:
        pass


@pytest.fixture
def spendthrift() -> Spendthrift:
    return Spendthrift()


@pytest.fixture
def activity() -> Activity:
    return Activity()


@pytest.fixture
def collection(spendthrift: Any, activity: Activity) -> IdleCollection:
    return IdleCollection(spendthrift, activity, used=lambda: spendthrift.used, clock=lambda: spendthrift.now)


def idle(collection: IdleCollection, spendthrift: Spendthrift, seconds: float = IDLE_S) -> int:
    """Let seconds pass as the loop does, in tenths; return how often garbage has been collected so far."""
    for _ in range(round(10 * seconds) + 2):
        collection.worker_idle()
        spendthrift.now += 0.1
    return spendthrift.collected


def test_what_the_start_has_left_is_collected_once(collection: IdleCollection, spendthrift: Spendthrift) -> None:
    assert idle(collection, spendthrift, IDLE_S / 2) == 0
    assert idle(collection, spendthrift) == 1
    assert idle(collection, spendthrift, 5 * IDLE_S) == 1


def test_each_request_begins_the_wait_anew(
    collection: IdleCollection, spendthrift: Spendthrift, activity: Activity
) -> None:
    for _ in range(5):
        activity.served += 1
        assert idle(collection, spendthrift, IDLE_S / 2) == 0
    assert idle(collection, spendthrift) == 1


def test_little_garbage_is_left_where_it_is(
    collection: IdleCollection, spendthrift: Spendthrift, activity: Activity
) -> None:
    idle(collection, spendthrift)
    for more, times in ((WORTH_BYTES - 1, 1), (WORTH_BYTES, 2)):
        activity.served += 1
        spendthrift.used = 100 * MIB + more
        assert idle(collection, spendthrift) == times


def test_a_finaliser_that_raises_is_logged_and_no_more(
    collection: IdleCollection, spendthrift: Spendthrift, caplog: pytest.LogCaptureFixture
) -> None:
    spendthrift.raises = True
    assert idle(collection, spendthrift, 5 * IDLE_S) == 1
    assert "a finaliser of the author's" in caplog.text


def test_an_idle_r_worker_gives_back_what_a_call_has_left_and_loads_nothing_of_python_s(hive: Hive) -> None:
    worker = hive.start("r")
    spec = {"spec": {"script": WASTEFUL.name, "function": "wasteful"}, "sources": {WASTEFUL.name: WASTEFUL.read_text()}}
    with raw(scan(hive.run_dir)[worker.name].address) as socket:
        reply = ask(socket, *wire.encode_request(Request("dataset", "1", "m", spec=spec)))
    assert isinstance(reply, Reply)
    before = hive.state(worker.name)["rss_bytes"]
    until(lambda: hive.state(worker.name)["rss_bytes"] < before - 30 * MIB)
    mapped = Path(f"/proc/{worker.process.pid}/maps").read_text()
    assert "libR.so" in mapped
    assert not any(name in mapped for name in ("sklearn", "scipy/", "pandas", "pyarrow"))


def test_pandas_comes_into_a_python_worker_once_something_of_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PUT_OFF], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    assert done.stdout.splitlines() == ["False False True", "True", "True [-1.0, 1.0]"]
