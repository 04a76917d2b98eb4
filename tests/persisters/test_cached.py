"""A rule decides when a service follows an activation; everything else goes straight through."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from triglot.artefact import Artefact
from triglot.decorators import use_decorators
from triglot.errors import ConfigError, StoreError
from triglot.persister import Persister
from triglot.persisters.cached import CachedUpdatePersister
from triglot.persisters.database import Database
from triglot.persisters.file import File
from triglot.store import ModelStore

Make = Callable[..., Artefact]


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.current = datetime(2026, 1, 2, 10, 15)

    def __call__(self, zone: Any) -> datetime:
        return self.current.replace(tzinfo=zone)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, artefact: Make) -> Persister:
    made = ModelStore(f"sqlite:///{tmp_path}/store.db")
    for _ in range(3):
        made.write("iris", artefact())
    return made


def test_without_a_rule_activations_show_at_once(store: Persister) -> None:
    cached = CachedUpdatePersister(store)
    assert isinstance(cached, Persister)
    assert cached.active() == {}
    for version in (1, 2, 1):
        cached.activate("iris", version)
        assert cached.active() == {"iris": version}


def test_with_a_rule_activations_show_at_its_next_occurrence(store: Persister, clock: Clock) -> None:
    cached = CachedUpdatePersister(store, update_cache_rrule={"freq": "HOURLY"}, now=clock)
    store.activate("iris", 1)
    assert cached.active() == {"iris": 1}
    store.activate("iris", 2)
    clock.current += timedelta(minutes=44)
    assert cached.active() == {"iris": 1}
    assert cached.aliases("iris") == {"active": 2}
    clock.current += timedelta(minutes=1)  # 11:00, as hours are counted from midnight
    assert cached.active() == {"iris": 2}
    store.activate("iris", 3)
    assert cached.active() == {"iris": 2}
    clock.current += timedelta(hours=5)
    assert cached.active() == {"iris": 3}


def test_until_something_is_active_nothing_is_waited_for(store: Persister, clock: Clock) -> None:
    cached = CachedUpdatePersister(store, update_cache_rrule={"freq": "DAILY"}, now=clock)
    assert cached.active() == {}
    store.activate("iris", 1)
    assert cached.active() == {"iris": 1}


def test_an_update_by_hand_does_not_wait(store: Persister, clock: Clock) -> None:
    cached = CachedUpdatePersister(store, update_cache_rrule={"freq": "DAILY"}, now=clock)
    store.activate("iris", 1)
    assert cached.active() == {"iris": 1}
    store.activate("iris", 2)
    assert cached.active() == {"iris": 1}
    assert cached.update_cache() == {"iris": 2}
    assert cached.active() == {"iris": 2}


def test_taking_over_is_a_point_of_decorators(store: Persister, clock: Clock) -> None:
    seen: list[Any] = []

    def watch(func: Callable[..., Any]) -> Callable[..., Any]:
        def call(persister: CachedUpdatePersister) -> Any:
            seen.append(func(persister))
            return seen[-1]

        return call

    use_decorators(lambda key: [watch] if key == "update_model_decorators" else [])
    cached = CachedUpdatePersister(store, update_cache_rrule={"freq": "HOURLY"}, now=clock)
    for _ in range(2):
        assert cached.active() == {}
    store.activate("iris", 1)
    for _ in range(2):
        assert cached.active() == {"iris": 1}
    assert seen == [{"iris": 1}]
    clock.current += timedelta(hours=1)
    for _ in range(2):
        cached.active()
    assert seen == [{"iris": 1}, None]  # looked, and found what was there
    store.activate("iris", 2)
    assert CachedUpdatePersister(store, check_version=False).active() == {"iris": 2}
    assert cached.update_cache() == {"iris": 2}
    assert seen[2:] == [{"iris": 2}, {"iris": 2}]


def test_an_occurrence_that_the_store_missed_is_made_up_for(store: Persister, clock: Clock, tmp_path: Path) -> None:
    cached = CachedUpdatePersister(store, update_cache_rrule={"freq": "HOURLY"}, now=clock)
    store.activate("iris", 1)
    assert cached.active() == {"iris": 1}
    store.activate("iris", 2)
    clock.current += timedelta(hours=1)
    cached.impl = File(f"{tmp_path}/store.db/m-{{version}}")  # a file where a folder should be
    with pytest.raises(StoreError):
        cached.active()
    cached.impl = store
    assert cached.active() == {"iris": 2}


def test_a_forked_process_follows_for_itself(store: Persister, clock: Clock) -> None:
    cached = CachedUpdatePersister(store, update_cache_rrule={"freq": "DAILY"}, now=clock)
    store.activate("iris", 1)
    assert cached.active() == {"iris": 1}
    store.activate("iris", 2)
    child = os.fork()
    if not child:
        os._exit(0 if cached.active() == {"iris": 2} else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert cached.active() == {"iris": 1}


def test_a_version_that_is_asked_for_is_the_one_that_is_read(store: Persister, artefact: Make) -> None:
    cached = CachedUpdatePersister(store)
    version = cached.write("iris", artefact(b"four"), metrics={"a": 1}, metadata={"b": 2})
    cached.activate("iris", 1)
    assert cached.read("iris", version).artefact.blob == b"four"
    assert cached.read("iris").version == 1
    assert cached.info("iris", version).metrics == {"a": 1}
    assert [info.version for info in cached.list("iris")] == [1, 2, 3, 4]
    cached.delete("iris", version)
    cached.deactivate("iris")
    assert cached.list() == store.list()
    assert cached.properties() == store.properties()
    cached.upgrade()
    cached.close()


@pytest.mark.parametrize("rule", [{}, {"freq": "HURLY"}, {"freq": "DAILY", "every": 2}, "DAILY"])
def test_a_rule_that_is_none_is_refused(store: Persister, rule: Any) -> None:
    with pytest.raises(ConfigError, match="rule"):
        CachedUpdatePersister(store, update_cache_rrule=rule)


def test_what_is_no_persister_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"impl is of type dict and no persister: it lacks .*activate"):
        CachedUpdatePersister({})  # type: ignore[arg-type]


def test_palladiums_database_is_a_store_that_names_its_model_where_there_is_a_postfix(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/iris.db"
    store = Database(url=url, poolclass=None, chunk_size=1000)
    assert isinstance(store, ModelStore)
    store.initialize_component({})
    postfixed = Database(url=url, table_postfix="iris")
    with pytest.raises(ConfigError, match="add 'model_name': 'iris' to the configuration"):
        postfixed.initialize_component({})
    postfixed.initialize_component({"model_name": "iris"})
