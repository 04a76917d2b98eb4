"""Simulated time, and processors that work in it."""

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable

Do = Callable[[], None]


class Clock:
    """What is to happen, in the order of its moments; what happens at one moment does so in the order of the asking."""

    def __init__(self) -> None:
        self.now = 0.0
        self._todo: list[tuple[float, int, Do]] = []
        self._numbers = itertools.count()

    def after(self, seconds: float, do: Do) -> None:
        """Have something happen so many seconds from now."""
        heapq.heappush(self._todo, (self.now + seconds, next(self._numbers), do))

    def run(self, until: float) -> None:
        """Let everything happen up to a moment."""
        while self._todo and self._todo[0][0] <= until:
            self.now, _, do = heapq.heappop(self._todo)
            do()
        self.now = max(self.now, until)


class Cores:
    """The processors of a machine: whoever wants one waits in turn, and keeps it until his piece of work is done.

    `uneven` gives what each piece's time is multiplied by.
    """

    def __init__(self, clock: Clock, count: int, uneven: Callable[[], float] = lambda: 1.0) -> None:
        self.count = count
        self.busy_s = 0.0
        self._clock = clock
        self._uneven = uneven
        self._free = count
        self._waiting: deque[tuple[Callable[[], float], Do]] = deque()

    def work(self, begin: Callable[[], float], end: Do) -> None:
        """Begin a piece of work once a processor is free; `begin` says then how many seconds it takes."""
        if self._free:
            self._free -= 1
            self._run(begin, end)
        else:
            self._waiting.append((begin, end))

    def _run(self, begin: Callable[[], float], end: Do) -> None:
        seconds = begin() * self._uneven()
        self.busy_s += seconds
        self._clock.after(seconds, lambda: self._done(end))

    def _done(self, end: Do) -> None:
        if self._waiting:
            self._run(*self._waiting.popleft())
        else:
            self._free += 1
        end()


def unevenness(chance: random.Random, deviation: float) -> Callable[[], float]:
    """Return what gives factors by chance whose mean is 1 and whose logarithm has this standard deviation."""
    if not deviation:
        return lambda: 1.0
    return lambda: chance.lognormvariate(-deviation * deviation / 2, deviation)


class Process:
    """Something with one thread that works in turns, each for all that has come up before it began."""

    def __init__(self, cores: Cores) -> None:
        self._cores = cores
        self._at_work = False

    def wants(self) -> bool:
        """Whether there is something to do."""
        raise NotImplementedError

    def begin(self) -> float:
        """Take what is to be done in this turn; return how many seconds that is."""
        raise NotImplementedError

    def end(self) -> None:
        """Have the turn's effects happen."""
        raise NotImplementedError

    def wake(self) -> None:
        """Ask for a processor, unless one is asked for or had already."""
        if not self._at_work and self.wants():
            self._at_work = True
            self._cores.work(self.begin, self._end)

    def _end(self) -> None:
        self._at_work = False
        self.end()
        self.wake()
