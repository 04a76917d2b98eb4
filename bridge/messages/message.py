"""A request as a broker brings it and what becomes of it, whatever the broker: the contract of docs/messages.md."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message as Mail
from email.utils import collapse_rfc2231_value
from functools import cached_property
from typing import Any, Final, NamedTuple

from triglot.bodies.media import JSON
from triglot.scope_names import SCOPE
from triglot.transport.request_ids import new_id

PREDICT: Final = "predict"
RUN: Final = "run"
# names of headers, as callers write them
MODEL, PIPELINE, PROBA, ID = "model", "pipeline", "proba", "message-id"
REPLY_TOPIC, CORRELATION_ID, CONTENT_TYPE = "reply-topic", "correlation-id", "content-type"
LONGEST_REASON = 2_000
_SANE_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


@dataclass(frozen=True)
class Message:
    """One request. `name` is the model's or the pipeline's that its address or its headers say; `path` where it came.

    `id` is what its sender calls it, or what the broker knows it by, and stays the same when it comes again; it is
    empty where there is none. `again` is whether the broker says that it has brought it before, `encoding` how the body
    is compressed, `reply` where the answer is wanted, in the broker's own words; empty where nobody waits for one.
    `trouble` is why it cannot be read, empty where it can.
    """

    body: bytes
    content_type: str = ""
    name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    path: str = ""
    again: bool = False
    encoding: str = ""
    reply: Mapping[str, Any] = field(default_factory=dict)
    trouble: str = ""

    @property
    def digest(self) -> str:
        """What tells it apart from another one of the same id: a digest of all that is asked."""
        scope = self.headers.get(SCOPE)  # what is kept of messages without one was written before there were any
        said = "\n".join([self.name, self.content_type, self.headers.get(PROBA, ""), *([scope] if scope else [])])
        return hashlib.sha256(said.encode() + b"\0" + self.body).hexdigest()

    @cached_property
    def request_id(self) -> str:
        """The id under which it stands in answers and logs: its own where that is a sane one."""
        return self.id if _SANE_ID.fullmatch(self.id) else new_id()

    @property
    def kind(self) -> tuple[str, dict[str, str]]:
        """The type of the body and its parameters, JSON where nothing is said."""
        if not self.content_type:
            return JSON, {}
        mail = Mail()
        mail["Content-Type"] = " ".join(self.content_type.split())
        (kind, _), *parameters = mail.get_params(failobj=[("", "")])
        return kind.lower(), {name.lower(): collapse_rfc2231_value(value) for name, value in parameters}


class Outcome(NamedTuple):
    """What became of a request: the body that its sender gets, and the number that HTTP would say.

    `code` is the error's, empty for a good answer; `reason` is why the request is a dead letter, which operators read.
    """

    body: bytes
    status: int = 200
    code: str = ""
    reason: str = ""
    model: str = ""
    version: int = 0
    content_type: str = JSON
    job: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What goes beside the body."""
        facts = {"status": str(self.status), "code": self.code, "model": self.model, "job": self.job}
        facts["version"] = str(self.version) if self.version else ""
        return {name: value for name, value in facts.items() if value}

    @property
    def facts(self) -> dict[str, Any]:
        """All but the body, as JSON values."""
        return {name: value for name, value in self._asdict().items() if name != "body"}

    def dead(self, path: str) -> dict[str, str]:
        """Return what stands beside a dead letter that came from there."""
        reason, place = " ".join(self.reason.split())[:LONGEST_REASON], path[:LONGEST_REASON]
        return {"dead-status": str(self.status), "dead-code": self.code, "dead-reason": reason, "dead-from": place}


def texts(headers: Mapping[Any, Any]) -> dict[str, str]:
    """Return headers as texts by names in lower case."""
    return {str(name).lower(): _text(value) for name, value in headers.items()}


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value).lower() if isinstance(value, bool) else str(value)


def rest_of(address: str, beginning: str) -> str:
    """Return what stands behind the beginning of an address, nothing where it begins otherwise."""
    return address[len(beginning) :] if address.startswith(beginning) else ""


def name_of(what: str, rest: str, headers: Mapping[str, str], fixed: str = "") -> str:
    """Return which model or pipeline is meant: what is fixed, else what a header says, else the rest of the address."""
    if what == RUN:
        return headers.get(PIPELINE) or rest
    return fixed or headers.get(MODEL) or rest
