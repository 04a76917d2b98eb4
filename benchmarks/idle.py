"""`python -m benchmarks.idle`: what health checks and predictions notice of callers who do nothing.

Hundreds of callers of a kind have begun and then stay as they are; one who is ended by the service is followed by
another. Meanwhile each path is asked again and again, over a connection of its own each time as a probe does, and
beforehand the same without them. Memory (PSS) is that of the front end's processes.
"""

import argparse
import http.client
import os
import select
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks import ours
from benchmarks.data import ONE, columns, query
from benchmarks.load import Request, ask
from benchmarks.open_loop import percentile
from benchmarks.processes import Running, family, free_port, memory, served, title
from benchmarks.systems import CONFIG

PATHS = {
    "/alive": "/alive",
    "/ready": "/ready",
    "/list": "/list",
    "a prediction": f"/models/logistic/predict?{query(ONE)}",
}
LOOKED_AFTER = ("/alive", "/ready", "/list")
GOAL_MS = 50.0
READERS = "readers"
READER_ROWS = 3_000  # whose answer no buffer of the kernel holds
READER_BYTES = 4_096  # which a reader's own buffer has
READERS_COME_S = 60.0
FRONT_END = "triglot.server"

Times = dict[str, tuple[float, float]]  # by path, half of the answers and 99 of 100 took no longer; milliseconds


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen with some callers there, or with none: the times, the memory, how many were ended meanwhile."""

    callers: str
    times: Times
    memory_mb: float
    ended: int


class Crowd:
    """Callers of a kind who have said something, and then neither speak nor read."""

    def __init__(self, port: int, kind: str, count: int) -> None:
        self.ended = 0
        self._port, self._count, self._said, self._read = port, count, said(kind), kind != READERS
        self._there: list[socket.socket] = []

    def gather(self) -> None:
        """Let go of those whom the service has ended or answered, and have others come for them."""
        signs = select.POLLRDHUP | (select.POLLIN if self._read else 0)
        gone = self._with(signs) | {
            caller for caller in self._with(select.POLLIN) if not self._read and refused(caller)
        }
        self.ended += len(gone)
        for caller in gone:
            caller.close()
        self._there = [caller for caller in self._there if caller not in gone]
        self._there += [self._come() for _ in range(self._count - len(self._there))]
        end = time.monotonic() + READERS_COME_S
        while not self._read and len(self._with(select.POLLIN)) < self._count and time.monotonic() < end:
            time.sleep(0.05)  # an answer that is still being made is work, and nobody idle

    def leave(self) -> None:
        """Hang up, all of them."""
        while self._there:
            self._there.pop().close()

    def _with(self, signs: int) -> set[socket.socket]:
        """Return those of whom there are such signs."""
        poll = select.poll()
        callers = {caller.fileno(): caller for caller in self._there}
        for descriptor in callers:
            poll.register(descriptor, signs)
        return {callers[descriptor] for descriptor, _ in poll.poll(0)}

    def _come(self) -> socket.socket:
        caller = socket.socket()
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READER_BYTES)
        caller.settimeout(10)
        caller.connect(("127.0.0.1", self._port))
        caller.sendall(self._said)
        return caller


def kinds() -> list[str]:
    """Return the kinds of callers."""
    return ["heads", "short bodies", "long bodies", "uploads", READERS]


def said(kind: str) -> bytes:
    """Return what a caller of a kind says before it stays as it is."""
    head = b"POST /models/logistic/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
    rows = orjson.dumps(columns([ONE] * READER_ROWS))
    asks = head.replace(b"predict", b"predict_proba") + b"application/json\r\nContent-Length: "
    return {
        "heads": head[:-7],
        "short bodies": head + b"application/json\r\nContent-Length: 3000\r\n\r\n[",
        "long bodies": head + b"application/json\r\nContent-Length: 300000\r\n\r\n[",
        "uploads": head + b"text/csv\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        READERS: asks + b"%d\r\n\r\n" % len(rows) + rows,
    }[kind]


def refused(caller: socket.socket) -> bool:
    """Whether the answer that has begun is none to the question; what has come of it stays where it is."""
    return b" 200 " not in caller.recv(16, socket.MSG_PEEK)


def main() -> int:
    """Print a table; return 1 where a health check took longer than it may, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    parser.add_argument("--callers", type=int, default=500, help="of each kind, in turn (default: %(default)s)")
    parser.add_argument("--asks", type=int, default=200, help="of each path (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="triglot-bench-") as name, service(Path(name)) as (running, port):
        looks = list(seen(running, port, options.callers, options.asks))
    print(table(looks))
    late = sorted({path for look in looks for path in LOOKED_AFTER if look.times[path][1] > GOAL_MS})
    print(f"p99 of {', '.join(LOOKED_AFTER)} ≤ {GOAL_MS:g} ms: {'missed by ' + ', '.join(late) if late else 'met'}")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", file=sys.stderr)
    return 1 if late else 0


@contextmanager
def service(folder: Path) -> Iterator[tuple[Running, int]]:
    """Hold the service of the benchmarks; give what runs, and its port."""
    ours.fit(folder, CONFIG)
    port = free_port()
    alive, environ = Request(port, "/alive"), {**os.environ, **ours.environment(folder, CONFIG)}
    with served(ours.command(port), environ, folder / "log", lambda: ask(alive) is not None) as running:
        ours.wait_until_ready(port)
        yield running, port


def seen(running: Running, port: int, callers: int, asks: int) -> Iterator[Look]:
    """Give what was seen without anybody and with each kind of callers, in turn."""
    for path in PATHS.values():
        times(port, path, asks)  # warm
    for kind in kinds():
        yield look(running, port, None, "nobody", asks)
        crowd = Crowd(port, kind, callers)
        try:
            yield look(running, port, crowd, f"{callers} {kind}", asks)
        finally:
            crowd.leave()
        time.sleep(1)


def look(running: Running, port: int, crowd: Crowd | None, callers: str, asks: int) -> Look:
    """Return what is seen while a crowd is there."""
    found: Times = {}
    for name, path in PATHS.items():
        if crowd is not None:
            crowd.gather()
        found[name] = times(port, path, asks)
    return Look(callers, found, front_end_mb(running), crowd.ended if crowd else 0)


def times(port: int, path: str, asks: int) -> tuple[float, float]:
    """Return the milliseconds that half of the answers took at most, and 99 of 100; raises `RuntimeError`."""
    taken = []
    for _ in range(asks):
        start = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        connection.close()
        taken.append(1000 * (time.perf_counter() - start))
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}")
    return percentile(taken, 50), percentile(taken, 99)


def front_end_mb(running: Running) -> float:
    """Return the memory of the front end's processes."""
    return sum(memory(pid).pss for pid in family(running.pid) if title(pid).startswith(FRONT_END))


def table(looks: Sequence[Look]) -> str:
    """Return a Markdown table: p50 and p99 of each path."""
    lines = ["| idle | " + " | ".join(f"{path}, ms" for path in PATHS) + " | front end, MB | ended |"]
    lines.append("|---|" + "--:|" * (len(PATHS) + 2))
    for each in looks:
        cells = [f"{p50:.2f}, {p99:.2f}" for p50, p99 in each.times.values()]
        lines.append(f"| {each.callers} | {' | '.join(cells)} | {each.memory_mb:.0f} | {each.ended} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
