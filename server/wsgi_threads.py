"""WSGI applications behind a server that speaks ASGI: each request has a thread, as it would have with a WSGI server.

A body that is short is there before its thread starts, and an answer that is whole is handed over once, because
every change of thread costs more than all the rest of it.
"""

import asyncio
import contextlib
import io
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import Executor, Future
from typing import Any
from urllib.parse import quote

Scope = Mapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Environ = dict[str, Any]
WSGIApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

SHORT_BYTES = 262_144
BLOCK_BYTES = 2**20


def environ_of(scope: Scope) -> Environ:
    """Return the WSGI environ of an ASGI request, but for its body (PEP 3333; header names are ASCII)."""
    root = scope.get("root_path", "")
    path = scope["path"].removeprefix(root)
    server, client = scope.get("server") or ("localhost", 80), scope.get("client")
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": _latin(root),
        "PATH_INFO": _latin(path),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "REQUEST_URI": scope.get("raw_path", quote(scope["path"]).encode()).decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if client is not None:
        environ |= {"REMOTE_ADDR": client[0], "REMOTE_PORT": str(client[1])}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = f"HTTP_{name}"
        separator = "; " if name == "HTTP_COOKIE" else ","
        environ[name] = f"{environ[name]}{separator}{value}" if name in environ else value
    return environ


async def read(receive: Receive) -> bytes:
    """Return the whole body of a request; raises `ConnectionResetError` where the caller has gone."""
    message = await receive()
    body: bytes = _content(message)
    while message.get("more_body"):
        message = await receive()
        body += _content(message)
    return body


class Threads:
    """Runs WSGI applications in the threads of a pool."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool

    async def answer(self, app: WSGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by a WSGI application."""
        environ = environ_of(scope)
        length = environ.get("CONTENT_LENGTH", "" if "HTTP_TRANSFER_ENCODING" in environ else "0")
        loop = asyncio.get_running_loop()
        if length.isascii() and length.isdigit() and int(length) <= SHORT_BYTES:
            environ["wsgi.input"] = io.BytesIO(await read(receive))
            await self.reply(app, environ, send)
            return
        with io.BufferedReader(_Body(receive, loop), SHORT_BYTES) as environ["wsgi.input"]:
            await self.reply(app, environ, send)

    async def reply(self, app: WSGIApp, environ: Environ, send: Send) -> None:
        """Send what a WSGI application answers to an environ."""
        loop = asyncio.get_running_loop()

        def send_now(message: Message) -> None:
            asyncio.run_coroutine_threadsafe(_sent(send, message), loop).result()

        start, body = await loop.run_in_executor(self._pool, _run, app, environ, send_now)
        if start is not None:
            await send(start)
            await send({"type": "http.response.body", "body": body})


def _run(app: WSGIApp, environ: Environ, send_now: Callable[[Message], None]) -> tuple[Message | None, bytes]:
    """Return the start and the body of a whole answer; one that comes in pieces is sent from here, and None."""
    start: Message = {"type": "http.response.start"}
    length: int | None = None

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        nonlocal length
        start["status"] = int(status[:3])
        start["headers"] = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), None)

    pieces = app(environ, start_response)
    try:
        rest = iter(pieces)
        first = next(rest, b"")
        if length is not None and len(first) in (length, 0):  # without a body, as an answer to HEAD is
            return start, first
        send_now(start)
        for piece in _chain(first, rest):
            send_now({"type": "http.response.body", "body": piece, "more_body": True})
        send_now({"type": "http.response.body", "body": b""})
        return None, b""
    finally:
        with contextlib.suppress(AttributeError):
            pieces.close()  # type: ignore[attr-defined]


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from filter(None, rest)


async def _sent(send: Send, message: Message) -> None:
    await send(message)


def _content(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise ConnectionResetError("the caller has gone")
    content: bytes = message.get("body", b"")
    return content


def _latin(text: str) -> str:
    return text.encode().decode("latin-1")


class _Body(io.RawIOBase):
    """A long body, received as its reader, in a thread, asks for it, and a block ahead."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._receive = receive
        self._loop = loop
        self._pieces: deque[memoryview] = deque()
        self._coming: Future[tuple[list[bytes], bool]] | None = self._ask()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._pieces and self._coming is not None:
            block, more = self._coming.result()
            self._coming = self._ask() if more else None
            self._pieces.extend(map(memoryview, filter(None, block)))
        taken = 0
        while self._pieces and taken < len(buffer):
            piece = self._pieces.popleft()
            size = min(len(buffer) - taken, len(piece))
            buffer[taken : taken + size] = piece[:size]
            if size < len(piece):
                self._pieces.appendleft(piece[size:])
            taken += size
        return taken

    def close(self) -> None:
        """Ask for no more."""
        if self._coming is not None:
            self._coming.cancel()
        super().close()

    def _ask(self) -> "Future[tuple[list[bytes], bool]]":
        return asyncio.run_coroutine_threadsafe(_block(self._receive), self._loop)


async def _block(receive: Receive) -> tuple[list[bytes], bool]:
    """Return the next pieces of a body, many together, as each change of thread costs, and whether more follow."""
    block: list[bytes] = []
    size, more = 0, True
    while more and size < BLOCK_BYTES:
        message = await receive()
        block.append(_content(message))
        size += len(block[-1])
        more = message.get("more_body", False)
    return block, more
