"""The ASGI entry: ordinary predictions are answered in the event loop, everything else by Flask in threads.

granian --interface asgi triglot.server.asgi:app
"""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask

from triglot.dispatch.asynchronous import Lane
from triglot.errors import TriglotError
from triglot.server import gate
from triglot.server.access.door import DOOR, Door
from triglot.server.arrivals import Arrivals, Receive
from triglot.server.exchange import Lengthy
from triglot.server.fast_path import EXPRESS, Express, Order
from triglot.server.refusals import refusing
from triglot.server.wsgi_threads import SHORT_BYTES, Environ, Scope, Send, Threads, WSGIApp, environ_of

_READ_HEADERS = {
    b"content-type": "CONTENT_TYPE",
    b"content-length": "CONTENT_LENGTH",
    b"transfer-encoding": "HTTP_TRANSFER_ENCODING",
    b"accept": "HTTP_ACCEPT",
    b"accept-encoding": "HTTP_ACCEPT_ENCODING",
    b"content-encoding": "HTTP_CONTENT_ENCODING",
    b"inference-header-content-length": "HTTP_INFERENCE_HEADER_CONTENT_LENGTH",
    b"x-request-id": "HTTP_X_REQUEST_ID",
    b"authorization": "HTTP_AUTHORIZATION",
    b"x-api-key": "HTTP_X_API_KEY",
    b"origin": "HTTP_ORIGIN",
}


class Front:
    """The ASGI application of a Flask application that `create_app` made."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._express: Express = app.extensions[EXPRESS]
        self._door: Door = app.extensions[DOOR]
        options = self._express.options
        self._pools = [_pool(size, name) for name, size in (("web", options.threads), ("health", 2), ("listing", 2))]
        self._files = _pool(2, "files")
        self._arrivals = Arrivals(options.patience, self._files)
        web, health, listing = map(Threads, self._pools)
        self._threads = {"any": web, "health": health, "listing": listing}
        self._places = gate.Places(app, self._door.scopes)
        self._lane: Lane | None = None
        self._ready: asyncio.Future[Any] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            try:
                await self._answer(scope, receive, send)
            except ConnectionResetError:  # nobody is there to be answered
                return
        else:
            raise ValueError(f"there is nothing here for {scope['type']!r}")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (refusal := gate.refusal(scope)) is not None:
            await self._refuse(refusal, scope, send)
            return
        order = self._take(scope)
        if order is None or (order.body_bytes or 0) > SHORT_BYTES:
            await self._in_thread(scope, receive, send)
            return
        try:
            body = None if order.body_bytes is None else await self._arrivals.short(receive)
        except TriglotError as error:
            await self._refuse(error, scope, send)
            return
        try:
            headers, answer = await self._express.answer_soon(await self._way(), order, body)
        except Lengthy:
            await self._reply(self._express.at_length(order, body), environ_of(scope), send, "any")
            return
        except Exception as error:
            await self._reply(self._express.failed(error, order), environ_of(scope), send)
            return
        start = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        await send({"type": "http.response.body", "body": answer})

    async def _in_thread(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have Flask answer, once the body is there."""
        environ, threads = environ_of(scope), self._threads[self._places.of(scope)]
        most = gate.most_bytes(scope, self._express.options)
        if not gate.has_body(scope) or (not most and "HTTP_EXPECT" in environ):  # who asks first need not send it
            environ["wsgi.input"] = io.BytesIO()
            await threads.reply(self._app.wsgi_app, environ, send)
            return
        if (stranger := self._door.stranger(environ)) is not None:
            await self._refuse(stranger, scope, send)
            return
        try:
            async with self._arrivals.whole(receive, most) as environ["wsgi.input"]:
                await threads.reply(self._app.wsgi_app, environ, send)
        except TriglotError as error:
            await self._refuse(error, scope, send)

    async def _refuse(self, error: Exception, scope: Scope, send: Send) -> None:
        await self._reply(refusing(self._app, error), environ_of(scope), send)

    async def _reply(self, app: WSGIApp, environ: Environ, send: Send, place: gate.Place = "listing") -> None:
        """Send what needs no body any more; an error is short work, so that it does not wait for predictions."""
        environ["wsgi.input"] = io.BytesIO()
        await self._threads[place].reply(app, environ, send)

    def _take(self, scope: Scope) -> Order | None:
        """Return what an ordinary request asks for, or None."""
        if scope.get("root_path") or not scope["path"].isascii() or self._app.wsgi_app is not self._express:
            return None
        if b"%2f" in scope.get("raw_path", b"").partition(b"?")[0].lower():  # a name's; decoded, it parts the path
            return None
        environ = {
            _READ_HEADERS[name]: value.decode("latin-1") for name, value in scope["headers"] if name in _READ_HEADERS
        }
        environ["PATH_INFO"] = scope["path"]
        environ["REMOTE_ADDR"] = (scope.get("client") or ("",))[0]
        environ["QUERY_STRING"] = scope["query_string"].decode("latin-1")
        environ["REQUEST_METHOD"] = scope["method"]
        return self._express.take(environ)

    async def _way(self) -> Lane:
        """Return the loop's lane; the first look into the store, which may take long, is over then."""
        if self._ready is None:
            self._lane = self._express.service.lane(self._pools[0])
            self._ready = asyncio.get_running_loop().run_in_executor(self._pools[0], self._express.service.models)
        if not self._ready.done():
            await asyncio.wait([self._ready])
        assert self._lane is not None
        return self._lane

    async def _live(self, receive: Receive, send: Send) -> None:
        """Follow the server's start and end."""
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        if self._lane is not None:
            self._lane.close()
        for pool in (*self._pools, self._files):
            pool.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})


def _pool(size: int, name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size, thread_name_prefix=f"triglot-{name}")


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from triglot.server import wsgi

    made: Any = Front(wsgi.app)
    if (traces := wsgi.app.extensions.get(wsgi.TRACES)) is not None:
        from triglot.server.tracing import Traced  # with a library that only those have who want it

        made = Traced(made, wsgi.app, traces)
    globals()[name] = made
    return made
