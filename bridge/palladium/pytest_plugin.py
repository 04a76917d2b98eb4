"""Palladium's plugin for pytest: `pytest -p palladium`, or `pytest_plugins = 'palladium'` in a suite.

It has the fixtures and the option that suites of Palladium's users have, and is nobody's who does not ask for it.
"""

import importlib
import os
from collections.abc import Iterator
from typing import Any

import pytest

from triglot.aliases import ours
from triglot.config import Config, use_config


class _Set(Config):
    """A configuration that is the process's from the first entry on which a test gives it."""

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        use_config(self)

    def update(self, *entries: Any, **more: Any) -> None:
        super().update(*entries, **more)
        use_config(self)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the option that slow tests ask for."""
    parser.addoption("--runslow", action="store_true", help="run tests that are marked slow")


def pytest_configure(config: pytest.Config) -> None:
    """Know the mark, and keep the configuration of whoever calls pytest out of its tests."""
    config.addinivalue_line("markers", "slow: runs with --runslow")
    os.environ.pop("PALLADIUM_CONFIG", None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is slow, unless that is asked for."""
    if "slow" in item.keywords and not item.config.getoption("--runslow", default=False):
        pytest.skip("slow: runs with -p palladium --runslow")


@pytest.fixture(autouse=True)
def config() -> Iterator[Config]:
    """Hold the configuration of a test: what it sets is that of the process, which else is loaded when it is asked."""
    use_config(None)
    yield _Set()
    use_config(None)


@pytest.fixture
def flask_app(config: Config) -> Iterator[Any]:
    """Give an application of the test's own: its first request makes it of the files that the environment names."""
    server, wsgi = (importlib.import_module(ours(f"palladium.{name}")) for name in ("server", "wsgi"))
    wsgi.forget()
    yield server.app
    wsgi.forget()


@pytest.fixture
def flask_app_test(flask_app: Any) -> Any:
    """Give the same: routes that a test adds end with it."""
    return flask_app
