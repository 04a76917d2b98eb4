"""What is wrong with a service, and what was lately, each with its remedy: read off the parts of an overview."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from triglot.overview.remedies import kind_of, remedy
from triglot.overview.value import ColumnDrift, Condition, Jobs, Model, Process, Trouble
from triglot.tally.cases import Held
from triglot.tally.lately import Lately

VersionOf: TypeAlias = tuple[str, int]

DRIFT: Final = "drift"
_FEW = 3  # columns that are named
SHOWN_FOR: Final = timedelta(hours=1)  # so long ends of processes are told of, which are over by then


def troubles(
    models: Sequence[Model],
    sick: Mapping[VersionOf, Lately],
    held: Mapping[VersionOf, Held],
    processes: Iterable[Process],
    jobs: Jobs,
    *,
    runner: bool,
    store_away: bool,
    at: datetime,
) -> list[Trouble]:
    """Return what is wrong, and then what was within the last hour, the latest first.

    sick: the versions that fail or end workers. held: those in quarantine. runner: whether one was started that
    carries out jobs.
    """
    processes = list(processes)
    now = [
        *_of_programs(processes),
        *_of_models(models, sick),
        *_of_versions(models, sick, held),
        *_of_drift(models),
        *_of_jobs(jobs, processes, runner),
    ]
    if store_away:
        what = "cannot be read; what was active last is served on"
        now.append(_trouble("store-away", "the store", what, remedy("store-away")))
    return [*now, *_ends(processes, at)]


def condition(found: Iterable[Trouble], models: Iterable[Model]) -> Condition:
    """Return how a service is: unwell where a program is down or a model does not answer, else degraded, or well.

    A service that is asked something else than its models were fitted to answers well all the same.
    """
    kinds = {each["kind"] for each in found if each["now"]} - {DRIFT}
    silent = any("quarantined" in model or (model["active"] is not None and not model["workers"]) for model in models)
    if silent or "program-down" in kinds:
        return "unwell"
    return "degraded" if kinds else "well"


def _of_programs(processes: Iterable[Process]) -> Iterator[Trouble]:
    for process in processes:
        if process["trouble"]:
            about = process["program"] or process["name"]
            yield _trouble("program-down", about, process["trouble"], remedy("program-down", program=about))


def _of_models(models: Iterable[Model], sick: Mapping[VersionOf, Lately]) -> Iterator[Trouble]:
    for model in models:
        name, refused = model["name"], model.get("not_loadable")
        if refused is not None:
            instead = "no version answers" if model["answers"] is None else f"version {model['answers']} answers"
            what = f"version {refused['version']} is active and does not load: {refused['cause']}; {instead}"
            yield _trouble("version-not-loadable", name, what, remedy("version-not-loadable"))
        elif model["active"] is not None and not model["workers"]:
            what = f"version {model['active']} is active, and no worker of {model['pool']} has it loaded"
            yield _trouble("worker-unavailable", name, what, remedy("worker-unavailable", language=model["language"]))
        if (refusals := model["lately"]["codes"].get("overloaded", 0)) and (name, model["answers"] or 0) not in sick:
            what = f"{refusals} requests were refused within the last minute, as the workers' queues were full"
            yield _trouble("overloaded", name, what, remedy("overloaded", language=model["pool"]), refusals)


def _of_versions(
    models: Iterable[Model], sick: Mapping[VersionOf, Lately], held: Mapping[VersionOf, Held]
) -> Iterator[Trouble]:
    known = {model["name"]: model for model in models}

    def told(of: VersionOf, kind: str, what: str, count: int) -> Trouble:
        name, version = of
        language, number = _known_of(known.get(name), version)
        do = remedy(kind, model=name, number=number, language=language)
        return _trouble(kind, name, f"version {version}: {what}" if version else what, do, count)

    for of, why in sorted(held.items()):
        what = f"it is in quarantine: {why.cause}; it is tried again in {math.ceil(why.left_s)} s"
        yield told(of, "version-quarantined", what, 1)
    for of, lately in sorted(sick.items()):
        if of in held:
            continue
        if lately.deaths:
            what = f"{lately.deaths} workers that were answering it alone ended within the last minute"
            yield told(of, "poison-request", what, lately.deaths)
        else:
            codes = ", ".join(f"{each} {count}" for each, count in sorted(lately.codes.items()))
            what = f"{lately.failed} of {lately.requests} requests failed within the last minute ({codes})"
            yield told(of, max(lately.codes, key=lambda each: lately.codes[each]), what, lately.failed)


def _of_drift(models: Iterable[Model]) -> Iterator[Trouble]:
    for model in models:
        drift = model.get("drift")
        columns = [] if drift is None else [each for each in drift["columns"] if each["drifts"]]
        if drift is not None and columns:
            named = ", ".join(f"{each['name']} ({_far(each)})" for each in columns[:_FEW])
            beyond = len(columns) - _FEW
            more = f" and {beyond} more {'column' if beyond == 1 else 'columns'}" if beyond > 0 else ""
            what = f"version {model['answers']} is asked what its training does not look like: {named}{more}"
            what += f"; {drift['rows']} rows looked at"
            yield _trouble(DRIFT, model["name"], what, remedy(DRIFT, model=model["name"]), len(columns))


def _far(column: ColumnDrift) -> str:
    """Return by what a column is far from training."""
    said = [] if column["psi"] is None else [f"PSI {column['psi']:.2f}"]
    if (missing := column["missing"]) != (before := column["missing_in_training"]):
        said.append(f"{missing:.0%} missing, {before:.0%} in training")
    if column["unseen"]:
        said.append(f"{column['unseen']:.0%} unseen")
    return ", ".join(said)


def _known_of(model: Model | None, version: int) -> tuple[str, int | None]:
    """Return the pool of a model, and the number of the version before one."""
    if model is None:
        return "", None
    earlier = [each["version"] for each in model["versions"] if each["version"] < version and each["proved"]]
    return model["pool"], max(earlier, default=None)


def _of_jobs(jobs: Jobs, processes: Iterable[Process], runner: bool) -> Iterator[Trouble]:
    waiting = jobs["states"].get("queued", 0)
    down = any(process["program"] == "jobs" and process["state"] == "down" for process in processes)
    if waiting and (down or not runner):
        what = f"{waiting} {'job waits' if waiting == 1 else 'jobs wait'}, and there is no runner that carries them out"
        do = remedy("no-runner") if runner else "triglot jobs run carries them out"
        yield _trouble("no-runner", "jobs", what, do, waiting)


def _ends(processes: Iterable[Process], at: datetime) -> list[Trouble]:
    """Return what ended lately without being asked to, the last end of each."""
    found = []
    for process in processes:
        crash = process["crash"]
        if crash is not None and at - datetime.fromisoformat(crash["at"]) <= SHOWN_FOR:
            count = process["crashes"].get(crash["how"], 1)
            times = "once" if count == 1 else f"{count} times"
            kind, what = kind_of(crash["how"]), f"ended: {crash['how']}; {times} since the service was started"
            about = process["program"] or process["name"]
            found.append(_trouble(kind, about, what, remedy(kind, program=about), count, crash["at"]))
    return sorted(found, key=lambda trouble: trouble["at"] or "", reverse=True)


def _trouble(kind: str, about: str, what: str, do: str, count: int = 1, at: str | None = None) -> Trouble:
    return {"kind": kind, "about": about, "what": what, "do": do, "now": at is None, "count": count, "at": at}
