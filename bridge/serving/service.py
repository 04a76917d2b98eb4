"""The service: what command line, HTTP and jobs all call. It has the opinions, they are skins.

A prediction goes: model name -> active version (catalogue) -> a worker (client) -> codes -> labels.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from types import MappingProxyType
from typing import Any, NamedTuple

from triglot.client.asynchronous import Lane
from triglot.client.blocking import Answer, Client
from triglot.client.handover import Fetch
from triglot.client.loads import Loading, Loads
from triglot.client.routing import WorkerView
from triglot.errors import BadRequest, WorkerUnavailable
from triglot.hooks import Hooks, LoadedVersion
from triglot.languages.pools import spoken
from triglot.persister import Persister
from triglot.protocol.messages import Op, Request
from triglot.serving.catalogue import Catalogue, Served, Standing
from triglot.serving.memory import Memory
from triglot.supervision import status
from triglot.tables.labels import plain_answers
from triglot.tables.table import Array, Table
from triglot.transport.request_ids import new_id

TIMEOUT_S = 30.0
# of a body that is in memory whole, and of one that is read in pieces
MAX_BODY_BYTES = 64 * 2**20
MAX_BULK_BYTES = 2**30
# So long requests wait for a worker that restarts. For a language that was switched off they do not wait longer: they
# would hold the threads that the others need.
ABSENCE_S = 15.0


class Question(NamedTuple):
    """What a version is asked of a table, or of one table after another; one is made for every request.

    params: keyword arguments of the model's own `predict`. proba: probabilities are asked for, and not answers.
    timeout_s: how long each table's answer may take. request_id: by default a new one for each table.
    """

    served: Served
    params: Mapping[str, Any] = MappingProxyType({})
    proba: bool = False
    timeout_s: float = TIMEOUT_S
    request_id: str = ""


class Prediction(NamedTuple):
    """Plain answers, one a row of the request, and where they come from.

    `values` holds labels of their own type, numbers, lists of numbers (several outputs), or lists of
    probabilities in the order of `classes`.
    """

    values: list[Any]
    served: Served
    worker: str
    request_id: str
    output: str = ""

    @property
    def classes(self) -> list[Any] | None:
        """The ordered classes of a classifier, else None."""
        labels = self.served.labels
        return None if labels is None else list(labels.classes)


def require_classes(question: Question) -> None:
    """Return if the version can be asked for that; raises `BadRequest` where it has no probabilities."""
    if question.proba and question.served.labels is None:
        raise BadRequest(f"model {question.served.model!r} is no classifier and has no probabilities")


class Service:
    """Predicts by the active versions of one store, through the workers that one client knows.

    `asked` says, as an id, when somebody last asked one of all processes to look into the store without waiting for
    the store's rule; all of them follow. `hooks` are told of each call and of each version that begins to answer.
    `groups` names the group of workers of each model that has one.
    """

    def __init__(
        self,
        store: Persister,
        client: Client,
        absence_s: float = ABSENCE_S,
        asked: Callable[[], str | None] | None = None,
        hooks: Hooks | None = None,
        groups: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.store = store
        self.hooks = hooks or Hooks()
        self._absence_s = absence_s
        self._client = client
        self._loads = client.loads = client.loads or Loads()
        self._asked = asked
        self._heard: str | None = None
        memory = Memory(client.run_dir)
        self._catalogue = Catalogue(store, self._warm, self._follow, self._tell, self._expect, memory, groups)
        self._absent_since: dict[str, float] = {}

    def served(self, model: str) -> Served:
        """Return the version of a model that answers now; raises `ModelNotFound`, `VersionNotLoadable`."""
        return self._catalogue.active(model)

    def models(self) -> dict[str, Served]:
        """Return all versions that answer now, by model name."""
        return self._catalogue.all()

    def standing(self, model: str) -> Standing:
        """Return how a model stands; raises `ModelNotFound`."""
        return self._catalogue.standing(model)

    def standings(self) -> dict[str, Standing]:
        """Return how each model stands that has an active version, by its name."""
        return self._catalogue.standings()

    def holders(self, served: Served) -> int:
        """Return how many workers that can take a request have loaded a version."""
        taken = self._loads.taken_by(served.key)
        return sum(worker.serves(served.pool) and worker.id in taken for worker in self._client.workers())

    def workers(self) -> Sequence[WorkerView]:
        """Return what this process knows of the workers."""
        return self._client.workers()

    def troubles(self) -> dict[str, str]:
        """Return the supervised programs that are down for good or crash again and again, with their reasons."""
        return {} if self._client.run_dir is None else status.troubles(self._client.run_dir)

    @property
    def trouble(self) -> str:
        """Why the store cannot be read at the moment; empty while it can."""
        return self._catalogue.trouble

    def refresh(self, *, past_rule: bool = False) -> None:
        """Look into the store now instead of within half a second, and also past a rule of the store's own."""
        update_cache = getattr(self.store, "update_cache", None)
        if past_rule and update_cache is not None:
            update_cache()
        self._catalogue.refresh()

    def predict(self, question: Question, X: Table) -> Prediction:
        """Return the answers to the rows of X, in order.

        Raises the worker's own error where the author's code failed, `DeadlineExceeded` or `WorkerUnavailable`
        where no answer came in time, the latter at once where the model has been without workers for long.
        """
        request = self._request(question, X)
        if X.rows == 0:  # nothing is asked, and many estimators refuse a table without rows
            return Prediction([], question.served, "", request.id)
        return _prediction(question.served, request, self._call(question, request))

    def ask(self, question: Question, X: Table) -> Array:
        """Return a worker's answer as it came: int32 codes of classes, or numbers, of one row a row of X."""
        return self._call(question, self._request(question, X)).reply.tables[0].matrix()

    async def predict_soon(self, lane: Lane, question: Question, X: Table) -> Prediction:
        """Return the same as `predict`, by the lane of the event loop that awaits it."""
        served, request = question.served, self._request(question, X)
        if X.rows == 0:
            return Prediction([], served, "", request.id)
        with self.hooks.around((request,), time.monotonic() + question.timeout_s):
            answer = await lane.call(request, served.pool, question.timeout_s, self._fetch(served))
        return _prediction(served, request, answer)

    def lane(self, pool: Executor) -> Lane:
        """Return a new lane for the event loop that is running; `pool` takes what is out of the ordinary."""
        return Lane(self._client, pool)

    def _request(self, question: Question, X: Table) -> Request:
        require_classes(question)
        served = question.served
        if X.rows:
            self._refuse_long_absence(served.pool)
        op: Op = "predict_proba" if question.proba else "predict"
        return Request(
            op=op,
            id=question.request_id or new_id(),
            model=served.model,
            version=served.version,
            sha256=served.info.sha256,
            params=question.params,
            tables=(X,),
        )

    def _call(self, question: Question, request: Request) -> Answer:
        served = question.served
        with self.hooks.around((request,), time.monotonic() + question.timeout_s):
            return self._client.call(request, served.pool, question.timeout_s, self._fetch(served))

    def _fetch(self, served: Served) -> Fetch:
        return lambda: self._catalogue.artefact(served)

    def close(self) -> None:
        """Close the client and stop looking into the store."""
        self._catalogue.close()
        self._client.close()

    def _refuse_long_absence(self, pool: str) -> None:
        """Raise `WorkerUnavailable` where no request has a chance; costs nothing while workers are there."""
        if pool in self._absent_since and (absent_s := self._absence(pool)) > self._absence_s:
            there = f"there has been no worker for {spoken(pool)} for {absent_s:.0f} s"
            raise WorkerUnavailable(f"{there}; try again later")

    def _absence(self, pool: str) -> float:
        """Look for workers of a pool, and return for how many seconds there have been none."""
        if any(w.serves(pool) for w in self._client.workers()):
            self._absent_since.pop(pool, None)
            return 0.0
        now = time.monotonic()
        return now - self._absent_since.setdefault(pool, now)

    def _follow(self) -> None:
        """Forget what workers that have ended did, and have the store look past its rule where that was asked for."""
        self._loads.keep({worker.id for worker in self._client.workers()})
        update_cache = getattr(self.store, "update_cache", None)
        if self._asked is None or update_cache is None:
            return
        asked = self._asked()
        if asked is not None and asked != self._heard:
            update_cache()
        self._heard = asked

    def _tell(self, served: Served) -> None:
        """Tell of a version that answers from now on."""
        self.hooks.version_loaded(LoadedVersion(served.model, served.version, served.info.card))

    def _expect(self, served: Served) -> None:
        """Begin to count for how long there have been no workers that could answer for a version."""
        self._absence(served.pool)

    def _warm(self, served: Served) -> Loading:
        """Have the workers that answer for a version load it."""
        self._expect(served)
        return self._client.load(*served.key, served.pool, self._fetch(served))


def _prediction(served: Served, request: Request, answer: Answer) -> Prediction:
    """Return the labels or numbers that a worker's reply stands for."""
    matrix = answer.reply.tables[0].matrix()
    values = matrix.tolist() if request.op == "predict_proba" else plain_answers(matrix, served.labels)
    return Prediction(values, served, answer.worker, request.id, answer.reply.output)
