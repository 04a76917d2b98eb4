"""What becomes of a call that is not answered: errors that carry what the service said."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from triglot.errors import Problem, TriglotError

LONGEST = 200  # letters of an answer that is not in the shape of the service


class CallFailed(TriglotError):
    """A call was not answered.

    `status` is that of HTTP, None where no answer came; `code` the service's word for the error; `problems` says which
    fields of which rows are wrong; `request_id` is what to look for in the service's log.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str = "error",
        problems: Sequence[Problem] = (),
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.problems = tuple(problems)
        self.request_id = request_id


class RequestRefused(CallFailed):
    """The request is at fault (4xx): what it sends, whom it asks, or what it may not."""


class ServiceFailed(CallFailed):
    """The service is at fault (5xx), or had no worker for as long as the caller would wait."""


class Unreachable(CallFailed):
    """No answer came: nobody listens there, or not for as long as the caller would wait."""


def failure(status: int, content: bytes, request_id: str) -> CallFailed:
    """Return the error that an answer of this status is."""
    kind = RequestRefused if 400 <= status < 500 else ServiceFailed
    told = _object(content)
    metadata = told.get("metadata")
    about = metadata if isinstance(metadata, dict) else told
    message = str(about.get("error_message") or told.get("message") or _bare(status, content))
    code, said = str(about.get("code", "http")), about.get("problems")
    problems = [_problem(each) for each in said if isinstance(each, dict)] if isinstance(said, list) else []
    return kind(message, status=status, code=code, problems=problems, request_id=request_id)


def _object(content: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError:  # of a proxy, say
        return {}
    return told if isinstance(told, dict) else {}


def _bare(status: int, content: bytes) -> str:
    return f"status {status}, and not in the words of the service: {content[:LONGEST].decode('utf-8', 'replace')!r}"


def _problem(told: Mapping[str, Any]) -> Problem:
    return Problem(str(told.get("field", "")), str(told.get("message", "")), told.get("row"))
