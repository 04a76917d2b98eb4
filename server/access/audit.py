"""What was done at routes that change something, by whom: a line of JSON each, by the logger `triglot.audit`."""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any, Final

from flask import Response, g, request

from triglot.access.callers import Caller

logger = logging.getLogger("triglot.audit")
logger.setLevel(logging.INFO)  # whoever wants a quiet service wants this all the same

SHOWN: Final = 200
MOST: Final = 50
HIDDEN: Final = "***"
_SECRET: Final = re.compile(r"pass|secret|token|key|credential|auth", re.IGNORECASE)


def note(response: Response, caller: Caller | None) -> None:
    """Write down the request that is being answered, and its outcome."""
    form = request.form.to_dict(False) if response.status_code < 400 else {}  # of a good one the view has read it
    code = g.get("code")
    said = {
        "request_id": g.request_id,
        "caller": None if caller is None else f"{caller.kind} {caller.name}".rstrip(),
        "address": request.remote_addr,
        "method": request.method,
        "route": request.url_rule.rule if request.url_rule is not None else None,
        "arguments": arguments({**(request.view_args or {}), **request.args.to_dict(False), **form}),
        "status": response.status_code,
    }
    logger.info("%s", json.dumps(said | ({} if code is None else {"code": code})))


def arguments(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as they may be written down: short, and nothing of what is called like a secret."""
    return {name[:SHOWN]: HIDDEN if _SECRET.search(name) else _short(value) for name, value in [*said.items()][:MOST]}


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return _short(value[0]) if len(value) == 1 else [_short(each) for each in value[:MOST]]
    return str(value)[:SHOWN]
