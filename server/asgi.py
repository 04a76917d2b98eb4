"""The ASGI entry: ordinary predictions are answered in the event loop, everything else by Flask in threads.

granian --interface asgi triglot.server.asgi:app
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask

from triglot.client.asynchronous import Lane
from triglot.server.fast_path import EXPRESS, Express, Order
from triglot.server.wsgi_threads import SHORT_BYTES, Receive, Scope, Send, Threads, environ_of, read

_READ_HEADERS = {
    b"content-type": "CONTENT_TYPE",
    b"content-length": "CONTENT_LENGTH",
    b"transfer-encoding": "HTTP_TRANSFER_ENCODING",
    b"accept": "HTTP_ACCEPT",
    b"x-request-id": "HTTP_X_REQUEST_ID",
}


class Front:
    """The ASGI application of a Flask application that `create_app` made."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._express: Express = app.extensions[EXPRESS]
        self._pool = ThreadPoolExecutor(self._express.options.threads, thread_name_prefix="triglot-web")
        self._threads = Threads(self._pool)
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
        order = self._take(scope)
        if order is None or (order.body_bytes or 0) > SHORT_BYTES:
            await self._threads.answer(self._app.wsgi_app, scope, receive, send)
            return
        body = None if order.body_bytes is None else await read(receive)
        try:
            headers, answer = await self._express.answer_soon(await self._way(), order, body)
        except Exception as error:
            await self._threads.reply(self._express.failed(error, order), environ_of(scope), send)
            return
        start = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        await send({"type": "http.response.body", "body": answer})

    def _take(self, scope: Scope) -> Order | None:
        """Return what an ordinary request asks for, or None."""
        if scope.get("root_path") or not scope["path"].isascii() or self._app.wsgi_app is not self._express:
            return None
        environ = {
            _READ_HEADERS[name]: value.decode("latin-1") for name, value in scope["headers"] if name in _READ_HEADERS
        }
        environ["PATH_INFO"] = scope["path"]
        environ["QUERY_STRING"] = scope["query_string"].decode("latin-1")
        environ["REQUEST_METHOD"] = scope["method"]
        return self._express.take(environ)

    async def _way(self) -> Lane:
        """Return the loop's lane; the first look into the store, which may take long, is over then."""
        if self._ready is None:
            self._lane = self._express.service.lane(self._pool)
            self._ready = asyncio.get_running_loop().run_in_executor(self._pool, self._express.service.models)
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
        self._pool.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from triglot.server import wsgi

    made = globals()[name] = Front(wsgi.app)
    return made
