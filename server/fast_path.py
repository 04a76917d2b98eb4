"""The short way of a prediction: what needs nothing of Flask's is answered without it.

Flask's own work for a request is as much as all the rest of this process's. Whatever is out of the ordinary goes
through Flask: another method, type of body or type of answer, a route with decorators or with methods of its author's
own, functions that somebody has hung around requests. So does every error. Answers are the same either way; a test
compares them.
"""

import copy
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from flask import Flask, g, request_finished, request_started

from triglot.client.asynchronous import Lane
from triglot.server.answered import of_prediction
from triglot.server.context import Options, View
from triglot.server.media import JSON, is_ordinary
from triglot.server.payload import JSON_TYPE, dumps
from triglot.server.request import Asked
from triglot.server.route import Route, Told
from triglot.serving.service import Service
from triglot.transport.request_ids import new_id

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]
Headers = list[tuple[str, str]]

EXPRESS = "triglot.express"  # where an application's own is found, whatever has been put around it
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_MODELS = "/models/"
_JSON = frozenset({JSON, f"{JSON};charset=utf-8", f"{JSON}; charset=utf-8"})


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A route that may be answered without Flask, as long as this view stands behind it."""

    endpoint: str
    view: View
    route: Route


class Order(NamedTuple):
    """An ordinary request that the short way takes.

    `body_bytes` is the length of a POST's body, None for a GET; `begun` is in seconds of the performance counter.
    """

    route: Route
    model: str | None
    args: Mapping[str, str]
    request_id: str
    body_bytes: int | None
    path: str
    begun: float

    def asked(self, body: bytes | None) -> Asked:
        """Return the request with its body, once that is there."""
        return Asked(self.args, body, self.request_id)


def request_id_of(environ: Mapping[str, Any]) -> str:
    """Return the id that the caller gave the request, if it is a sane one, else a new one."""
    wanted = environ.get("HTTP_X_REQUEST_ID")
    return wanted if wanted and _REQUEST_ID.fullmatch(wanted) else new_id()


class Express:
    """A WSGI application before Flask's own; to be made once all that belongs to the application is in it.

    fixed: shortcuts by their path. named: shortcuts by what stands behind `/models/NAME/`.
    """

    def __init__(
        self,
        app: Flask,
        service: Service,
        options: Options,
        fixed: Mapping[str, Shortcut | None],
        named: Mapping[str, Shortcut | None],
    ) -> None:
        self.service = service
        self.options = options
        self._app = app
        self._flask: WSGIApp = app.wsgi_app
        self._fixed = fixed
        self._named = named
        self._before = copy.deepcopy(app.before_request_funcs)
        self._after = copy.deepcopy(app.after_request_funcs)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        order = self.take(environ)
        if order is None:
            return self._flask(environ, start_response)
        body = None if order.body_bytes is None else environ["wsgi.input"].read(order.body_bytes)
        try:
            headers, answer = self._good(order.route.told(order.asked(body), order.model), order)
        except Exception as error:
            return self.failed(error, order)(environ, start_response)
        start_response("200 OK", headers)
        return [answer]

    def take(self, environ: Mapping[str, Any]) -> Order | None:
        """Return what an ordinary request asks for, or None; of the environ its line and five headers are read."""
        shortcut, model = self._shortcut(environ["PATH_INFO"])
        query, method = environ.get("QUERY_STRING", ""), environ["REQUEST_METHOD"]
        if shortcut is None or not query.isascii() or not self._is_untouched(shortcut):
            return None
        if not is_ordinary(environ.get("HTTP_ACCEPT")):
            return None
        body_bytes = None
        if method == "POST":
            length = environ.get("CONTENT_LENGTH", "")
            if environ.get("CONTENT_TYPE", "").lower() not in _JSON or not (length.isascii() and length.isdigit()):
                return None
            body_bytes = int(length)
            if body_bytes > self.options.max_body_bytes or environ.get("HTTP_TRANSFER_ENCODING"):
                return None
        elif method != "GET":
            return None
        args: dict[str, str] = {}
        if query:
            for name, value in parse_qsl(query, keep_blank_values=True, errors="werkzeug.url_quote"):
                args.setdefault(name, value)
        return Order(
            shortcut.route,
            model,
            args,
            request_id_of(environ),
            body_bytes,
            environ["PATH_INFO"],
            time.perf_counter(),
        )

    async def answer_soon(self, lane: Lane, order: Order, body: bytes | None) -> tuple[Headers, bytes]:
        """Return the headers and the body of a good answer, by the lane of the event loop that awaits it."""
        return self._good(await order.route.told_soon(lane, order.asked(body), order.model), order)

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
        body = dumps(told.content)
        headers = [("Content-Type", JSON_TYPE), ("Content-Length", str(len(body))), ("X-Request-Id", order.request_id)]
        if self.service.hooks.hears("request_answered"):
            self.service.hooks.request_answered(of_prediction(told, order.request_id, order.path, order.begun))
        return headers, body

    def _shortcut(self, path: str) -> tuple[Shortcut | None, str | None]:
        if path in self._fixed:
            return self._fixed[path], None
        if path.startswith(_MODELS):
            name, slash, what = path[len(_MODELS) :].partition("/")
            if slash and name and name.isascii():  # what is not needs decoding
                return self._named.get(what), name
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
