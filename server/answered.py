"""What is counted of an answer of HTTP, and what hooks are told of it, whichever way it was made."""

import time

from flask import Response, g, request

from triglot.hooks import Answered
from triglot.server.exchange import Told
from triglot.serving.service import Service


def counted(service: Service, rule: str, status: int, code: str, begun: float) -> None:
    """Count an answer by its route as Flask writes it, its status and the code of its error, with its time."""
    service.tallies.counters.timed(round((time.perf_counter() - begun) * 1e9), "http", rule, str(status), code)


def of_prediction(told: Told, request_id: str, path: str, begun: float) -> Answered:
    """Return what is told of a good answer that was made without Flask; `begun` is of the performance counter."""
    return _answered(told, request_id, path, begun, "", 200)


def of_response(response: Response) -> Answered:
    """Return what is told of Flask's response to the request that is being answered."""
    return _answered(g.get("told"), g.request_id, request.path, g.begun, g.get("code", ""), response.status_code)


def _answered(told: Told | None, request_id: str, path: str, begun: float, code: str, status: int) -> Answered:
    seconds = time.perf_counter() - begun
    if told is None:
        return Answered(request_id, "", "", 0, 0, code, seconds, path, status)
    return Answered(request_id, told.op, told.served.model, told.served.version, told.rows, code, seconds, path, status)
