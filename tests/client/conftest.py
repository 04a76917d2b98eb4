"""A store of the models that callers' clients ask, fitted once, and services that start from it."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.functional.running import Running, folder, quick

CONFIG = Path(__file__).parent / "authors" / "orders-config.py"


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Running]]:
    """Give the function that starts a service of every model here; all end with the session."""
    fitted = tmp_path_factory.mktemp("fitted")
    done = quick("-c", str(CONFIG), "fit", cwd=fitted, TRIGLOT_STORE=f"sqlite:///{fitted}/triglot.db")
    assert done.returncode == 0, done.stdout + done.stderr
    with contextlib.ExitStack() as stack:

        def started() -> Running:
            place = stack.enter_context(folder())
            shutil.copy(fitted / "triglot.db", place)
            made = Running(place, CONFIG, "--workers=python=2")
            stack.callback(made.close)
            return made

        yield started


@pytest.fixture(scope="session")
def service(start: Callable[[], Running]) -> Running:
    """Give a service that is ready."""
    made = start()
    made.wait_until_ready()
    return made


@pytest.fixture
def url(service: Running) -> str:
    """Give its address."""
    return f"http://127.0.0.1:{service.port}"
