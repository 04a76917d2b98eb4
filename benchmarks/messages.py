"""`python -m benchmarks.messages amqp://127.0.0.1:5672`: single rows through a RabbitMQ, many under way at once.

A service answers there with the model `iris` of docs/messages.md. The client reads and writes as the service does, so
that it takes no more of the processor than it must; `--all-of PID` adds what a process spent meanwhile.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import kombu
import uvloop
from amqp import spec
from amqp.basic_message import Message

from triglot.messages.amqp_wire import Wire

ROW = json.dumps({"sepal length": 5.1, "sepal width": 3.5, "petal length": 1.4, "petal width": 0.2}).encode()
KEY = "predict.iris"


class Asking:
    """Asks for so many rows, so many at a time."""

    def __init__(self, url: str, count: int, under_way: int) -> None:
        self._link = kombu.Connection(url)
        self._link.connect()
        self._channel = self._link.channel()
        self._channel.auto_decode = False
        self._answers = self._channel.queue_declare("", exclusive=True).queue
        self._channel.basic_consume(self._answers, callback=self._came, no_ack=True)
        self._count, self._under_way = count, under_way
        self._sent = self._answered = 0
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wire = Wire(self._link.connection, self._lost)

    async def run(self) -> float:
        """Return in how many seconds all were answered."""
        begun = time.perf_counter()
        for _ in range(self._under_way):
            self._send()
        await self._over
        seconds = time.perf_counter() - begun
        self._wire.close()
        return seconds

    def _send(self) -> None:
        self._sent += 1
        content = Message(ROW, reply_to=self._answers, correlation_id=str(self._sent))
        self._channel.send_method(spec.Basic.Publish, "Bssbb", (0, "triglot", KEY, False, False), content)

    def _came(self, content: Any) -> None:
        assert content.properties["application_headers"]["status"] == "200", content.body
        self._answered += 1
        if self._sent < self._count:
            self._send()
        if self._answered == self._count and not self._over.done():
            self._over.set_result(None)

    def _lost(self, why: str) -> None:
        if not self._over.done():
            self._over.set_exception(ConnectionError(why))


def spent_s(pid: int) -> float:
    """Return the seconds of processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _measured(said: argparse.Namespace) -> None:
    before, own = {pid: spent_s(pid) for pid in said.all_of}, time.process_time()
    seconds = await Asking(said.url, said.count, said.under_way).run()
    print(f"{said.count / seconds:,.0f} answers a second")
    print(f"client: {(time.process_time() - own) / said.count * 1e6:.0f} µs an answer")
    for pid, at_first in before.items():
        print(f"process {pid}: {(spent_s(pid) - at_first) / said.count * 1e6:.0f} µs an answer")


def main(argv: Sequence[str] | None = None) -> int:
    """Ask, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.messages", description=__doc__)
    parser.add_argument("url", help="where RabbitMQ is")
    parser.add_argument("--count", type=int, default=20_000, help="rows in all (default: %(default)s)")
    parser.add_argument("--under-way", type=int, default=256, help="rows at a time (default: %(default)s)")
    parser.add_argument(
        "--all-of", type=int, action="append", default=[], metavar="PID", help="count this process, too"
    )
    uvloop.run(_measured(parser.parse_args(argv)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
