"""What is counted of an answer of HTTP, and what hooks are told of it, whichever way it was made."""

import time

from flask import Response, g, request

from triglot.hooks import Answered
from triglot.server.exchange import Told
from triglot.serving.service import Service


def counted(service: Service, rule: str, status: int, code: str, begun: float) -> None:
    """Count an answer by its route as Flask writes it, its status and the code of its error, with its time."""
    service.tallies.counters.timed(round((time.perf_counter() - begun) * 1e9), "http", rule, str(status), code)


def of_prediction(told: Told, request_id: str, begun: float, method: str, path: str, rule: str) -> Answered:
    """Return what is told of a good answer that was made without Flask; `begun` is of the performance counter."""
    return _answered(told, request_id, begun)._replace(path=path, status=200, method=method, route=rule)


def of_response(response: Response) -> Answered:
    """Return what is told of Flask's response to the request that is being answered."""
    rule = "" if request.url_rule is None else request.url_rule.rule
    return _answered(g.get("told"), g.request_id, g.begun)._replace(
        code=g.get("code", ""), path=request.path, status=response.status_code, method=request.method, route=rule
    )


def _answered(told: Told | None, request_id: str, begun: float) -> Answered:
    seconds = time.perf_counter() - begun
    if told is None:
        return Answered(request_id, "", "", 0, 0, "", seconds)
    return Answered(request_id, told.op, told.served.model, told.served.version, told.rows, "", seconds)
