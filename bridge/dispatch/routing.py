"""Which worker takes a request, and what follows when it goes wrong: no sockets, no clock, no threads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from triglot.errors import ArtefactNeeded, Overloaded, PoisonRequest, TableNeeded, TriglotError, WorkerLost
from triglot.languages.pools import pool_of
from triglot.protocol.messages import Request
from triglot.transport.discovery import Endpoint

MAX_PROVEN_DEATHS = 2
# A worker that would have to be sent the model first is as good as one with this many requests before ours.
_UNHELD_PENALTY = 2


@dataclass(frozen=True, slots=True)
class WorkerView:
    """What one process knows of one worker; `bundles` says whether it takes several requests as one message.

    `pool` is what it works for: its language, or its group within it.
    """

    endpoint: Endpoint
    alive: bool
    draining: bool = False
    holds: frozenset[tuple[str, int, str]] = frozenset()
    silent: bool = False
    bundles: bool = False
    pool: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pool", pool_of(self.endpoint.language, self.endpoint.group))

    @property
    def id(self) -> tuple[str, str]:
        """Name and incarnation: one process, never its successor."""
        return (self.endpoint.name, self.endpoint.incarnation)

    @property
    def ready(self) -> bool:
        """Whether it can take a request."""
        return self.alive and not self.draining

    def serves(self, pool: str) -> bool:
        """Whether it can take a request to a model that this pool answers for."""
        return self.ready and self.pool == pool


def choose(
    workers: Sequence[WorkerView],
    pool: str,
    held: tuple[str, int, str],
    outstanding: Mapping[tuple[str, str], int],
    avoid: Collection[tuple[str, str]] = (),
) -> WorkerView | None:
    """Return the fittest worker of the pool: alive, not draining, least outstanding, holding the version.

    `outstanding` counts this process's own unanswered requests, by worker. Workers in `avoid` have failed this
    request and are taken only when there is no other. None where there is no worker at all.
    """
    fit = [w for w in workers if w.serves(pool)]
    if len(fit) < 2:
        return fit[0] if fit else None
    fresh = [w for w in fit if w.id not in avoid] or fit
    return min(
        fresh,
        key=lambda w: (outstanding.get(w.id, 0) + _UNHELD_PENALTY * (held not in w.holds), w.endpoint.name),
    )


@dataclass(frozen=True, slots=True)
class History:
    """What one request has been through; immutable, each event gives the next one.

    `deaths` counts workers that ended while they held the request, `proven` those that had said that they were
    working on this request alone. A request that is merely queued behind a deadly one is never blamed. `apart` has it
    answered by itself from its first try on.
    """

    deaths: int = 0
    proven: int = 0
    avoid: frozenset[tuple[str, str]] = frozenset()
    apart: bool = False

    @property
    def alone(self) -> bool:
        """Whether the request must not be merged with others."""
        return self.apart or self.deaths > 0

    def after_death(self, worker: tuple[str, str], started: bool) -> "History":
        """Return the history after a worker ended with the request in its hands."""
        return History(self.deaths + 1, self.proven + (started and self.alone), self.avoid | {worker}, self.apart)

    def after_refusal(self, worker: tuple[str, str]) -> "History":
        """Return the history after a worker with a full queue sent the request back."""
        return History(self.deaths, self.proven, self.avoid | {worker}, self.apart)

    @property
    def is_poison(self) -> bool:
        """Whether the request has been proven to end workers, so that it must not be tried again."""
        return self.proven >= MAX_PROVEN_DEATHS

    def poison(self, request_id: str, reason: str = "") -> PoisonRequest:
        """Return the error for a request that has ended workers by itself, with the last one's own reason."""
        told = f": {reason}" if reason else ""
        return PoisonRequest(
            f"request {request_id} ended {self.proven} workers that were answering nothing else, and is not tried "
            f"again{told}"
        )


NEW: Final = History()
APART: Final = History(apart=True)


def history_after(
    error: TriglotError, request: Request, worker: WorkerView, history: History, workers: Sequence[WorkerView]
) -> History:
    """Return what a request has been through once a worker gave this error, where it is to be tried again.

    Raises what its caller is to be told where it is not. Whoever tries again after `ArtefactNeeded` or `TableNeeded`
    brings what was lacking.
    """
    if isinstance(error, WorkerLost) and request.op not in ("fit", "dataset", "transform"):
        history = history.after_death(worker.id, error.started)
        if history.is_poison:
            raise history.poison(request.id, error.reason) from None
        return history
    if isinstance(error, Overloaded):
        history = history.after_refusal(worker.id)
        if any(other.serves(worker.pool) and other.id not in history.avoid for other in workers):
            return history
    if isinstance(error, ArtefactNeeded | TableNeeded):
        return history
    raise error  # an author's function may have done half of what it does, and what is wrong stays wrong
