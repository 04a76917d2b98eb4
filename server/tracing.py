"""An ASGI application whose requests of HTTP are traced: each has a span, which is current while it is answered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from flask import Flask
from opentelemetry import context as current
from werkzeug.exceptions import HTTPException

from triglot.server.arrivals import Message, Receive
from triglot.server.fast_path import request_id_of
from triglot.server.wsgi_threads import Scope, Send
from triglot.tracing import Traces

ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

UNTRACED = ("/alive", "/ready", "/metrics")  # asked every few seconds, by nobody who waits for them


class Traced:
    """Puts a span around each request of HTTP; by its id, which the request gets here, its calls find it."""

    def __init__(self, app: ASGIApp, flask: Flask, traces: Traces) -> None:
        self._app = app
        self._routes = flask.url_map.bind("")
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNTRACED:
            await self._app(scope, receive, self._ending(send) if scope["type"] == "lifespan" else send)
            return
        scope, request_id = _named(scope)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        route = self._route(scope)
        facts = {"http.request.method": scope["method"], "http.route": route, "url.path": scope["path"]}
        name = f"{scope['method']} {route}".rstrip()
        context = self._traces.begin(request_id, name, headers, {key: each for key, each in facts.items() if each})
        token = current.attach(context)
        status = 0

        async def heard(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, heard)
        finally:
            current.detach(token)
            self._traces.end(request_id, context, status)

    def _ending(self, send: Send) -> Send:
        """Return what sends the messages of the server's life, the last one once all traces have left."""

        async def ending(message: Message) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                await asyncio.to_thread(self._traces.close)
            await send(message)

        return ending

    def _route(self, scope: Scope) -> str:
        """Return the route that answers, as Flask writes it; empty where there is none."""
        try:
            rule, _ = self._routes.match(scope["path"], scope["method"], return_rule=True)
        except HTTPException:
            return ""
        return str(rule.rule)


def _named(scope: Scope) -> tuple[Scope, str]:
    """Return a request with the id that the caller gave it, if it is a sane one, else with a new one; and the id."""
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
    request_id = request_id_of({"HTTP_X_REQUEST_ID": given})
    if request_id == given:
        return scope, given
    kept = [(name, value) for name, value in scope["headers"] if name != b"x-request-id"]
    changed: dict[str, Any] = {**scope, "headers": [*kept, (b"x-request-id", request_id.encode("ascii"))]}
    return changed, request_id
