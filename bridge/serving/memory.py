"""Which version of each model answered last: a small file in the run directory, for whoever comes after a restart."""

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path

from triglot import this_process
from triglot.dispatch.loads import Version

_FILE = "answered"


class Memory:
    """What was noted in a run directory, by this process or another; without one nothing is kept."""

    def __init__(self, run_dir: Path | None = None) -> None:
        self._file = None if run_dir is None else run_dir / _FILE

    def version(self, model: str) -> Version | None:
        """Return the version of a model that answered last."""
        found = self._read().get(model)
        return (model, int(found[0]), str(found[1])) if isinstance(found, list) and len(found) == 2 else None

    def note(self, versions: Iterable[Version]) -> None:
        """Note these versions of their models; a directory that nobody may write to is not worth an outage."""
        if self._file is None:
            return
        content = self._read() | {model: [version, sha256] for model, version, sha256 in versions}
        half = self._file.with_suffix(f".{this_process.pid()}")
        with contextlib.suppress(OSError):
            half.write_text(json.dumps(content), "utf-8")
            half.replace(self._file)

    def _read(self) -> dict[str, object]:
        try:
            found = {} if self._file is None else json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
