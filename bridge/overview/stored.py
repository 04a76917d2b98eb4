"""The versions of a store for whoever looks at them again and again, and must not wait for a store that is slow."""

import contextlib
import threading
import time
from collections.abc import Sequence

from triglot.persister import Persister, VersionInfo
from triglot.store.scopes import versions_without_scopes

FRESH_S = 2.0
PATIENCE_S = 0.25
_SHARE = 20  # a look is followed by a pause of at least this many times its length


class StoredVersions:
    """All versions but those of scopes' models, as they were at the last look, which is not long ago."""

    def __init__(self, store: Persister) -> None:
        self._store = store
        self._known: Sequence[VersionInfo] = ()
        self._due = 0.0
        self._lock = threading.Lock()
        self._looking: threading.Thread | None = None

    def all(self) -> Sequence[VersionInfo]:
        """Return the versions within a quarter of a second: what was known last, where the store does not answer."""
        with self._lock:
            looking = self._looking
            if (looking is None or not looking.is_alive()) and time.monotonic() >= self._due:
                looking = self._looking = threading.Thread(target=self._look, name="triglot-versions", daemon=True)
                looking.start()
        if looking is not None:
            looking.join(PATIENCE_S)
        return self._known

    def forget(self) -> None:
        """Have the next look be one into the store, as something has changed there."""
        self._due = 0.0

    def _look(self) -> None:
        begun = time.monotonic()
        with contextlib.suppress(Exception):  # the catalogue looks into the same store and tells of its trouble
            self._known = versions_without_scopes(self._store)
        now = time.monotonic()
        self._due = now + max(FRESH_S, _SHARE * (now - begun))
