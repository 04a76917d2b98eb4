"""What is seen of a request before anything of it is used: whether its head may pass, and where it is answered.

A web server refuses by itself what it cannot read at all, with an empty body. What can be read and still is no good
head is refused here, so that its caller is told why.
"""

from collections.abc import Mapping
from typing import Literal

from flask import Flask
from werkzeug.exceptions import BadRequest, HTTPException, RequestHeaderFieldsTooLarge, RequestURITooLarge

from triglot.access.scopes import OPEN, READ
from triglot.server.access.routes import RouteScopes
from triglot.server.context import Options
from triglot.server.wsgi_threads import Scope

Place = Literal["health", "listing", "any"]

_PLACES: Mapping[str, Place] = {OPEN: "health", READ: "listing"}

LONGEST_LINE = 32_768
LARGEST_HEAD = 65_536
MOST_HEADERS = 90  # the web server itself stops reading at 100


def refusal(scope: Scope) -> HTTPException | None:
    """Return why a request's head is refused, or None."""
    headers = scope["headers"]
    size = hosts = 0
    host = b""
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"host":
            hosts, host = hosts + 1, value
    if hosts > 1 or (not host and scope["http_version"] == "1.1"):
        return BadRequest(f"send one Host header, not {hosts if host else 'none'}")
    if not scope["method"].isupper():
        return BadRequest(f"methods are written in capitals: {scope['method'].upper()[:20]}")
    if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > LONGEST_LINE:
        return RequestURITooLarge(f"path and query may have {LONGEST_LINE:,} bytes; send rows in the body of a POST")
    if size > LARGEST_HEAD or len(headers) > MOST_HEADERS:
        return RequestHeaderFieldsTooLarge(f"send at most {MOST_HEADERS} headers of {LARGEST_HEAD:,} bytes together")
    return None


def has_body(scope: Scope) -> bool:
    """Whether a request says that a body follows."""
    if scope["http_version"] not in ("1.0", "1.1"):
        return True  # there a body needs no announcement
    said = dict(scope["headers"])
    return b"transfer-encoding" in said or said.get(b"content-length", b"0") != b"0"


def most_bytes(scope: Scope, options: Options) -> int:
    """Return how many bytes of a body are of use; 0 of one that is announced to be larger."""
    said = dict(scope["headers"])
    most = options.limits.of(said.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1"))
    length = said.get(b"content-length", b"")
    return 0 if length.isdigit() and int(length) > most else most


class Places:
    """Where each request of an application is answered: who looks after a service never waits for predictions."""

    def __init__(self, app: Flask, scopes: RouteScopes) -> None:
        self._routes = app.url_map.bind("")
        self._scopes = scopes

    def of(self, scope: Scope) -> Place:
        """Return the place of a request, by what its route was added as."""
        if scope["method"] not in ("GET", "HEAD"):
            return "any"
        try:
            rule, _ = self._routes.match(scope["path"], "GET", return_rule=True)
        except HTTPException:
            return "listing"  # an error, which is short work
        return _PLACES.get(self._scopes.added(rule), "any")
