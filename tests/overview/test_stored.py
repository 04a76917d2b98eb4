"""Versions for whoever looks again and again: a store that is slow or away keeps nobody waiting."""

import threading
from typing import Any, cast

from tests.helpers import until
from triglot.errors import StoreError
from triglot.overview.stored import StoredVersions
from triglot.persister import Persister


class Store:
    """A persister of which only the list is asked, and which may be slow or away."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.looks = 0
        self.away = False

    def list(self, model: str | None = None) -> list[Any]:
        """Return nothing, once it may."""
        self.looks += 1
        self.gate.wait()
        if self.away:
            raise StoreError("away")
        return []


def versions(store: Store) -> StoredVersions:
    return StoredVersions(cast(Persister, store))


def test_looks_that_come_together_are_one() -> None:
    store = Store()
    seen = versions(store)

    assert [list(seen.all()) for _ in range(5)] == [[]] * 5
    assert store.looks == 1
    seen.forget()
    seen.all()
    assert store.looks == 2


def test_nobody_waits_for_a_store_that_does_not_answer() -> None:
    store = Store()
    store.gate.clear()
    seen = versions(store)

    assert [list(seen.all()) for _ in range(3)] == [[]] * 3  # and returns
    assert store.looks == 1
    store.gate.set()
    until(lambda: seen._due > 0)


def test_a_store_that_is_away_leaves_what_was_known() -> None:
    store = Store()
    store.away = True

    assert list(versions(store).all()) == []
