"""What keeps models in one worker from touching each other, whatever their language.

A language has much once for the whole process: methods, options, patches of a library. So whenever a version was loaded
the others that are there are asked for their golden rows again, before the new one answers anything. Where one of them
answers otherwise the process is spoilt, because most of what an author's code does to it cannot be undone: it ends, to
be started again, and the new one is refused from then on.

Of one model the later version is the one that is wanted: there the earlier one goes.

Models of one family (`NAME/...`) that the same code has made do to a process what the first of them has done. So where
one comes to its like, one of each code is asked and not all: there may be many, and they come when somebody asks. A
worker that holds one version gives its like up for it, and asks nobody.
"""

import hashlib
import json
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triglot.errors import ArtefactRefused, WorkerMakesRoom
from triglot.hooks import LoadedVersion, WorkerCall
from triglot.languages.launch import HELD_VERSIONS
from triglot.workers.activity import Activity
from triglot.workers.doubts import Doubts, Name
from triglot.workers.ending import EXIT_SPOILT, End
from triglot.workers.golden_rows import GoldenRows, check_golden_rows
from triglot.workers.verdicts import Known, Verdict, Verdicts

logger = logging.getLogger("triglot.worker")

BUDGET_S = 1.0  # what a new version may be kept waiting for; who is not asked by then is asked in idle time
LONGEST_S = 5.0
COMING_S = 10.0  # a service loads all that it serves into a new worker within a second or two
REMEDY = "give one of them a worker of its own ('worker': 'own')"


@dataclass(frozen=True, slots=True, eq=False)
class _Neighbour:
    loaded: LoadedVersion
    seconds: float  # that its golden rows took
    code: str


class Neighbours(GoldenRows):
    """Asks for golden rows, a new version's and those of its neighbours, and has none beside one that it harms."""

    def __init__(
        self,
        versions: Callable[[], Mapping[str, Any]],
        run_dir: Path,
        activity: Activity,
        end: End,
        *,
        group: str = "",
        held: int = HELD_VERSIONS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(versions)
        self._held = held
        self._verdicts = Verdicts(run_dir, group)
        self._activity = activity
        self._end = end
        self._clock = clock
        self._begun = clock()
        self._here: OrderedDict[Known, _Neighbour] = OrderedDict()
        self._waiting: list[tuple[Known, Known]] = []  # who is to be asked in idle time, and because of whom
        self._failed: set[tuple[Known, ...]] = set()
        self._doubts = Doubts()

    def version_offered(self, offered: LoadedVersion) -> None:
        """Refuse what was found to harm a version that is here, or that is about to come; nothing of it is run."""
        self._forget_the_gone()
        while self._waiting:  # or nobody could tell which of two newcomers has changed them
            self._ask_waiting(0)
        self._look_again(self._clock() + BUDGET_S)
        newcomer = _known(offered)
        for verdict in self._verdicts.all():
            if verdict.refused != newcomer:
                continue
            if verdict.displaced:
                self._make_room(verdict)
            elif verdict.beside in self._here or self._clock() - self._begun < COMING_S:
                raise ArtefactRefused(verdict.reason)
        if self._is_judged_harmful_to(newcomer):
            self._end(EXIT_SPOILT, f"{newcomer} comes to a process that holds what was found to harm it")

    def version_loaded(self, loaded: LoadedVersion) -> None:
        """Ask for the new version's golden rows, then for those of all others; raises `ArtefactRefused`."""
        newcomer = _known(loaded)
        others = [other for other in self._here if other != newcomer]
        try:
            super().version_loaded(loaded)
        except ArtefactRefused as error:
            raise ArtefactRefused(_beside(others, str(error))) from None
        code, began = _code(loaded), self._clock()
        if not self._replaces_its_like(newcomer, code):
            self._ask_others(newcomer, self._clock() + BUDGET_S, code)
            began = self._clock()  # not before, because the first answer may wait for a compiler
            if self._differs(loaded):  # asking the others may have changed it
                raise ArtefactRefused(_beside(others, f"{newcomer} answers otherwise when it is asked again"))
        self._here[newcomer] = _Neighbour(loaded, self._clock() - began, code)
        self._doubts.proved((newcomer.model, newcomer.version), self._clock())
        self._drop_verdicts(newcomer)

    def call_failed(self, call: WorkerCall, error: BaseException, seconds: float) -> None:
        """Ask the others after a version that did not load, too: its code has run."""
        artefact = call.requests[0].artefact
        if call.op != "load" or artefact is None:
            return
        newcomer = Known(call.model, call.version, artefact.sha256)
        if (once := (newcomer, *self._here)) not in self._failed:  # it may be offered twice a second
            self._failed.add(once)
            self._ask_others(newcomer, self._clock() + BUDGET_S)

    def call_begun(self, call: WorkerCall) -> None:
        """Ask for golden rows before a request is answered by one for whom there was no time."""
        for place, (other, _) in enumerate(self._waiting):
            if (other.model, other.version) == (call.model, call.version):
                self._ask_waiting(place)
                return
        if call.op in ("predict", "predict_proba") and len(self._here) > 1:
            name = (call.model, call.version)
            if self._doubts.is_due(name, self._clock()):
                self._prove_again(name)
            self._doubts.called(name, self._clock())

    def _look_again(self, until: float) -> None:
        """Ask those beside whom others were called, before a newcomer's code runs and could be blamed for it."""
        for other, neighbour in self._one_of_each_code():
            name = (other.model, other.version)
            if self._doubts.since(name) and self._clock() + neighbour.seconds <= until:
                self._prove_again(name)

    def _prove_again(self, name: Name) -> None:
        """End the process where a version answers otherwise although nothing was loaded: a call has changed it."""
        for other, neighbour in self._here.items():
            if (other.model, other.version) != name:
                continue
            if differs := self._differs(neighbour.loaded):
                called = ", ".join(
                    f"version {version} of model {model!r}" for model, version in self._doubts.since(name)
                )
                logger.error("%s answers otherwise than at its fit: %s", other, differs)
                self._end(
                    EXIT_SPOILT,
                    f"{other} answers otherwise than at its fit, and nothing was loaded since it did not: a prediction "
                    f"has changed the process. Since then were called: {called}; {REMEDY}",
                )
        self._doubts.proved(name, self._clock())

    def worker_idle(self) -> None:
        """Ask one of those for whom there was no time."""
        if self._waiting and (neighbour := self._here.get(self._waiting[0][0])) is not None:
            with suppress(KeyboardInterrupt), self._activity.working(self._until(neighbour), 0):
                self._ask_waiting(0)

    def _ask_waiting(self, place: int) -> None:
        other, newcomer = self._waiting.pop(place)
        if (neighbour := self._here.get(other)) is not None:
            self._ask_other(other, neighbour, newcomer)

    def _until(self, neighbour: _Neighbour) -> float:
        return time.monotonic() + max(LONGEST_S, 3 * neighbour.seconds)

    def _one_of_each_code(self) -> list[tuple[Known, _Neighbour]]:
        """Return of the models that one code has made the one that was loaded last; the last of all comes first."""
        found = {neighbour.code: (known, neighbour) for known, neighbour in self._here.items()}
        return sorted(found.values(), key=lambda each: list(self._here).index(each[0]), reverse=True)

    def _replaces_its_like(self, newcomer: Known, code: str) -> bool:
        """Whether a worker that holds one version gives it up for one that the same code has made: nobody is beside."""
        self._forget_the_gone()
        others = [neighbour for known, neighbour in self._here.items() if known != newcomer]
        return self._held == 1 and bool(others) and all(neighbour.code == code for neighbour in others)

    def _ask_others(self, newcomer: Known, until: float, code: str = "") -> None:
        """Ask those that were loaded last first; all of them, unless the newcomer's code has run here before."""
        self._forget_the_gone()
        has_run = any(neighbour.code == code for known, neighbour in self._here.items() if known != newcomer)
        for other, neighbour in self._one_of_each_code() if has_run else reversed(list(self._here.items())):
            if other == newcomer:
                continue
            if self._late() or self._clock() + neighbour.seconds > until:
                self._waiting.append((other, newcomer))
            else:
                self._ask_other(other, neighbour, newcomer)

    def _ask_other(self, other: Known, neighbour: _Neighbour, newcomer: Known) -> None:
        """Ask one; where it answers otherwise it goes, if it is the same model's, else the process."""
        if not (differs := self._differs(neighbour.loaded)):
            return
        logger.error("%s answers otherwise since %s was loaded: %s", other, newcomer, differs)
        if other.model == newcomer.model:
            self._displace(other, newcomer)
            return
        reason = (
            f"{newcomer} changes what {other} answers in the same process, and is refused where that one is; {REMEDY}"
        )
        try:
            verdict = self._verdicts.note(Verdict(newcomer, other, reason))
        except OSError as error:
            self._end(EXIT_SPOILT, f"{reason}. This cannot be written into the run directory: {error}")
        else:
            self._end(EXIT_SPOILT, verdict.reason)

    def _differs(self, loaded: LoadedVersion) -> str:
        """Return what is other than in the manifest, twice in a row; nothing where all is well or time ran out."""
        trouble = ""
        for _ in range(2):
            trouble = _trouble(loaded)
            if not trouble or self._late():
                return ""
        return trouble

    def _late(self) -> bool:
        return time.monotonic() > (self._activity.busy_until or math.inf)

    def _displace(self, earlier: Known, later: Known) -> None:
        reason = f"{later} changes what {earlier} answers in the same process, and takes its place"
        with suppress(OSError):  # then it is found out again
            self._verdicts.note(Verdict(earlier, later, reason))
        neighbour = self._here.pop(earlier)
        if neighbour.loaded.forget is not None:
            neighbour.loaded.forget()

    def _make_room(self, verdict: Verdict) -> None:
        """Go in order where a version comes back that another one has displaced here: the next process can serve it."""
        if verdict.beside in self._here:
            logger.warning("%s is asked for again, which needs a new process: this worker goes", verdict.refused)
            self._activity.drain()
            raise WorkerMakesRoom(verdict.reason)

    def _is_judged_harmful_to(self, newcomer: Known) -> bool:
        """Whether another worker has found out that something that is here harms this version."""
        return any(
            each.beside == newcomer and each.refused in self._here and not each.displaced
            for each in self._verdicts.all()
        )

    def _drop_verdicts(self, accepted: Known) -> None:
        """Forget what concerns earlier versions of a model that has a new one, and what has proven to be over."""

        def over(verdict: Verdict) -> bool:
            if verdict.displaced:
                return False
            superseded = verdict.beside.model == accepted.model and verdict.beside != accepted
            return superseded or verdict.refused == accepted

        with suppress(OSError):
            self._verdicts.drop(over)

    def _forget_the_gone(self) -> None:
        """Forget versions that the worker no longer holds."""
        held = {Known(*each) for each in self._activity.holds}
        self._here = OrderedDict((known, each) for known, each in self._here.items() if known in held)
        self._waiting = [each for each in self._waiting if each[0] in self._here]
        self._doubts.keep({(known.model, known.version) for known in self._here})


def _known(loaded: LoadedVersion) -> Known:
    return Known(loaded.model, loaded.version, loaded.manifest.blob_sha256)


def _code(loaded: LoadedVersion) -> str:
    """Return what is alike for the models of a family that the same code has made, and another for each other model."""
    manifest, (family, slash, _) = loaded.manifest, loaded.model.partition("/")
    if not slash:
        return f"{loaded.model} {loaded.version}"
    made_by = [manifest.spec, manifest.sources, manifest.get("modules")]
    return f"{family} {hashlib.sha256(json.dumps(made_by, sort_keys=True, default=repr).encode()).hexdigest()}"


def _beside(others: Sequence[Known], trouble: str) -> str:
    """Return what is wrong with a newcomer, and first what was there before it: a long cause is cut at its end."""
    if not others:
        return trouble
    return f"in this process before it: {', '.join(map(str, others[-5:]))}; if it is well alone, {REMEDY}: {trouble}"


def _trouble(loaded: LoadedVersion) -> str:
    """Return what is wrong with a version's answers to its golden rows; its author's own words are for its log."""
    golden = loaded.manifest.golden
    if loaded.ask is None or golden is None:
        return ""
    try:
        check_golden_rows(golden, loaded.ask, lambda: "it did when it was loaded")
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""
