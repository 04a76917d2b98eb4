"""What one machine's service costs, as it was measured: seconds of a processor for each of the things that it does."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

FILE = Path(__file__).with_name("costs.json")
Z99 = 2.326  # standard deviations beyond which one in a hundred is
MOST_UNEVEN = 1.0


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of a processor for one model: of the front end, of a worker, and of whoever loads them (wrk).

    A message holds the requests that came up at one turn of a front end's loop, a call those that a worker answers
    together; both ways are counted with the first. `uneven` is by how much the logarithm of each piece of work differs
    from time to time, as a standard deviation.
    """

    front_message_s: float
    front_request_s: float
    front_row_s: float
    worker_message_s: float
    worker_call_s: float
    worker_request_s: float
    worker_row_s: float
    caller_turn_s: float
    caller_request_s: float
    uneven: float = 0.0

    def front(self, messages: int, requests: int, rows: int) -> float:
        """Return what so much costs a front end, there and back."""
        return messages * self.front_message_s + requests * self.front_request_s + rows * self.front_row_s

    def call(self, requests: int, rows: int) -> float:
        """Return what one call costs a worker."""
        return self.worker_call_s + requests * self.worker_request_s + rows * self.worker_row_s


@dataclass(frozen=True, slots=True)
class Seen:
    """What one load of one model was seen to do; seconds are processor time of all of the load."""

    model: str
    load: str
    connections: int
    rows: int
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    requests: int
    messages: int
    calls: int
    front_s: float
    worker_s: float
    caller_s: float
    fitted: bool

    @property
    def cpu_ms(self) -> float:
        """The service's processor time for one request, in milliseconds."""
        return 1000 * (self.front_s + self.worker_s) / self.requests


def fit(seen: Sequence[Seen]) -> Costs:
    """Return the costs that explain loads of one model best; each load's share that is not explained counts alike."""
    used = [one for one in seen if one.fitted]
    rows = [one.requests * one.rows for one in used]
    messages, requests = [one.messages for one in used], [one.requests for one in used]
    front = _explained([messages, requests, rows], [one.front_s for one in used])
    worker = _explained([messages, [one.calls for one in used], requests, rows], [one.worker_s for one in used])
    caller = _explained([messages, requests], [one.caller_s for one in used])
    even = Costs(*front, *worker, *caller)
    return replace(even, uneven=_uneven(even, seen))


def _uneven(costs: Costs, seen: Sequence[Seen]) -> float:
    """Return how uneven work is, by what one connection waits at the median and at worst, where there are no queues."""
    alone = next((one for one in seen if (one.connections, one.rows) == (1, 1) and 0 < one.p50_ms < one.p99_ms), None)
    if alone is None:
        return 0.0
    front, worker = costs.front(1, 1, 1) / 2, costs.worker_message_s + costs.call(1, 1)
    pieces = np.array([front, worker, front])
    whole = np.log(alone.p99_ms / alone.p50_ms) / Z99
    return float(min(MOST_UNEVEN, whole * pieces.sum() / np.sqrt((pieces**2).sum())))


def _explained(counts: Sequence[Sequence[int]], seconds: Sequence[float]) -> list[float]:
    took = np.array(seconds)
    return [float(cost) for cost in nnls(np.array(counts).T / took[:, None], np.ones(len(took)))[0]]


def load(file: Path = FILE) -> dict[str, Any]:
    """Return what was measured: `costs` by model and `seen` as values, all else as it stands in the file."""
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    seen = [Seen(**one) for one in found["seen"]]
    return found | {"seen": seen, "costs": by_model(seen)}


def save(found: Mapping[str, Any], file: Path = FILE) -> None:
    """Write what was measured; the costs, which follow from it, are written for whoever reads the file."""
    seen = found["seen"]
    costs = {model: asdict(each) for model, each in by_model(seen).items()}
    file.write_text(json.dumps({**found, "seen": [asdict(one) for one in seen], "costs": costs}, indent=1) + "\n")


def by_model(seen: Sequence[Seen]) -> dict[str, Costs]:
    """Return the costs of each model."""
    models = dict.fromkeys(one.model for one in seen)
    return {model: fit([one for one in seen if one.model == model]) for model in models}
