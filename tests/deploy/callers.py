"""Callers who go on asking: some with a connection for each request, some who keep theirs."""

import contextlib
import http.client
import json
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.helpers import PATIENCE_S, until

HANGS_UP = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


@dataclass
class Callers:
    """Threads that ask one path until the block ends, and all that came of it.

    A server may close a connection that is kept while the next request is on its way. As HTTP says, and as its
    clients do, such a request is sent once more if nothing of an answer has come; `again` counts how often.
    """

    port: int
    path: str
    each: int = 2
    pause_s: float = 0.02
    answers: list[Any] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    again: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Callers":
        kinds = [self._closing, self._keeping] * self.each
        self._threads = [threading.Thread(target=self._run, args=(kind,)) for kind in kinds]
        for thread in self._threads:
            thread.start()
        self.after(len(kinds))
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE_S)

    def after(self, more: int) -> None:
        """Return once so many more answers or failures have come."""
        there = len(self.answers) + len(self.failures)
        until(lambda: len(self.answers) + len(self.failures) >= there + more)

    def _run(self, ask: Any) -> None:
        with contextlib.ExitStack() as stack:
            kept = stack.enter_context(contextlib.closing(self._connection()))
            while not self._over.wait(self.pause_s):
                try:
                    status, body = ask(kept)
                except (OSError, http.client.HTTPException) as error:
                    kept.close()
                    self.failures.append(f"{ask.__name__}: {type(error).__name__}: {error}")
                    continue
                if status == 200:
                    self.answers.append(json.loads(body))
                else:
                    self.failures.append(f"{ask.__name__}: {status} {body[:200]!r}")

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def _closing(self, _: http.client.HTTPConnection) -> tuple[int, bytes]:
        with contextlib.closing(self._connection()) as connection:
            return self._asked(connection, {"Connection": "close"})

    def _keeping(self, kept: http.client.HTTPConnection) -> tuple[int, bytes]:
        used = kept.sock is not None
        try:
            return self._asked(kept, {})
        except HANGS_UP:
            kept.close()
            if not used:
                raise
            self.again += 1
            return self._asked(kept, {})

    def _asked(self, connection: http.client.HTTPConnection, headers: dict[str, str]) -> tuple[int, bytes]:
        connection.request("GET", self.path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
