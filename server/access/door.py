"""The door of an application: what happens before a view is asked and after it has answered."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import Flask, Response, current_app, g, request
from werkzeug.routing import Rule

from triglot.access.access import Access
from triglot.access.callers import Caller
from triglot.access.refusals import NotAuthenticated, RateLimited, ScopeMissing
from triglot.access.scopes import ADMIN, OPEN, RUN
from triglot.server import errors
from triglot.server.access import audit
from triglot.server.access.headers import ALWAYS, secure
from triglot.server.access.routes import RouteScopes

REALM = "triglot"
DOOR = "triglot.door"


class Ticket(NamedTuple):
    """That a caller may do something now."""

    caller: Caller
    scope: str


class Door:
    """Stands before the routes of one application; without `access` it lets everybody in.

    known: the scopes of routes by their endpoints, which may still be added to.
    """

    def __init__(self, access: Access | None, known: Mapping[str, str]) -> None:
        self.scopes = RouteScopes(access.routes if access else {}, known)
        self._gate = access.gate if access else None
        self._cors = access.cors if access else None
        self._leaves_open = access is not None and OPEN in access.routes.values()
        self.headers = [*ALWAYS, *(self._cors.answer(None) if self._cors else [])]

    def stand_before(self, app: Flask) -> None:
        """Take the place before all views of an application."""
        app.extensions[DOOR] = self
        app.before_request(lambda: self._enter())  # no methods: the short way compares copies of these
        app.after_request(lambda response: self._leave(response))
        for refusal in (NotAuthenticated, ScopeMissing, RateLimited):
            app.register_error_handler(refusal, self._refused)

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who it is."""
        return self._gate is None

    def ticket(self, environ: Mapping[str, Any], scope: str) -> Ticket | None:
        """Return the ticket of a request that needs no more of the door than to be counted, which is done later.

        Whoever is refused, is not known at a glance, or comes from a page, goes through the views' own door.
        """
        assert self._gate is not None
        if self._cors is not None and "HTTP_ORIGIN" in environ:
            return None
        caller = self._gate.known(*_said(environ))
        if caller is None or not (scope == OPEN or self._gate.may(caller, scope)):
            return None
        return Ticket(caller, scope)

    def stranger(self, environ: Mapping[str, Any]) -> NotAuthenticated | None:
        """Return why nothing that this caller sends is worth to be received, or None."""
        if self._gate is None or self._leaves_open:
            return None
        return self._gate.stranger(*_said(environ))

    def count(self, ticket: Ticket | None) -> None:
        """Count a request against its caller's rate."""
        if ticket is not None and self._gate is not None:
            self._gate.count(*ticket)

    def _enter(self) -> Response | None:
        rule = request.url_rule
        if rule is None:
            return None
        if request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
            return self._options()
        scope = self.scopes.of(rule)
        if self._gate is not None and scope != OPEN:
            g.caller = caller = self._gate.caller(*_said(request.environ))
            self._gate.admit(caller, scope)
        return None

    def _leave(self, response: Response) -> Response:
        secure(response.headers, response.mimetype or "")
        if self._cors is not None:
            for name, value in self._cors.answer(request.headers.get("Origin")):
                response.headers.add(name, value)
        if self._changes(request.url_rule) and request.method != "OPTIONS":
            audit.note(response, g.get("caller"))
        return response

    def _changes(self, rule: Rule | None) -> bool:
        """Whether a route changes something, or is one for which nobody has said that it does not."""
        if rule is None or self.scopes.of(rule) not in (ADMIN, RUN):
            return False
        return self._gate is not None or self.scopes.is_classified(rule)

    def _options(self) -> Response:
        """Return what may be done here, to whoever asks: a browser sends no credential with this question."""
        methods = sorted(current_app.make_default_options_response().allow)
        response = Response(status=204, headers={"Allow": ", ".join(methods)})
        if self._cors is not None and "Access-Control-Request-Method" in request.headers:
            response.headers.extend(self._cors.preflight(request.headers.get("Origin"), methods))
        return response

    def _refused(self, error: NotAuthenticated | ScopeMissing | RateLimited) -> Response:
        """Return the answer to somebody who is not let in, with what a client needs for its next try."""
        response = errors.answer(error)
        if isinstance(error, RateLimited):
            response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
        elif isinstance(error, ScopeMissing):
            challenge = f'Bearer realm="{REALM}", error="insufficient_scope", scope="{error.scope}"'
            response.headers["WWW-Authenticate"] = challenge
        else:
            self._challenge(response, error.wrong)
        return response

    def _challenge(self, response: Response, wrong: bool) -> None:
        assert self._gate is not None
        told = {
            "Bearer": f'Bearer realm="{REALM}"' + (', error="invalid_token"' if wrong else ""),
            "Basic": f'Basic realm="{REALM}", charset="UTF-8"',
        }
        for scheme in self._gate.schemes:
            response.headers.add("WWW-Authenticate", told[scheme])


def _said(environ: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what a request says of who has sent it, and from where it came."""
    return environ.get("HTTP_AUTHORIZATION", ""), environ.get("HTTP_X_API_KEY", ""), environ.get("REMOTE_ADDR", "")


def known_caller() -> Caller | None:
    """Return who sent the request that is being answered, where the configuration's `access` has found it out."""
    caller: Caller | None = g.get("caller")
    return caller
