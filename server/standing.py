"""How a model stands, as `/ready` and `/list` tell it: which version answers, and why the active one does not load."""

import math
from typing import Any

from triglot.server.context import here
from triglot.serving.families import Family
from triglot.serving.served import Standing


def told(standing: Standing) -> dict[str, Any]:
    """Return how a model stands, as JSON values; `not_loadable` is there where its active version does not load."""
    answers, refusal, error = standing.answers, standing.refusal, standing.error
    served = answers or standing.active
    body: dict[str, Any] = {
        "version": None if answers is None else answers.version,
        "language": served.language,
        **({"group": served.group} if served.group else {}),
        "workers": 0 if answers is None else here().service.holders(answers),
    }
    if refusal is None or error is None:
        return body
    next_s = math.ceil(error.retry_after_s)
    trouble = {"version": standing.active.version, "cause": refusal.cause, "tries": refusal.tries, "next_try_s": next_s}
    return body | {"not_loadable": trouble}


def of_family(family: Family) -> dict[str, Any]:
    """Return how a family of scopes' models stands, whose models are loaded when somebody asks for them."""
    told: dict[str, Any] = {
        "scopes": len(family.versions),
        "columns": list(family.columns),
        "language": family.language,
    }
    return told | ({"otherwise": family.otherwise} if family.otherwise else {})
