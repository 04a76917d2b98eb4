"""What is known of the models of scopes, when several threads look into the store."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.helpers import KEY, PATIENCE_S
from triglot.artefact import seal
from triglot.serving.families import Families
from triglot.store import ModelStore

CARD = {"language": "python", "task": "regression", "spec": {}, "sources": {}, "runtime": {}, "created": "2026-01-01"}


class Slow:
    """A store that tells what is active only when it may: what was active when it was asked."""

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self.scopes = store.scopes
        self.asked, self.go_on = threading.Event(), threading.Event()

    def active(self) -> Mapping[str, int]:
        found = self._store.active()
        if not self.asked.is_set():
            self.asked.set()
            assert self.go_on.wait(PATIENCE_S)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_look_that_takes_long_does_not_bring_back_what_a_later_one_has_seen_go(tmp_path: Path) -> None:
    store = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    store.upgrade()
    for number in range(2):
        store.write("sales/a", seal(CARD, b"%d" % number, KEY), metadata={"scope": {"shop": "a"}})
    store.activate("sales/a", 1)
    slow = Slow(store)
    families = Families(slow, {})  # type: ignore[arg-type]
    first, later = (threading.Thread(target=families.look) for _ in range(2))
    first.start()
    assert slow.asked.wait(PATIENCE_S)
    store.activate("sales/a", 2)
    later.start()
    later.join(1)
    slow.go_on.set()
    for thread in (first, later):
        thread.join(PATIENCE_S)
    assert families.versions == {"sales/a": 2}
    store.close()
