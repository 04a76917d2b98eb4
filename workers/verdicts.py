"""Which versions may not be beside which others in one process: a small file in the run directory.

A process that one model has spoilt for another ends, and what was found out must outlive it, for all workers of the run
directory. A version is known by its model, its number and its bytes. A group of models that has workers apart has a
file of its own: what was found out where a model was before does not keep it from where it is now.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "refused.json"
MOST = 200  # the oldest are forgotten


@dataclass(frozen=True, slots=True)
class Known:
    """A version by all that distinguishes it."""

    model: str
    version: int
    sha256: str

    def __str__(self) -> str:
        return f"version {self.version} of model {self.model!r}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """That a version is not to be where another one is, and why; of one model the later version displaces the other."""

    refused: Known
    beside: Known
    reason: str

    @property
    def displaced(self) -> bool:
        """Whether both are versions of one model, so that whichever is asked for gets a process without the other."""
        return self.refused.model == self.beside.model

    def settles(self, other: "Verdict") -> bool:
        """Whether nothing more is to be judged: one of two models is refused, versions of one displace each other."""
        if self.displaced:
            return (self.refused, self.beside) == (other.refused, other.beside)
        return {self.refused, self.beside} == {other.refused, other.beside}


class Verdicts:
    """What all workers of a run directory, or of one group there, have found out."""

    def __init__(self, run_dir: Path, group: str = "") -> None:
        self._run_dir = run_dir
        self._file = f"refused.{group}.json" if group else FILE

    def all(self) -> list[Verdict]:
        """Return the verdicts, the oldest first; none where the file cannot be read."""
        try:
            found = json.loads((self._run_dir / self._file).read_text("utf-8"))
            return [Verdict(Known(**each["refused"]), Known(**each["beside"]), str(each["reason"])) for each in found]
        except (OSError, ValueError, TypeError, KeyError):
            return []

    def note(self, verdict: Verdict) -> Verdict:
        """Keep a verdict, and return the one that holds: of several workers the first to judge two versions is right.

        Raises `OSError` where it cannot be kept.
        """
        with self._alone():
            known = self.all()
            for each in known:
                if each.settles(verdict):
                    return each
            self._write([*known, verdict])
        return verdict

    def drop(self, over: Callable[[Verdict], bool]) -> None:
        """Forget the verdicts that this holds for; raises `OSError` where that cannot be kept."""
        if any(over(each) for each in self.all()):
            with self._alone():
                self._write([each for each in self.all() if not over(each)])

    def _write(self, verdicts: list[Verdict]) -> None:
        half = self._run_dir / f".{self._file}.{os.getpid()}"
        try:
            half.write_text(json.dumps([asdict(each) for each in verdicts[-MOST:]]), "utf-8")
            half.replace(self._run_dir / self._file)
        finally:
            half.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other workers from changing the file meanwhile."""
        folder = os.open(self._run_dir, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
