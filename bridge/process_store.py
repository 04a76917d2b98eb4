"""What one process keeps and shows to its operators: values by name, and when each was set."""

import copy
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime
from typing import Any


class ProcessStore(MutableMapping[str, Any]):
    """A dict whose `mtime[key]` is the local time at which a value was last set; safe for threads.

    Examples:
        >>> store = ProcessStore(data=1)
        >>> store["data"], store.mtime["data"] <= datetime.now()
        (1, True)
    """

    def __init__(self, *mappings: Mapping[str, Any], **entries: Any) -> None:
        self._lock = threading.RLock()
        self._entries: dict[str, Any] = {}
        self.mtime: dict[str, datetime] = {}
        for mapping in (*mappings, entries):
            self.update(mapping)

    def __getitem__(self, key: str) -> Any:
        return self._entries[key]

    def __setitem__(self, key: str, value: Any) -> None:
        with self._lock:
            self._entries[key] = value
            self.mtime[key] = datetime.now()

    def __delitem__(self, key: str) -> None:
        with self._lock:
            del self._entries[key]
            del self.mtime[key]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __deepcopy__(self, memo: dict[int, Any]) -> "ProcessStore":
        """Return a store of copies, whose times are those of the copy; suites keep one and put it back."""
        return ProcessStore(copy.deepcopy(dict(self), memo))

    def __repr__(self) -> str:
        return f"ProcessStore({', '.join(sorted(self._entries))})"


process_store = ProcessStore(process_metadata={})
