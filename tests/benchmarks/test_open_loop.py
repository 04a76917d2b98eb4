"""The open loop: what is due when, what a stall costs, and when an answer is whole."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.load import Request
from benchmarks.open_loop import Ledger, Schedule, complete, measure, message, percentile

STALL_S = 0.3


@contextmanager
def server(status: Callable[[int], int]) -> Iterator[Request]:
    """Hold a server whose answer to request N, from 0 on, has the status that it is told."""
    count = iter(range(1_000_000))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            code = status(next(count))
            self.wfile.write(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n{}" % code)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        served.daemon_threads = True
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Request(served.server_address[1], "/")
        finally:
            served.shutdown()
            thread.join()


def test_requests_are_due_evenly_from_the_start_on() -> None:
    schedule = Schedule(start=100.0, rate=10, seconds=0.5)
    assert schedule.count == 5
    assert [schedule.due(number) for number in range(5)] == pytest.approx([100.0, 100.1, 100.2, 100.3, 100.4])
    assert [schedule.passed(now) for now in (99.0, 100.05, 100.25, 107.0)] == [0, 1, 3, 5]


def test_a_latency_counts_from_when_the_request_was_due() -> None:
    ledger = Ledger(Schedule(start=0.0, rate=1, seconds=3))
    for number in range(3):
        ledger.answered(number, 3.0)
    load = ledger.close(3.0)
    assert (load.p50_ms, load.p99_ms, load.errors, load.requests_per_s) == (2000, 3000, 0, 1)


def test_what_is_never_answered_counts_with_the_time_it_has_waited_and_as_an_error() -> None:
    ledger = Ledger(Schedule(start=0.0, rate=1, seconds=2))
    ledger.answered(1, 1.1)
    load = ledger.close(4.0)
    assert (load.errors, load.p99_ms, load.requests_per_s) == (1, 4000, 0.25)


def test_a_stall_is_charged_to_all_requests_that_waited_behind_it() -> None:
    def status(number: int) -> int:
        time.sleep(STALL_S if number == 20 else 0)
        return 200

    with server(status) as request:
        load = measure(request, rate=100, seconds=0.5, connections=1)
    assert load.errors == 0
    # Thirty of the fifty were due within the stall; a closed loop would have seen one slow request.
    assert load.p99_ms >= 1000 * STALL_S * 0.9
    assert load.p50_ms > 10


def test_refusals_are_errors_and_connections_that_end_are_opened_again() -> None:
    with server(lambda number: 503 if number % 2 else 200) as request:
        load = measure(request, rate=100, seconds=0.2, connections=2)
    assert load.errors == 10


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Le", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", True),
    ],
)
def test_an_answer_is_whole_by_its_length_or_its_last_chunk(received: bytes, whole: bool) -> None:
    assert complete(received) is whole


def test_a_request_with_a_body_is_a_post_of_json() -> None:
    sent = message(Request(8000, "/predict", b"[1]", (("Connection", "close"),)))
    head, _, body = sent.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /predict HTTP/1.1",
        b"Host: 127.0.0.1:8000",
        b"Connection: close",
        b"Content-Type: application/json",
        b"Content-Length: 3",
    ]
    assert body == b"[1]"


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, percent) for percent in (0, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([7.0], 99) == 7
    with pytest.raises(ValueError, match="percentile of nothing"):
        percentile([], 50)
