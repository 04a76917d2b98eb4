"""Scopes on this machine: some processes that each take one after the other."""

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType

from triglot.logs import set_level, start_command
from triglot.scopes.fitting import TRIES, FitOfScope, Outcome
from triglot.scopes.loading import Values
from triglot.this_process import end_with_parent

_STOP_S = 15.0


@dataclass(slots=True, eq=False)
class _Hand:
    """One process, and what it has in its hands."""

    process: BaseProcess
    pipe: "Connection[tuple[int, Values] | None, tuple[int, Outcome]]"
    at: int | None = None


def spread(work: FitOfScope, scopes: Sequence[Values], workers: int, level: int) -> Iterator[Outcome]:
    """Yield what becomes of each scope, as they are done; a process that is ended costs its scope another try.

    level: of the log of each process.
    """
    context = multiprocessing.get_context("spawn")
    left = deque(range(len(scopes)))
    tries: dict[int, int] = {}
    hands: list[_Hand] = []

    def started() -> _Hand:
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(work, theirs, level), name="triglot-scopes", daemon=False)
        with _undisturbed():
            process.start()
        theirs.close()
        return _Hand(process, ours)

    def feed(hand: _Hand) -> None:
        hand.at = left.popleft() if left else None
        with suppress(BrokenPipeError):  # its end is told by its pipe
            hand.pipe.send(None if hand.at is None else (hand.at, scopes[hand.at]))

    try:
        for _ in range(min(workers, len(scopes))):
            hands.append(started())
            feed(hands[-1])
        while busy := {hand.pipe: hand for hand in hands if hand.at is not None}:
            for pipe in wait(list(busy)):
                hand = busy[pipe]  # type: ignore[index]
                try:
                    _, outcome = hand.pipe.recv()
                except (EOFError, ConnectionResetError):
                    hands.remove(hand)
                    at = hand.at
                    assert at is not None
                    tries[at] = tries.get(at, 0) + 1
                    if tries[at] < TRIES:
                        left.appendleft(at)
                    else:
                        yield work.lost(scopes[at], _how(hand.process))
                    if left:
                        hands.append(started())
                        feed(hands[-1])
                else:
                    yield outcome
                    feed(hand)
    except BaseException:
        for hand in hands:
            hand.process.terminate()
        raise
    finally:
        for hand in hands:
            hand.pipe.close()
            hand.process.join(_STOP_S)
            if hand.process.exitcode is None:
                hand.process.kill()
                hand.process.join()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep a Ctrl-C from a process that is being started, which knows nothing yet."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _how(process: BaseProcess) -> str:
    process.join(_STOP_S)
    code = process.exitcode or 0
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended by itself with exit code {code}"


def _serve(work: FitOfScope, pipe: "Connection[tuple[int, Outcome], tuple[int, Values] | None]", level: int) -> None:
    """Do what comes through the pipe, until nothing more does."""
    os.setsid()  # a Ctrl-C at the terminal is for whoever started this process, and ends it in order
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_with_parent()
    signal.signal(signal.SIGTERM, _ended)
    start_command(os.environ)
    set_level(level)
    with suppress(KeyboardInterrupt, EOFError, BrokenPipeError):
        while (order := pipe.recv()) is not None:
            pipe.send((order[0], work(order[1])))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # whoever started this process has ended, and it ends in order


def _ended(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # one is enough
    sys.exit(128 + number)
