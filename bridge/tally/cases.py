"""Which versions have ended workers, and which of them are in quarantine, for all processes of a service together.

Deaths are rare, so they are kept in one small file of the run directory, which whoever changes it locks and replaces.
To look whether there is anything new costs a request a comparison of times, and ten times a second a system call.
"""

import contextlib
import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, TypeAlias

from triglot.errors import EstimatorFailed, VersionQuarantined
from triglot.protocol.messages import Op
from triglot.tally.counters import Counters
from triglot.tally.files import DEATH
from triglot.tally.quarantine import Case, Quarantine
from triglot.tally.slots import FOLDER

logger = logging.getLogger("triglot.quarantine")

# a model's name, the number of a version, and its checksum
Key: TypeAlias = tuple[str, int, str]

LOOK_S: Final = 0.1
TRIAL_S: Final = 5.0  # that a trial may take beyond its request's own time
_NAME = "quarantine.json"
_LOCK = "quarantine.lock"
_PREDICTIONS: Final = ("predict", "predict_proba")
_ORDINARY: Final = contextlib.nullcontext(False)


class Held(NamedTuple):
    """Why a version is in quarantine, and in how many seconds a request may try it again."""

    cause: str
    left_s: float


class Cases:
    """What is known of versions that end workers.

    It is shared by all processes of a run directory; without one, or where nothing can be written there, it is this
    process's alone. `counters` count every worker that ended, `clock` is one that all processes share and that never
    goes back.
    """

    def __init__(
        self,
        run_dir: Path | None,
        terms: Quarantine | None = None,
        counters: Counters | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self.terms = terms or Quarantine()
        self._folder = None if run_dir is None else run_dir / FOLDER
        self._counters = counters or Counters(None)
        self._cases: Mapping[Key, Case] = {}
        self._held: Mapping[Key, Case] = {}
        self._stamp: tuple[int, ...] = ()
        self._due_s = 0.0
        self._lock = threading.Lock()

    def admitted(self, version: Key, timeout_s: float) -> contextlib.AbstractContextManager[bool]:
        """Return what stands around a request to a version; it gives whether this is the one that tries it again.

        Raises `VersionQuarantined` where the version is not to be asked. timeout_s: how long the request may take.
        """
        now = self._clock()
        if now >= self._due_s:
            self._look(now)
        if not self._held or version not in self._held:
            return _ORDINARY
        self._refuse(version, self._held[version], now)
        with self._changing() as cases:
            case = cases.get(version, Case())
            if not case.is_held:
                return _ORDINARY
            self._refuse(version, case, now)  # another one may try it by now
            cases[version] = case._replace(trial=now + timeout_s + TRIAL_S)
        logger.info("version %d of model %s is tried again", version[1], version[0])
        return _Trial(self, version)

    def died(self, version: Key, pool: str, op: Op, reason: str) -> None:
        """Note that a worker of a pool ended while it worked on nothing but this; loads count for no quarantine."""
        model, number, _ = version
        self._counters.count(DEATH, model, str(number), pool, op)
        if op not in _PREDICTIONS or not self.terms.deaths:
            return
        with self._changing() as cases:
            case = cases[version] = cases.get(version, Case()).after_death(self._clock(), reason, self.terms)
        if case.is_held:
            told = "version %d of model %s is not asked for %g s: %s"
            logger.error(told, number, model, self.terms.for_s, case.cause)

    def check(self, version: Key) -> None:
        """Return while a version may be asked; raises `VersionQuarantined`."""
        now = self._clock()
        self._look(now)
        if version in self._held:
            raise self._error(version, self._held[version], now)

    def held(self) -> dict[Key, Held]:
        """Return the versions that are in quarantine."""
        now = self._clock()
        self._look(now)
        return {version: Held(case.cause, case.left_s(now)) for version, case in self._held.items()}

    def release(self, model: str | None = None, number: int | None = None) -> list[Key]:
        """Have versions asked again, and what they did forgotten: all, or those of a model, or one; return which."""
        with self._changing() as cases:
            chosen = [key for key in cases if model in (None, key[0]) and number in (None, key[1])]
            released = [key for key in chosen if cases.pop(key).is_held]
        return sorted(released)

    def tried(self, version: Key, *, well: bool) -> None:
        """Note that a trial is over: the version is asked as before, or where nothing came of it, tried anew.

        One that has ended a worker meanwhile is on trial no more, and stays where it is.
        """
        with self._changing() as cases:
            case = cases.get(version, Case())
            if not case.trial:
                return
            if well:
                del cases[version]
                logger.info("version %d of model %s has answered and is asked again", version[1], version[0])
            else:
                cases[version] = case._replace(trial=0.0)

    def _refuse(self, version: Key, case: Case, now: float) -> None:
        if case.left_s(now):
            raise self._error(version, case, now)

    def _error(self, version: Key, case: Case, now: float) -> VersionQuarantined:
        model, number, _ = version
        return VersionQuarantined(
            f"version {number} of model {model!r} is in quarantine: {case.cause}; it is tried again by itself. "
            f"Activate another version, or have this one asked at once: triglot release {model}",
            model=model,
            version=number,
            cause=case.cause,
            retry_after_s=case.left_s(now),
        )

    def _look(self, now: float) -> None:
        """Take in what other processes have noted."""
        self._due_s = now + LOOK_S
        if self._folder is None or not self.terms.deaths:
            return
        stamp = self._stamp_now()
        if stamp != self._stamp:
            with self._lock:
                self._take(self._read(), stamp)

    def _stamp_now(self) -> tuple[int, ...]:
        assert self._folder is not None
        try:
            found = os.stat(self._folder / _NAME)
        except OSError:
            return ()
        return (found.st_mtime_ns, found.st_ino, found.st_size)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[Key, Case]]:
        """Give the cases to be changed, which nobody else does meanwhile; an error in the block leaves them."""
        with self._lock, self._alone():
            cases = self._read()
            yield cases
            self._write(cases)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes out."""
        if self._folder is None:
            yield
            return
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            file = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            self._keep_to_oneself(error)
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)

    def _read(self) -> dict[Key, Case]:
        if self._folder is None:
            return dict(self._cases)
        try:
            told = json.loads((self._folder / _NAME).read_text("utf-8"))
            found = {(str(model), int(number), str(sha256)): _case(said) for model, number, sha256, said in told}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError) as error:
            logger.warning("what is known of versions that end workers cannot be read and is forgotten: %s", error)
            return {}
        now = self._clock()
        return {key: case for key, case in found.items() if not case.is_over(now, self.terms)}

    def _write(self, cases: dict[Key, Case]) -> None:
        stamp: tuple[int, ...] = ()
        if self._folder is not None:
            try:
                half = self._folder / f"{_NAME}.new"
                half.write_text(json.dumps([[*key, case] for key, case in cases.items()]), "utf-8")
                half.replace(self._folder / _NAME)
                stamp = self._stamp_now()
            except OSError as error:
                self._keep_to_oneself(error)
        self._take(cases, stamp)

    def _take(self, cases: Mapping[Key, Case], stamp: tuple[int, ...]) -> None:
        self._cases = cases
        self._held = {key: case for key, case in cases.items() if case.is_held}
        self._stamp = stamp

    def _keep_to_oneself(self, error: OSError) -> None:
        logger.warning("this process alone knows which versions end workers: %s", error.strerror)
        self._folder = None


class _Trial:
    """Stands around the one request that tries a version again, and tells what came of it."""

    __slots__ = ("_cases", "_version")

    def __init__(self, cases: Cases, version: Key) -> None:
        self._cases = cases
        self._version = version

    def __enter__(self) -> bool:
        return True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._cases.tried(self._version, well=error is None or isinstance(error, EstimatorFailed))


def _case(said: Any) -> Case:
    deaths, ended, until, trial, reason = said
    return Case(tuple(map(float, deaths)), int(ended), float(until), float(trial), str(reason))
