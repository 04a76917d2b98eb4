"""The short way of a prediction: what needs nothing of Flask's is answered without it.

Flask's own work for a request is as much as all the rest of this process's. Whatever is out of the ordinary goes
through Flask: another method, type of body or type of answer, a route with decorators or with methods of its author's
own, functions that somebody has hung around requests. So does every error. Answers are the same either way; tests
compare them.
"""

import copy
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import Flask, g, request_finished, request_started

from triglot.dispatch.asynchronous import Lane
from triglot.server.access.door import DOOR, Door, Ticket
from triglot.server.answered import counted, of_prediction
from triglot.server.context import Options, View
from triglot.server.encoding import WORTH_BYTES, accepted, packed
from triglot.server.exchange import Heard, Quick, Told
from triglot.server.request import has_body
from triglot.serving.service import Service
from triglot.transport.request_ids import new_id

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]
Headers = list[tuple[str, str]]

EXPRESS = "triglot.express"  # where an application's own is found, whatever has been put around it
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A route that may be answered without Flask, as long as this view stands behind it; `rule` as Flask writes it."""

    rule: str
    endpoint: str
    view: View
    route: Quick


class Order(NamedTuple):
    """An ordinary request that the short way takes.

    `head` is what the route made of the request's head, `body_bytes` the length of a POST's body, None for a GET;
    `begun` is in seconds of the performance counter, `codings` are those that the caller accepts; `ticket` is there
    where not everybody is let in.
    """

    route: Quick
    model: str | None
    head: Any
    request_id: str
    body_bytes: int | None
    path: str
    begun: float
    rule: str
    codings: str = ""
    ticket: Ticket | None = None

    @property
    def method(self) -> str:
        """The method of HTTP."""
        return "GET" if self.body_bytes is None else "POST"

    def heard(self, body: bytes | None) -> Heard:
        """Return the request with its body, once that is there."""
        return Heard(self.head, body, self.request_id)


def request_id_of(environ: Mapping[str, Any]) -> str:
    """Return the id that the caller gave the request, if it is a sane one, else a new one."""
    wanted = environ.get("HTTP_X_REQUEST_ID")
    return wanted if wanted and _REQUEST_ID.fullmatch(wanted) else new_id()


class Express:
    """A WSGI application before Flask's own; to be made once all that belongs to the application is in it.

    fixed: shortcuts by their path. named: by what stands before a model's name, shortcuts by what stands behind it, as
    `predict` does in `/models/NAME/predict`.
    """

    def __init__(
        self,
        app: Flask,
        service: Service,
        options: Options,
        fixed: Mapping[str, Shortcut | None],
        named: Mapping[str, Mapping[str, Shortcut | None]],
    ) -> None:
        self.service = service
        self.options = options
        self._app = app
        self._flask: WSGIApp = app.wsgi_app
        self._fixed = fixed
        self._named = named
        self._before = copy.deepcopy(app.before_request_funcs)
        self._after = copy.deepcopy(app.after_request_funcs)
        self._door: Door = app.extensions[DOOR]
        self._scopes = {rule.endpoint: self._door.scopes.of(rule) for rule in app.url_map.iter_rules()}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        order = self.take(environ)
        if order is None:
            return self._flask(environ, start_response)
        self._door.count(order.ticket)
        body = None if order.body_bytes is None else environ["wsgi.input"].read(order.body_bytes)
        return self.at_length(order, body)(environ, start_response)

    def take(self, environ: Mapping[str, Any]) -> Order | None:
        """Return what an ordinary request asks for, or None; of the environ its line and some headers are read."""
        shortcut, model = self._shortcut(environ["PATH_INFO"])
        if shortcut is None or not self._is_untouched(shortcut):
            return None
        body_bytes = None
        if environ["REQUEST_METHOD"] == "POST":
            length = environ.get("CONTENT_LENGTH", "")
            if not (length.isascii() and length.isdigit()):
                return None
            body_bytes = int(length)
            if body_bytes > self.options.max_body_bytes or environ.get("HTTP_TRANSFER_ENCODING"):
                return None
        elif environ["REQUEST_METHOD"] != "GET" or has_body(environ):
            return None
        ticket = None
        if not self._door.is_open:
            ticket = self._door.ticket(environ, self._scopes[shortcut.endpoint])
            if ticket is None:
                return None
        head = shortcut.route.head(environ)
        if head is None:
            return None
        begun, codings = time.perf_counter(), environ.get("HTTP_ACCEPT_ENCODING", "")
        about = (environ["PATH_INFO"], begun, shortcut.rule, codings, ticket)
        return Order(shortcut.route, model, head, request_id_of(environ), body_bytes, *about)

    async def answer_soon(self, lane: Lane, order: Order, body: bytes | None) -> tuple[Headers, bytes]:
        """Return the headers and the body of a good answer, by the lane of the event loop that awaits it.

        Raises `Lengthy`.
        """
        self._door.count(order.ticket)
        return self._good(await order.route.told_soon(lane, order.heard(body), order.model), order)

    def at_length(self, order: Order, body: bytes | None) -> WSGIApp:
        """Return the WSGI application that answers an ordinary request, which has been counted."""

        def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            try:
                headers, content = self._good(order.route.told(order.heard(body), order.model), order)
            except Exception as error:
                return self.failed(error, order)(environ, start_response)
            start_response("200 OK", headers)
            return [content]

        return answer

    def failed(self, error: Exception, order: Order) -> WSGIApp:
        """Return the WSGI application that answers an error as Flask would."""

        def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            with self._app.request_context(environ):
                g.request_id, g.begun = order.request_id, order.begun
                g.told = order.route.about(order.model)
                response = self._app.make_response(self._app.handle_user_exception(error))
                return self._app.process_response(response)(environ, start_response)

        return answer

    def _good(self, told: Told, order: Order) -> tuple[Headers, bytes]:
        headers, body = [*told.headers, *self._door.headers], told.body
        if len(body) >= WORTH_BYTES and not any(name == "Vary" for name, _ in told.headers):
            headers.append(("Vary", "Accept-Encoding"))
            if coding := accepted(order.codings):
                body = packed(body, coding)
                headers.append(("Content-Encoding", coding))
        headers += [("Content-Length", str(len(body))), ("X-Request-Id", order.request_id)]
        counted(self.service, order.rule, 200, "", order.begun)
        if self.service.hooks.hears("request_answered"):
            where = (order.method, order.path, order.rule)
            self.service.hooks.request_answered(of_prediction(told, order.request_id, order.begun, *where))
        return headers, body

    def _shortcut(self, path: str) -> tuple[Shortcut | None, str | None]:
        if path in self._fixed:
            return self._fixed[path], None
        for before, named in self._named.items():
            if path.startswith(before):
                name, slash, what = path[len(before) :].partition("/")
                if slash and name and name.isascii() and "%" not in name:  # what is not needs decoding
                    return named.get(what), name
        return None, None

    def _is_untouched(self, shortcut: Shortcut) -> bool:
        """Whether nobody has put anything around requests or behind the route since the application was made."""
        app = self._app
        return (
            app.view_functions.get(shortcut.endpoint) is shortcut.view
            and app.before_request_funcs == self._before
            and app.after_request_funcs == self._after
            and not app.teardown_request_funcs
            and not app.teardown_appcontext_funcs
            and not request_started.receivers
            and not request_finished.receivers
        )
