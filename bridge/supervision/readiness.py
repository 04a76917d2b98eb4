"""How the models of a service on this host stand, as its front end says at `/ready`."""

import http.client
import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

TIMEOUT_S = 5.0


def standings(base: str, timeout_s: float = TIMEOUT_S) -> dict[str, Mapping[str, Any]] | None:
    """Return what is told of each active model, or None while the front end at this address does not answer."""
    found = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(found.hostname or "", found.port, timeout=timeout_s)
    try:
        connection.request("GET", "/ready")
        models = json.loads(connection.getresponse().read())["models"]
        return {str(name): model for name, model in models.items() if isinstance(model, Mapping)}
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError):
        return None
    finally:
        connection.close()


def sentence(name: str, model: Mapping[str, Any]) -> str:
    """Return what people are told of a model whose active version does not load or is not asked; nothing of others."""
    if held := model.get("quarantined"):
        when = f"in {held['next_try_s']} s" if held["next_try_s"] else "by the next request"
        return f"{name}: version {held['version']} is in quarantine: {held['cause']}. It is tried again {when}."
    trouble = model.get("not_loadable")
    if not trouble:
        return ""
    answers, active = model["version"], trouble["version"]
    where = "does not load in every worker" if answers == active else "does not load"
    instead = "" if answers == active else f" {'No version' if answers is None else f'Version {answers}'} answers."
    return f"{name}: version {active} is active and {where}: {trouble['cause']}.{instead} It is tried again by itself."
