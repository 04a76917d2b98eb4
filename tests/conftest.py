"""Fixtures of all rooms. A test that leaves a child process behind fails."""

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from tests.helpers import KEY, Hive, require
from tests.warm import stop
from triglot.config import use_config
from triglot.dispatch.blocking import Client
from triglot.languages.known import LANGUAGES
from triglot.training.fit_worker import Bench, bench
from triglot.workers.julia.interpreter import OPTIMISATION

# The tests of the images take minutes and an engine: `make image` runs them, and they alone.
collect_ignore = [] if os.environ.get("TRIGLOT_IMAGE_TESTS") else ["image"]
_CHILDREN = Path("/proc/self/task")
_LONGEST = (
    "functional/test_faults.py",
    "spark/test_frames.py",
    "workers/test_guard.py",
    "serving/test_not_loadable.py",
    "messages/test_brokers.py",
    "training/test_proof.py",
    "test_docs.py",
    "test_types.py",
    "workers/test_julia_zoo.py",
    "workers/test_julia_runtime.py",
    "palladium/test_iris.py",
    "cli/test_fit.py",
    "conformance/test_conformance.py",
    "palladium/test_examples.py",
    "workers/test_r_runtime.py",
    "workers/test_r_zoo.py",
    "cli/test_doctor.py",
    "cli/test_new.py",
    "bridge/test_runner.py",
)
# What starts something for a whole session, which each process that tests side by side would start for itself.
_TOGETHER = {
    "a service of every model": ("functional/",),
    "servers of HTTP and S3": ("persisters/",),
    "models behind a front end": ("server/",),
    "a service of orders": ("client/",),
    "a cluster of Dask": ("dask/",),
    "databases": ("store/",),
    "clusters of Spark": ("spark/",),
    "brokers": ("messages/",),
    "a worker of each language": (
        "bridge/test_foreign.py",
        "conformance/test_labels.py",
        "conformance/test_shares.py",
        "pipelines/test_run.py",
        "test_examples.py",
        "test_types.py",
    ),
}
_OURS = ("benchmarks", "tests", "triglot")

# Slowness is a matter of the machine and is measured in benchmarks, not here.
_patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("quick", _patient, max_examples=50)
settings.register_profile("thorough", _patient, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_configure() -> None:
    """Hear interrupts: what a shell starts in the background ignores them, and so would all that is started here.

    Julia compiles at a level that is there sooner; the zoo's models are held to a plain julia at its own.
    """
    os.environ.setdefault(OPTIMISATION, "1")
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that side by side no process is left alone with one at the end."""
    order = {name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0].removeprefix("tests/"), len(order)))


class _ByFile(LoadFileScheduling):
    """Gives a process that tests side by side whole files, and files that share something together."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        shared = (name for name, files in _TOGETHER.items() if file.removeprefix("tests/").startswith(files))
        return next(shared, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByFile | None:
    """Divide the tests as `make test` wants it, and in xdist's own ways where another is asked for."""
    return _ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


def children() -> set[int]:
    """Return the ids of this process's children."""
    return {int(child) for task in _CHILDREN.iterdir() for child in (task / "children").read_text().split()}


@pytest.fixture(scope="session", autouse=True)
def _no_child_outlives_the_session() -> Iterator[None]:
    before = children()
    yield
    stop()
    left = {child: Path(f"/proc/{child}/cmdline").read_text() for child in children() - before}
    # of Python's own, that ends with this process: since 3.14 a semaphore starts it
    ours = {child: line.split("\0") for child, line in left.items() if "multiprocessing.resource_tracker" not in line}
    assert ours == {}, "a test left a process behind"


@pytest.fixture(autouse=True)
def _no_configuration_outlives_a_test() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    interrupted = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, interrupted)
    use_config(None)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(autouse=True)
def _no_authors_module_outlives_a_test() -> Iterator[None]:
    """Forget what a test imported from a folder of an author's: the next author's module may have the same name."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and name.partition(".")[0] not in _OURS and not file.startswith((sys.prefix, sys.base_prefix)):
            del sys.modules[name]


@pytest.fixture(scope="session")
def benches() -> Iterator[Callable[[str], Bench]]:
    """Give the function that returns a worker of a language for fits; the same one each time.

    Whoever asks for something of it alone, such as its end, starts one. That `triglot fit` takes a fresh one is tested
    with the commands.
    """
    with contextlib.ExitStack() as stack:
        made: dict[str, Bench] = {}
        environ = {**os.environ, "TRIGLOT_SIGNING_KEY": KEY.decode()}

        def of(language: str) -> Bench:
            require(language)
            if language not in made:
                with contextlib.chdir(Path(__file__).parent):  # which outlives the working directory of a test
                    made[language] = stack.enter_context(bench(language, environ))
            return made[language]

        yield of


@pytest.fixture
def hive() -> Iterator[Hive]:
    """Hold a run directory of the test's own, whose workers end with it."""
    made = Hive()
    yield made
    made.close()


@pytest.fixture
def worker(hive: Hive) -> Callable[..., object]:
    """Give the function that starts a real worker process: `worker(language, name, *arguments)`."""
    return hive.start


@pytest.fixture
def client(hive: Hive) -> Iterator[Client]:
    """Hold a client of the test's own run directory."""
    made = Client(hive.run_dir)
    yield made
    made.close()


@pytest.fixture(params=LANGUAGES, scope="module")
def language(request: pytest.FixtureRequest) -> str:
    """Give each language in turn; what starts a worker of it skips or fails where it is missing."""
    return str(request.param)
