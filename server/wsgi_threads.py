"""WSGI applications behind a server that speaks ASGI: each request has a thread, as it would have with a WSGI server.

A body is there before its thread starts, and an answer leaves its thread before it is sent: no caller, however slow,
holds a thread. What is short is handed over once, as every change of thread costs more than all the rest of it.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote, unquote

from triglot.server.arrivals import Message

Scope = Mapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Environ = dict[str, Any]
WSGIApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

SHORT_BYTES = 262_144
CHUNK = 2**18
READER_QUIET_S = 30.0  # so long a caller may take none of its answer
SLASH, PERCENT = "%2F", "%25"  # those that belong to a name
_SLASH = re.compile("%2f", re.IGNORECASE)


def environ_of(scope: Scope) -> Environ:
    """Return the WSGI environ of an ASGI request, but for its body (PEP 3333; header names are ASCII)."""
    root = scope.get("root_path", "")
    path = _path(scope).removeprefix(root)
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
        if b"_" in raw_name:  # it would pass for another one, which has a hyphen there and may be a proxy's word
            continue
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = f"HTTP_{name}"
        separator = "; " if name == "HTTP_COOKIE" else ","
        environ[name] = f"{environ[name]}{separator}{value}" if name in environ else value
    return environ


def _path(scope: Scope) -> str:
    """Return the path with all decoded but a slash, which would part a name in two, and what could be taken for one."""
    raw: bytes = scope.get("raw_path", b"").partition(b"?")[0]
    parts = map(unquote, _SLASH.split(raw.decode("latin-1"))) if b"%2f" in raw.lower() else [str(scope["path"])]
    return SLASH.join(part.replace("%", PERCENT) for part in parts)


def named(part: str) -> str:
    """Return the name that a part of such a path stands for."""
    return part.replace(SLASH, "/").replace(PERCENT, "%")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a WSGI application answered: its status and headers, and its pieces; `close` ends what makes them."""

    start: Message
    pieces: Iterator[bytes]
    close: Callable[[], None]
    whole: bool


class Threads:
    """Runs WSGI applications in the threads of a pool; what is current where one is asked for is so there, too."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool

    async def reply(self, app: WSGIApp, environ: Environ, send: Send) -> None:
        """Send what a WSGI application answers to an environ; raises `ConnectionResetError` where nobody reads it."""
        loop = asyncio.get_running_loop()
        within = copy_context()
        reply = await loop.run_in_executor(self._pool, lambda: within.run(_run, app, environ))
        try:
            await _sent(send, reply.start)
            if reply.whole:
                await _sent(send, {"type": "http.response.body", "body": next(reply.pieces, b"")})
                return
            beside = copy_context()
            while (piece := await loop.run_in_executor(self._pool, lambda: beside.run(_piece, reply))) is not None:
                if piece:
                    await _sent(send, {"type": "http.response.body", "body": piece, "more_body": True})
            await _sent(send, {"type": "http.response.body", "body": b""})
        finally:
            if not reply.whole:
                await loop.run_in_executor(self._pool, reply.close)


def _run(app: WSGIApp, environ: Environ) -> Reply:
    """Return the reply of an application; one that is whole and not short waits for its reader in a file."""
    start: Message = {"type": "http.response.start"}
    length: int | None = None

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        nonlocal length
        start["status"] = int(status[:3])
        start["headers"] = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), None)

    pieces = app(environ, start_response)
    close: Callable[[], None] = getattr(pieces, "close", _nothing)
    try:
        rest = iter(pieces)
        first = next(rest, b"")
    except BaseException:
        close()
        raise
    if length is None or len(first) not in (length, 0):  # of an answer to HEAD only the length is there
        return Reply(start, _chain(first, rest), close, whole=False)
    close()
    if len(first) <= SHORT_BYTES:
        return Reply(start, iter((first,)), _nothing, whole=True)
    file = _filed(first)
    return Reply(start, _chunks(file), file.close, whole=False)


def _piece(reply: Reply) -> bytes | None:
    return next(reply.pieces, None)


def _filed(answer: bytes) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115  # whoever sends it closes it
    file.write(answer)
    file.seek(0)
    return file


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _nothing() -> None:
    return


async def _sent(send: Send, message: Message) -> None:
    """Return once a message is on its way to its reader."""
    try:
        async with asyncio.timeout(READER_QUIET_S):
            await send(message)
    except TimeoutError:
        raise ConnectionResetError("the caller does not read its answer") from None


def _latin(text: str) -> str:
    return text.encode().decode("latin-1")
