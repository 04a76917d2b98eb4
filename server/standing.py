"""How a model stands, as `/ready` and `/list` tell it: which version answers, and why the active one does not."""

import math
from collections.abc import Mapping
from typing import Any

from triglot.errors import VersionNotLoadable, VersionQuarantined, WorkerUnavailable
from triglot.server.context import here
from triglot.serving.families import Family
from triglot.serving.served import Standing
from triglot.tally.cases import Held


def told(standing: Standing) -> dict[str, Any]:
    """Return how a model stands, as JSON values.

    `not_loadable` is there where its active version does not load, `quarantined` where the one that stands for the
    answer is not asked.
    """
    answers, refusal, error = standing.answers, standing.refusal, standing.error
    served = answers or standing.active
    body: dict[str, Any] = {
        "version": None if answers is None else answers.version,
        "language": served.language,
        **({"group": served.group} if served.group else {}),
        "workers": 0 if answers is None else here().service.holders(answers),
    }
    held = None if answers is None else here().service.quarantined(answers)
    if held is not None and answers is not None:
        body["quarantined"] = {"version": answers.version, **of_quarantine(held)}
    if refusal is None or error is None:
        return body
    next_s = math.ceil(error.retry_after_s)
    trouble = {"version": standing.active.version, "cause": refusal.cause, "tries": refusal.tries, "next_try_s": next_s}
    return body | {"not_loadable": trouble}


def of_quarantine(held: Held) -> dict[str, Any]:
    """Return why a version is not asked, and when a request may try it again, as JSON values."""
    return {"cause": held.cause, "next_try_s": math.ceil(held.left_s)}


def why_not(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the code and the cause for which a model that stands so is not ready."""
    if trouble := model.get("quarantined"):
        return {"code": VersionQuarantined.code, "cause": trouble["cause"]}
    if model["version"] is None and (trouble := model.get("not_loadable")):
        return {"code": VersionNotLoadable.code, "cause": trouble["cause"]}
    return {"code": WorkerUnavailable.code, "cause": "no worker that is there has loaded it yet"}


def of_family(family: Family) -> dict[str, Any]:
    """Return how a family of scopes' models stands, whose models are loaded when somebody asks for them."""
    told: dict[str, Any] = {
        "scopes": len(family.versions),
        "columns": list(family.columns),
        "language": family.language,
    }
    return told | ({"otherwise": family.otherwise} if family.otherwise else {})
