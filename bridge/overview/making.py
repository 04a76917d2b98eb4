"""The overview of a service, made of what the service knows, of its store and of its jobs."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from triglot import __version__
from triglot.dispatch.routing import WorkerView
from triglot.drift.comparison import Drift
from triglot.languages.pools import language_of, pool_of
from triglot.overview import drifting
from triglot.overview.stored import StoredVersions
from triglot.overview.troubles import condition, troubles
from triglot.overview.value import Count, Family, Job, Jobs, Model, Overview, Pace, Process, State, Version
from triglot.persister import ACTIVE, NOT_PROVED, VersionInfo
from triglot.serving.served import Standing
from triglot.serving.service import Service
from triglot.store.recent_jobs import RecentJobs
from triglot.supervision.status import Program
from triglot.supervision.supervisord import program_of
from triglot.supervision.usage import used
from triglot.tally.lately import Lately
from triglot.tally.sums import Totals

_NS_PER_S, _NS_PER_MS = 1e9, 1e6
_WORKERS = program_of("")
_NONE = Lately()
MOST_VERSIONS = 100  # of a model are shown, beside those that are in use


class Lookout:
    """Looks at a service for whoever asks; what can be slow is asked for a short while only.

    runner: whether a runner was started that carries out jobs. changeable: whether there are routes that change things.
    """

    def __init__(
        self, service: Service, recent: RecentJobs | None, *, runner: bool = False, changeable: bool = False
    ) -> None:
        self._service = service
        self._recent = recent
        self._runner = runner
        self._changeable = changeable
        self._versions = StoredVersions(service.store)

    def refresh(self) -> None:
        """Have the next overview show what has just been changed in the store."""
        self._versions.forget()

    def overview(self) -> Overview:
        """Return how the service is now."""
        service, at = self._service, datetime.now(UTC)
        seen = _Seen(service.tallies.totals(), service.lately(), service.drift())
        models = list(self._models(seen))
        workers, programs = _processes(service)
        jobs = self._jobs()
        found = troubles(
            models,
            seen.sick,
            service.in_quarantine(),
            [*workers, *programs],
            jobs,
            runner=self._runner,
            store_away=bool(service.trouble),
            at=at,
        )
        return {
            "at": at.isoformat(timespec="milliseconds"),
            "triglot_version": __version__,
            "condition": condition(found, models),
            "changeable": self._changeable,
            "lately": _pace(reduce(Lately.plus, seen.lately.values(), _NONE)),
            "since_start": _count(seen.totals.values()),
            "models": models,
            "families": list(self._families(seen)),
            "workers": workers,
            "programs": programs,
            "jobs": jobs,
            "store": "away" if service.trouble else "ok",
            "troubles": found,
        }

    def _models(self, seen: "_Seen") -> Iterator[Model]:
        """Yield the models that have versions, in the order of their names."""
        standings, stored = self._service.standings(), self._versions.all()
        known: dict[str, dict[int, VersionInfo]] = {name: {} for name in standings}
        for info in stored:
            known.setdefault(info.model, {})[info.version] = info
        for name, versions in sorted(known.items()):
            standing = standings.get(name)
            for served in () if standing is None else (standing.active, standing.answers or standing.active):
                versions.setdefault(served.version, served.info)  # of a store that has not been looked into yet
            if versions:
                yield self._model(name, standing, list(versions.values()), seen)

    def _model(self, name: str, standing: Standing | None, infos: Sequence[VersionInfo], seen: "_Seen") -> Model:
        active = None if standing is None else standing.active.version
        answers = None if standing is None else standing.answers
        newest = max(infos, key=lambda info: info.version)
        info = newest if standing is None else (answers or standing.active).info
        ordered = sorted(infos, key=lambda info: -info.version)
        kept = {active, info.version} | {each.version for each in ordered[:MOST_VERSIONS]}
        shown = [each for each in ordered if each.version in kept or each.aliases]
        model: Model = {
            "name": name,
            "active": active,
            "answers": None if answers is None else answers.version,
            "language": info.language,
            "task": info.task,
            "pool": pool_of(info.language) if standing is None else standing.active.pool,
            "workers": 0 if answers is None else self._service.holders(answers),
            "stored": len(infos),
            "versions": [_version(each, active, seen) for each in shown],
            "lately": _pace(seen.of_model.get(name, _NONE)),
        }
        asked = self._service.rows_asked
        if asked is not None and answers is not None:
            model["drift"] = drifting.told(seen.drift.get((name, answers.version)), asked.terms)
        held = None if answers is None else self._service.quarantined(answers)
        if held is not None:
            model["quarantined"] = {"cause": held.cause, "next_try_s": math.ceil(held.left_s)}
        if standing is not None and standing.refusal is not None and standing.error is not None:
            model["not_loadable"] = {
                "version": standing.active.version,
                "cause": standing.refusal.cause,
                "tries": standing.refusal.tries,
                "next_try_s": math.ceil(standing.error.retry_after_s),
            }
        return model

    def _families(self, seen: "_Seen") -> Iterator[Family]:
        for name, family in sorted(self._service.families().items()):
            yield {
                "name": name,
                "language": family.language,
                "columns": list(family.columns),
                "scopes": len(family.versions),
                "lately": _pace(seen.lately.get((name, 0), _NONE)),
                "since_start": _count([seen.totals.get((name, 0), Totals())]),
            }

    def _jobs(self) -> Jobs:
        if self._recent is None:
            return {"states": {}, "newest": []}
        newest: list[Job] = [
            {
                "id": job.id,
                "func": job.kind,
                "status": job.state,
                "created": job.created,
                "started": job.started,
                "finished": job.finished,
                "progress": _plain_progress(job.progress),
            }
            for job in self._recent.newest()
        ]
        return {"states": dict(self._recent.counts()), "newest": newest}


class _Seen:
    """What was counted: since the start, and lately; and how far that is from training."""

    def __init__(
        self,
        totals: Mapping[tuple[str, int], Totals],
        lately: Mapping[tuple[str, int], Lately],
        drift: Mapping[tuple[str, int], Drift],
    ) -> None:
        self.totals = totals
        self.lately = lately
        self.drift = drift
        self.sick = {version: each for version, each in lately.items() if each.is_sick}
        self.of_model: dict[str, Lately] = {}
        for (model, _), each in lately.items():
            self.of_model[model] = self.of_model.get(model, _NONE).plus(each)


def _version(info: VersionInfo, active: int | None, seen: _Seen) -> Version:
    others = [alias for alias in info.aliases if alias != ACTIVE]
    key = (info.model, info.version)
    return {
        "version": info.version,
        "created": info.created.isoformat(),
        "language": info.language,
        "aliases": [ACTIVE, *others] if info.version == active else others,
        "scores": {name: score for name, score in info.metrics.items() if isinstance(score, int | float)},
        "size": info.size,
        "proved": NOT_PROVED not in info.metadata,
        "lately": _pace(seen.lately.get(key, _NONE)),
        "since_start": _count([seen.totals.get(key, Totals())]),
    }


def _processes(service: Service) -> tuple[list[Process], list[Process]]:
    """Return the workers, with those that are supervised and not there, and the other programs."""
    troubled, programs = service.troubles(), service.programs()
    views = {view.endpoint.name: view for view in service.workers()}
    workers, others = [], []
    for program, known in sorted(programs.items()):
        group, _, name = program.partition(":")
        if group.startswith(_WORKERS):
            view = views.pop(name, None)
            workers.append(_process(name, program, group.removeprefix(_WORKERS), known, view, troubled))
        else:
            others.append(_process(name or program, program, "", known, None, troubled))
    workers += [_process(name, "", view.pool, None, view, troubled) for name, view in sorted(views.items())]
    return workers, others


def _process(
    name: str,
    program: str,
    pool: str,
    known: Program | None,
    view: WorkerView | None,
    troubled: Mapping[str, str],
) -> Process:
    pid = 0 if known is None else known["pid"]
    exits = {} if known is None else known["exits"]
    crash = None if known is None else known.get("crash")
    return {
        "name": name,
        "program": program,
        "language": language_of(pool),
        "pool": pool,
        "state": _state(pool, known, view),
        "memory": used(pid).resident_bytes if pid else None,
        "restarts": None if known is None else max(0, known["starts"] - 1),
        "crashes": {how: count for how, count in exits.items() if how not in ("in order", "stopped")},
        "crash": None if crash is None else {"how": crash["how"], "at": _time(crash["at"])},
        "trouble": troubled.get(program, "") if program else "",
    }


def _state(pool: str, known: Program | None, view: WorkerView | None) -> State:
    if known is not None and not known["pid"]:
        return "down"
    if not pool:
        return "running"
    if view is None:
        return "starting"
    return "ready" if view.ready else "silent" if view.silent else "draining" if view.alive else "down"


def _pace(lately: Lately) -> Pace:
    pace = lately.pace
    return {
        "seconds": round(lately.seconds, 1),
        "requests": lately.requests,
        "failed": lately.failed,
        "codes": dict(lately.codes),
        "rows": pace.rows,
        "calls": pace.calls,
        "mean_ms": _milliseconds(pace.ns / pace.answered / _NS_PER_MS if pace.answered else None),
        "p50_ms": _milliseconds(lately.quantile_ms(0.5)),
        "p95_ms": _milliseconds(lately.quantile_ms(0.95)),
    }


def _milliseconds(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _count(totals: Iterable[Totals]) -> Count:
    count: Count = {"requests": 0, "failed": 0, "rows": 0, "calls": 0, "seconds": 0.0}
    for of in totals:
        count["requests"] += of.success.count + of.fail.count
        count["failed"] += of.fail.count
        count["rows"] += of.rows
        count["calls"] += of.calls
        count["seconds"] += of.success.ns / _NS_PER_S
    return count


def _plain_progress(progress: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return how far a job is, without what it says of an error, which may be of its rows."""
    return None if progress is None else {name: value for name, value in progress.items() if name != "error"}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
