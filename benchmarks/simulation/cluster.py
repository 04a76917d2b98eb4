"""Replicas behind a balancer, and those who ask them."""

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.simulation.asked import Asked
from benchmarks.simulation.clock import Clock, Cores, Process
from benchmarks.simulation.costs import Costs
from benchmarks.simulation.machine import Replica

Ask = Callable[[Asked], None]


@dataclass(frozen=True, slots=True)
class Bursts:
    """For `for_s` of every `every_s` seconds there is `factor` times the usual rate."""

    factor: float = 1.0
    every_s: float = 1.0
    for_s: float = 0.0

    def at(self, now: float) -> float:
        """Return by what the rate is multiplied at a moment."""
        return self.factor if now % self.every_s < self.for_s else 1.0


class Balancer:
    """A proxy with processors of its own: it gives each request to the replica with the fewest, or to each in turn."""

    def __init__(
        self, clock: Clock, replicas: Sequence[Replica], cores: Cores, request_s: float, network_s: float, least: bool
    ) -> None:
        self._clock = clock
        self._replicas = replicas
        self._cores = cores
        self._request_s = request_s
        self._network_s = network_s
        self._least = least
        self._turn = itertools.count()
        self.unserved = 0

    def take(self, asked: Asked) -> None:
        """Pass a request on, and later its answer; half of the work is done on each way."""
        self._cores.work(
            lambda: self._request_s / 2, lambda: self._clock.after(self._network_s, lambda: self._on(asked))
        )

    def _on(self, asked: Asked) -> None:
        up = [replica for replica in self._replicas if replica.up]
        if not up:
            self.unserved += 1
            asked.ended(asked, False)
            return
        number = next(self._turn)
        replica = up[number % len(up)]
        if self._least:
            start = number % len(up)
            replica = min(up[start:] + up[:start], key=lambda each: each.outstanding)
        ended = asked.ended

        def back(_: Asked, good: bool) -> None:
            replica.give_back()
            asked.ended = ended
            self._cores.work(
                lambda: self._request_s / 2, lambda: self._clock.after(self._network_s, lambda: ended(asked, good))
            )

        asked.ended = back
        replica.take(asked)


class Ledger:
    """What became of the requests that were asked from a moment on; `answered` are those that were by another."""

    def __init__(self, clock: Clock, since: float, until: float = math.inf) -> None:
        self.until = until
        self.latencies: list[float] = []
        self.answered = 0
        self.lost = 0
        self._clock = clock
        self._since = since

    def ended(self, asked: Asked, good: bool) -> None:
        """Note the end of a request."""
        if asked.begun >= self._since:
            if good:
                self.latencies.append(self._clock.now - asked.begun)
                self.answered += self._clock.now <= self.until
            else:
                self.lost += 1


def poisson(
    clock: Clock, chance: random.Random, rate: float, rows: int, ask: Ask, ledger: Ledger, bursts: Bursts | None = None
) -> None:
    """Have independent callers ask at so many requests a second, by bursts more, for as long as the ledger counts."""
    uneven = bursts or Bursts()
    most = rate * max(1.0, uneven.factor)

    def next_one() -> None:
        if clock.now > ledger.until:
            return
        clock.after(chance.expovariate(most), next_one)
        if chance.random() * most < rate * uneven.at(clock.now):
            ask(Asked(rows, clock.now, ledger.ended))

    clock.after(chance.expovariate(most), next_one)


class ClosedLoop(Process):
    """A load generator of one thread on the same processors: each connection asks again once it is answered."""

    def __init__(
        self, clock: Clock, cores: Cores, costs: Costs, connections: int, rows: int, ask: Ask, ledger: Ledger
    ) -> None:
        super().__init__(cores)
        self._clock = clock
        self._costs = costs
        self._rows = rows
        self._ask = ask
        self._ledger = ledger
        self._free = connections
        self._turn = 0
        self.wake()

    def wants(self) -> bool:
        return self._free > 0

    def begin(self) -> float:
        self._turn, self._free = self._free, 0
        return self._costs.caller_turn_s + self._turn * self._costs.caller_request_s

    def end(self) -> None:
        for _ in range(self._turn):
            self._ask(Asked(self._rows, self._clock.now, self._ended))

    def _ended(self, asked: Asked, good: bool) -> None:
        self._ledger.ended(asked, good)
        self._free += 1
        self.wake()
