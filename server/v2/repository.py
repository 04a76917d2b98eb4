"""The repository extension: which versions there are, and which of a model's answers, if any.

A model is loaded by activating a version of it, and unloaded by taking that away; its versions stay in the store.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from triglot.errors import BadRequest, DeadlineExceeded, VersionNotFound
from triglot.persister import NOT_PROVED
from triglot.serving.catalogue import REFRESH_S
from triglot.serving.families import Family
from triglot.serving.served import Standing
from triglot.serving.service import Service
from triglot.store import VersionInfo
from triglot.store.scopes import versions_without_scopes

Tell: TypeAlias = Callable[[], object]

FOLLOWED_S = 2 * REFRESH_S  # each process looks into the store once a REFRESH_S
_POLL_S = 0.05
_OURS = ("config", "file:")  # parameters that would put another model in the place of what is stored


def index(service: Service, *, ready: bool = False) -> list[dict[str, Any]]:
    """Return how each stored version stands, or with `ready` only those that answer; of a family one entry tells."""
    standings = service.standings()
    entries = [_entry(service, info, standings.get(info.model)) for info in versions_without_scopes(service.store)]
    entries += [_of_family(service, family) for _, family in sorted(service.families().items())]
    return [entry for entry in entries if not ready or entry["state"] == "READY"]


def load(service: Service, model: str, parameters: Mapping[str, Any], timeout_s: float, tell: Tell) -> None:
    """Have a version of a model answer, by default the newest; return when all processes know, and workers have it.

    `tell` has the others look past a rule of the store's. Raises `ModelNotFound`, `VersionNotFound`, and what keeps the
    version from being loaded.
    """
    _refuse_files(parameters)
    version = _version(service, model, parameters.get("version"))
    service.store.activate(model, version)
    tell()
    service.refresh(past_rule=True)
    _await(service, model, version, timeout_s)
    time.sleep(FOLLOWED_S)


def unload(service: Service, model: str, tell: Tell) -> None:
    """Have no version of a model answer; return when all processes know. Raises `ModelNotFound`."""
    service.store.deactivate(model)
    tell()
    service.refresh(past_rule=True)
    time.sleep(FOLLOWED_S)


def _of_family(service: Service, family: Family) -> dict[str, Any]:
    """Return how a family stands, as a version of its own: statistics count its models together under that number."""
    state = "READY" if family.versions and service.has_workers(family) else "UNAVAILABLE"
    many = f"{len(family.versions)} models of scopes, loaded when they are asked"
    return {"name": family.name, "version": "0", "state": state, "reason": many}


def _entry(service: Service, info: VersionInfo, standing: Standing | None) -> dict[str, Any]:
    state, reason = _state(service, info, standing)
    entry = {"name": info.model, "version": str(info.version), "state": state}
    return entry | ({"reason": reason} if reason else {})


def _state(service: Service, info: VersionInfo, standing: Standing | None) -> tuple[str, str]:
    if standing is None or info.version not in (standing.active.version, getattr(standing.answers, "version", None)):
        return "UNAVAILABLE", "not active"
    if standing.answers is not None and standing.answers.version == info.version:
        if held := service.quarantined(standing.answers):
            return "UNAVAILABLE", held.cause
        return ("READY", "") if service.holders(standing.answers) else ("LOADING", "")
    return ("LOADING", "") if standing.refusal is None else ("UNAVAILABLE", standing.refusal.cause)


def _refuse_files(parameters: Mapping[str, Any]) -> None:
    theirs = [name for name in parameters if name == _OURS[0] or name.startswith(_OURS[1])]
    if theirs:
        raise BadRequest(
            f"parameter {theirs[0][:60]!r} is not taken: it would replace what is stored; fit a version and load that"
        )


def _version(service: Service, model: str, wanted: Any) -> int:
    """Return the number of the version that is wanted: the newest of those that stood their proof, where none is."""
    versions = service.store.list(model)
    if wanted is None:
        proved = [info.version for info in versions if NOT_PROVED not in info.metadata]
        if not proved:
            raise VersionNotFound(
                f"no version of model {model!r} stood its proof; say which by the parameter 'version'"
            )
        return max(proved)
    text = str(wanted)
    if text not in [str(info.version) for info in versions]:
        known = ", ".join(str(info.version) for info in versions) or "none"
        raise VersionNotFound(f"model {model!r} has no version {text[:20]!r}; known versions: {known}")
    return int(text)


def _await(service: Service, model: str, version: int, timeout_s: float) -> None:
    """Wait until a version answers; raises why it does not load, or `DeadlineExceeded`."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        standing = service.standing(model)
        if standing.active.version == version:
            if standing.error is not None:
                raise standing.error
            if standing.answers is standing.active and service.holders(standing.active):
                return
        time.sleep(_POLL_S)
    raise DeadlineExceeded(f"version {version} of model {model!r} is active, and no worker has loaded it yet")
