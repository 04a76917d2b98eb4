"""What a model of Python has for itself, also where it puts something of its own in the process's place."""

import os
import time
from collections.abc import Iterator

import pytest

from triglot.workers.python.world import World, Worlds

ENVIRON = os.environ


@pytest.fixture
def worlds() -> Iterator[Worlds]:
    before = dict(os.environ)
    made = Worlds()
    yield made
    made.enter(World(()))
    os.environ = ENVIRON  # noqa: B003
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)
    time.tzset()


def test_a_model_that_replaces_os_environ_has_its_variables_for_itself(worlds: Worlds) -> None:
    mine, other = World(()), World(())
    worlds.enter(mine)
    os.environ = {**os.environ, "MINE": "here"}  # type: ignore[assignment]  # noqa: B003

    worlds.enter(other)

    assert os.environ is ENVIRON
    assert "MINE" not in os.environ
    worlds.enter(mine)
    assert os.environ["MINE"] == "here"


def test_the_clock_of_the_process_follows_the_time_zone_of_each_model(worlds: Worlds) -> None:
    here, there = World(()), World(())
    worlds.enter(here)
    usual = time.tzname
    worlds.enter(there)
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()

    worlds.enter(here)

    assert time.tzname == usual
    worlds.enter(there)
    assert time.tzname[0] == "JST"
