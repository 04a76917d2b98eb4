"""One container: front-end processes and workers on the processors of one machine."""

import itertools
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.simulation.asked import COLUMNS, Asked, Ending, Message
from benchmarks.simulation.clock import Clock, Cores, Process, unevenness
from benchmarks.simulation.costs import Costs
from triglot.dispatch.routing import WorkerView, choose
from triglot.protocol import batching
from triglot.protocol.batching import Limits, Pace
from triglot.protocol.bundles import CELLS
from triglot.transport.discovery import Endpoint

LANGUAGE = "python"
HELD = ("model", 1, "")
QUEUE = 4_096  # requests that wait in a worker at most
PATIENCE_S = 15.0  # a request waits so long for a worker of its language
LOOK_S = 0.02  # so often it looks for one meanwhile


@dataclass(frozen=True, slots=True)
class Setup:
    """What a container has, and how long a worker that died takes until it answers again."""

    cores: int = 2
    processes: int = 2
    workers: int = 1
    restart_s: float = 1.0


class Worker(Process):
    """Takes all that waits, plans calls as workers do, and makes them one after the other."""

    def __init__(self, clock: Clock, cores: Cores, costs: Costs, name: str, restart_s: float) -> None:
        super().__init__(cores)
        self.name = name
        self.calls = 0
        self.answered = 0
        self.alive = True
        self._clock = clock
        self._costs = costs
        self._restart_s = restart_s
        self._pace = Pace(Limits())
        self._messages: list[Message] = []
        self._waiting = 0  # requests in them
        self._planned: deque[list[Message]] = deque()
        self._call: list[Message] = []

    @property
    def view(self) -> WorkerView:
        """What front ends know of it."""
        return WorkerView(Endpoint(self.name, LANGUAGE, "", ""), self.alive, holds=frozenset({HELD}))

    def send(self, message: Message) -> None:
        """Have a message wait here; it comes back at once where this worker has just died, or its queue is full."""
        if not self.alive:
            message.answer(message, "lost")
        elif self._waiting + len(message.asked) > QUEUE:
            message.answer(message, "refused")
        else:
            self._waiting += len(message.asked)
            self._messages.append(message)
            self.wake()

    def wants(self) -> bool:
        return bool(self._planned or self._messages)

    def begin(self) -> float:
        seconds = 0.0
        if not self._planned:
            waiting, self._messages, self._waiting = self._messages, [], 0
            self._planned.extend(batching.plan(waiting, lambda request: self._pace.limits))
            seconds = len(waiting) * self._costs.worker_message_s
        if not self._planned:  # it died while it waited for a processor
            return 0.0
        self._call = self._planned.popleft()
        rows = sum(message.rows for message in self._call)
        took = self._costs.call(batching.requests(self._call), rows)
        self._pace.took(rows, took)
        return seconds + took

    def end(self) -> None:
        call, self._call = self._call, []
        self.calls += bool(call)
        self.answered += batching.requests(call)
        for message in call:
            message.answer(message, "answered")

    def die(self) -> None:
        """End with all that is in hand, which goes back to those who sent it; come again after a while."""
        lost = [*self._call, *itertools.chain(*self._planned), *self._messages]
        self._call, self._messages, self._waiting, self.alive = [], [], 0, False
        self._planned.clear()
        self._clock.after(self._restart_s, self._rise)
        for message in lost:
            for asked in message.asked:
                asked.alone = True
            message.answer(message, "lost")

    def _rise(self) -> None:
        self.alive = True
        self._pace = Pace(Limits())


class FrontEnd(Process):
    """Takes what has come at each turn: requests leave together by worker, answers go to their callers."""

    def __init__(self, clock: Clock, cores: Cores, costs: Costs, workers: Sequence[Worker]) -> None:
        super().__init__(cores)
        self._clock = clock
        self._costs = costs
        self._workers = {worker.name: worker for worker in workers}
        self._outstanding: dict[tuple[str, str], int] = {}
        self._arrived: list[Asked] = []
        self._answered: list[Message] = []
        self._turn: tuple[list[Asked], list[Message]] = ([], [])

    def arrive(self, asked: Asked) -> None:
        """Take a request."""
        self._arrived.append(asked)
        self.wake()

    def wants(self) -> bool:
        return bool(self._arrived or self._answered)

    def begin(self) -> float:
        self._turn = arrived, answered = self._arrived, self._answered
        self._arrived, self._answered = [], []
        messages = len(answered) + (1 if arrived else 0)
        requests = len(arrived) + sum(len(message.asked) for message in answered)
        rows = sum(asked.rows for asked in arrived) + sum(message.rows for message in answered)
        return self._costs.front(messages, requests, rows) / 2  # the other half is paid on the other way

    def end(self) -> None:
        (arrived, answered), self._turn = self._turn, ([], [])
        for message in answered:
            for asked in message.asked:
                asked.ended(asked, True)
        self._send(arrived)

    def _send(self, arrived: Sequence[Asked]) -> None:
        """Send what has come up, together what is for one worker and may be together."""
        views = [worker.view for worker in self._workers.values()]
        together: dict[str, list[Asked]] = {}
        for asked in arrived:
            view = choose(views, LANGUAGE, HELD, self._outstanding)
            if view is None:
                self._wait(asked)
                continue
            self._outstanding[view.id] = self._outstanding.get(view.id, 0) + 1
            if asked.alone or asked.rows * len(COLUMNS) > CELLS:
                self._ask(view.endpoint.name, [asked])
            else:
                together.setdefault(view.endpoint.name, []).append(asked)
        for name, some in together.items():
            self._ask(name, some)

    def _ask(self, name: str, some: Sequence[Asked]) -> None:
        def answer(message: Message, ending: Ending) -> None:
            self._outstanding[name, ""] -= len(message.asked)
            if ending == "answered":
                self._answered.append(message)
            elif ending == "lost":
                self._arrived.extend(message.asked)
            else:
                for asked in message.asked:
                    asked.ended(asked, False)
            self.wake()

        self._workers[name].send(Message(some, answer))

    def _wait(self, asked: Asked) -> None:
        """Look for a worker again a little later, unless the request has waited for long."""
        if self._clock.now - asked.begun > PATIENCE_S:
            asked.ended(asked, False)
        else:
            self._clock.after(LOOK_S, lambda: self.arrive(asked))


class Replica:
    """A container behind a balancer: up, draining, or away."""

    def __init__(self, clock: Clock, costs: Costs, setup: Setup, chance: random.Random) -> None:
        self.up = True
        self.outstanding = 0
        self.cores = Cores(clock, setup.cores, unevenness(chance, costs.uneven))
        self.workers = [
            Worker(clock, self.cores, costs, f"worker-{number}", setup.restart_s) for number in range(setup.workers)
        ]
        processes = [FrontEnd(clock, self.cores, costs, self.workers) for _ in range(setup.processes)]
        self._processes = itertools.cycle(processes)

    def take(self, asked: Asked) -> None:
        """Give a request to the front-end process whose turn it is, as the kernel spreads connections."""
        self.outstanding += 1
        next(self._processes).arrive(asked)

    def give_back(self) -> None:
        """Note that a request has ended."""
        self.outstanding -= 1
