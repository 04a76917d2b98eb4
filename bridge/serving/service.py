"""The service: what command line, HTTP and jobs all call. It has the opinions, they are skins.

A prediction goes: model name -> active version (catalogue) -> a worker (client) -> codes -> labels.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from types import MappingProxyType
from typing import Any, NamedTuple

from triglot.dispatch.asynchronous import Lane
from triglot.dispatch.blocking import Answer, Client
from triglot.dispatch.handover import Fetch
from triglot.dispatch.loads import Loading, Loads
from triglot.dispatch.routing import APART, NEW, WorkerView
from triglot.drift.asked import Asked
from triglot.drift.comparison import Drift
from triglot.drift.terms import DriftTerms
from triglot.errors import BadRequest, ConfigError, WorkerUnavailable
from triglot.hooks import Hooks, LoadedVersion
from triglot.languages.pools import pool_of, spoken
from triglot.persister import Persister
from triglot.protocol.messages import Op, Request
from triglot.scope_names import parted
from triglot.serving.catalogue import Catalogue
from triglot.serving.families import Family
from triglot.serving.memory import Memory
from triglot.serving.served import Served, Standing
from triglot.supervision import status
from triglot.supervision.status import Program
from triglot.tables.labels import plain_answers
from triglot.tables.table import Array, Table
from triglot.tally.cases import Cases, Held
from triglot.tally.files import Tallies
from triglot.tally.lately import Lately
from triglot.tally.quarantine import Quarantine
from triglot.tally.recent import Counted, Recent
from triglot.transport.request_ids import new_id

TIMEOUT_S = 30.0
# So long requests wait for a worker that restarts. For a language that was switched off they do not wait longer: they
# would hold the threads that the others need.
ABSENCE_S = 15.0


class Question(NamedTuple):
    """What a version is asked of a table, or of one table after another; one is made for every request.

    params: keyword arguments of the model's own `predict`. proba: probabilities are asked for, and not answers.
    timeout_s: how long each table's answer may take. request_id: by default a new one for each table. further: it
    belongs to a request that has put another question already, and so is none by itself to whoever counts.
    """

    served: Served
    params: Mapping[str, Any] = MappingProxyType({})
    proba: bool = False
    timeout_s: float = TIMEOUT_S
    request_id: str = ""
    further: bool = False


class Prediction(NamedTuple):
    """Plain answers, one a row of the request, and where they come from.

    `values` holds labels of their own type, numbers, lists of numbers (several outputs), lists of probabilities in the
    order of `classes`, or whatever else a model answers that is declared so.
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
    if question.proba and question.served.labels is None and not question.served.any_answers:
        raise BadRequest(f"model {question.served.model!r} is no classifier and has no probabilities")


class Service:
    """Predicts by the active versions of one store, through the workers that one client knows.

    `asked` says, as an id, when somebody last asked one of all processes to look into the store without waiting for
    the store's rule; all of them follow. `hooks` are told of each call and of each version that begins to answer.
    `groups` names the group of workers of each model that has one, `otherwise` of each family of scopes' models the one
    that answers for a scope that has none. `tallies` has what predictions have come to, and `tallies.counters`
    what else is counted. `cases` know of versions that end workers, and by `quarantine` keep some from being asked.
    `rows_asked` looks for drift at what is asked, as `drift` says; it is None where nothing does.
    """

    def __init__(
        self,
        store: Persister,
        client: Client,
        absence_s: float = ABSENCE_S,
        asked: Callable[[], str | None] | None = None,
        hooks: Hooks | None = None,
        groups: Mapping[str, str] = MappingProxyType({}),
        otherwise: Mapping[str, str] = MappingProxyType({}),
        quarantine: Quarantine | None = None,
        drift: DriftTerms | None = None,
    ) -> None:
        self.store = store
        self.hooks = hooks or Hooks()
        self.tallies = Tallies(client.run_dir)
        self.rows_asked = None if drift is None else Asked(client.run_dir, drift)
        self._recent = Recent()
        self._absence_s = absence_s
        self._groups = groups
        self._client = client
        self._loads = client.loads = client.loads or Loads()
        self.cases = client.cases = Cases(client.run_dir, quarantine, self.tallies.counters)
        self._asked = asked
        self._heard: str | None = None
        memory = Memory(client.run_dir)
        self._catalogue = Catalogue(
            store,
            self._warm,
            self._follow,
            self._tell,
            self._expect,
            memory,
            groups,
            self._is_refused,
            otherwise,
            self.tallies.counters,
            lambda served: self.quarantined(served) is not None,
        )
        self._absent_since: dict[str, float] = {}

    def served(self, model: str) -> Served:
        """Return the version of a model that answers now; raises `ModelNotFound`, `VersionNotLoadable`."""
        return self._catalogue.active(model)

    def at_hand(self, model: str) -> Served | None:
        """Return the same where it is known already; a scope's model may have to be looked up in the store."""
        return self._catalogue.at_hand(model)

    def models(self) -> dict[str, Served]:
        """Return the versions that answer now, by model name, but for those of scopes."""
        return self._catalogue.all()

    def families(self) -> Mapping[str, Family]:
        """Return the families of scopes' models, by their names."""
        return self._catalogue.families()

    def names(self) -> list[str]:
        """Return what can be asked: the models but for those of scopes, and the families of these, in order."""
        return sorted({*self.standings(), *self.families()})

    def family(self, model: str) -> Family | None:
        """Return the family of scopes' models of this name; None where there is none, or a model has the name."""
        family = self.families().get(model)
        return None if family is None or model in self.standings() else family

    def is_ready(self, model: str) -> bool:
        """Return whether a worker has loaded a model; of scopes' models, which one loads once asked, whether one could.

        One whose version is in quarantine is not. Raises `ModelNotFound`.
        """
        family = None if model in self.standings() else self.families().get(parted(model)[0])
        if family is not None and model == family.name:
            return self.has_workers(family)
        answers = self.standing(model).answers
        if answers is None or self.quarantined(answers) is not None:
            return False
        return self.holders(answers) > 0 if family is None else self.has_workers(family)

    def has_workers(self, family: Family) -> bool:
        """Return whether a worker is there that could answer for a family's models."""
        pool = pool_of(family.language, self._groups.get(family.name, ""))
        return any(worker.serves(pool) for worker in self._client.workers())

    def standing(self, model: str) -> Standing:
        """Return how a model stands; raises `ModelNotFound`."""
        return self._catalogue.standing(model)

    def standings(self) -> dict[str, Standing]:
        """Return how each model stands that has an active version, by its name, but for those of scopes."""
        return self._catalogue.standings()

    def holders(self, served: Served) -> int:
        """Return how many workers that can take a request have loaded a version."""
        taken = self._loads.taken_by(served.key)
        return sum(worker.serves(served.pool) and worker.id in taken for worker in self._client.workers())

    def workers(self) -> Sequence[WorkerView]:
        """Return what this process knows of the workers."""
        return self._client.workers()

    def programs(self) -> dict[str, Program]:
        """Return what is known of the supervised programs, by their names; nothing where nobody supervises them."""
        return {} if self._client.run_dir is None else status.programs(self._client.run_dir)

    def troubles(self) -> dict[str, str]:
        """Return the supervised programs that are down for good or crash again and again, with their reasons."""
        return {} if self._client.run_dir is None else status.troubles(self._client.run_dir)

    def restart(self, program: str) -> None:
        """Have a supervised program restart; raises `ConfigError` where nobody supervises any."""
        from triglot.supervision.operator import Handle  # supervisord's modules, which nothing else here needs

        if self._client.run_dir is None:
            raise ConfigError("there is no run directory, and so nobody who supervises programs")
        Handle(self._client.run_dir).renew(program)

    def lately(self) -> dict[tuple[str, int], Lately]:
        """Return what became of the requests to each version within the last minute, in all processes together."""
        self._note()
        return self._recent.lately(time.monotonic(), self._counted())

    def in_quarantine(self) -> dict[tuple[str, int], Held]:
        """Return the versions that requests go to, and that are not asked because they end workers."""
        held = {(model, version): why for (model, version, _), why in self.cases.held().items()}
        return {version: why for version, why in held.items() if self._catalogue.is_asked(*version)}

    def quarantined(self, served: Served) -> Held | None:
        """Return why a version is not asked though it stands for the answer, or None."""
        return self.cases.held().get(served.key)

    def drift(self) -> dict[tuple[str, int], Drift]:
        """Return how far what the versions that answer were asked lately is from their training; nothing where off."""
        watched = [served.watched for served in self.models().values() if served.watched is not None]
        return {} if self.rows_asked is None else self.rows_asked.compared(watched)

    @property
    def has_answered(self) -> bool:
        """Whether any version has answered since this process began, be it active still or not."""
        return self._catalogue.has_answered

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
        return self._call(question, self._request(question, X)).reply.answers

    async def predict_soon(self, lane: Lane, question: Question, X: Table) -> Prediction:
        """Return the same as `predict`, by the lane of the event loop that awaits it."""
        request = self._request(question, X)
        if X.rows == 0:
            return Prediction([], question.served, "", request.id)
        return _prediction(question.served, request, await self._call_soon(lane, question, request))

    async def ask_soon(self, lane: Lane, question: Question, X: Table) -> Array:
        """Return the same as `ask`, by the lane of the event loop that awaits it."""
        return (await self._call_soon(lane, question, self._request(question, X))).reply.answers

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
        with (
            self.tallies.asking(*served.counted, further=question.further) as asking,
            self.cases.admitted(served.key, question.timeout_s) as is_trial,
            self.hooks.around((request,), time.monotonic() + question.timeout_s) as around,
        ):
            history = APART if is_trial else NEW
            answer = self._client.call(request, served.pool, question.timeout_s, self._fetch(served), history)
            asking.answered(request.rows, answer.reply.spent, answer.deaths)
            if around is not None:
                around.timed(answer.reply.spent)
        self._note_rows(question, request)
        return answer

    async def _call_soon(self, lane: Lane, question: Question, request: Request) -> Answer:
        served = question.served
        with (
            self.tallies.asking(*served.counted, further=question.further) as asking,
            self.cases.admitted(served.key, question.timeout_s) as is_trial,
            self.hooks.around((request,), time.monotonic() + question.timeout_s) as around,
        ):
            history = APART if is_trial else NEW
            answer = await lane.call(request, served.pool, question.timeout_s, self._fetch(served), history)
            asking.answered(request.rows, answer.reply.spent, answer.deaths)
            if around is not None:
                around.timed(answer.reply.spent)
        self._note_rows(question, request)
        return answer

    def _note_rows(self, question: Question, request: Request) -> None:
        if self.rows_asked is not None and not question.further and question.served.watched is not None:
            self.rows_asked.note(question.served.watched, request.tables[0])

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
        self._note()
        if self.rows_asked is not None:
            self.rows_asked.count()
        self._loads.keep({worker.id for worker in self._client.workers()})
        update_cache = getattr(self.store, "update_cache", None)
        if self._asked is None or update_cache is None:
            return
        asked = self._asked()
        if asked is not None and asked != self._heard:
            update_cache()
        self._heard = asked

    def _note(self) -> None:
        """Note what was counted so far, now and then, so that it can be said what has happened since."""
        if self._recent.is_due(now := time.monotonic()):
            self._recent.note(now, self._counted())

    def _counted(self) -> Counted:
        return Counted(self.tallies.paces(), self.tallies.failed(), self.tallies.deaths())

    def _tell(self, served: Served) -> None:
        """Tell of a version that answers from now on."""
        self.hooks.version_loaded(LoadedVersion(served.model, served.version, served.info.card))

    def _expect(self, served: Served) -> None:
        """Begin to count for how long there have been no workers that could answer for a version."""
        self._absence(served.pool)

    def _is_refused(self, served: Served) -> bool:
        return bool(self._loads.refused_by(served.key))

    def _warm(self, served: Served) -> Loading:
        """Have the workers that answer for a version load it."""
        self._expect(served)
        return self._client.load(*served.key, served.pool, self._fetch(served))


def _prediction(served: Served, request: Request, answer: Answer) -> Prediction:
    """Return the labels or numbers that a worker's reply stands for."""
    values = plain_answers(answer.reply.answers, served.labels, proba=request.op == "predict_proba")
    return Prediction(values, served, answer.worker, request.id, answer.reply.output)
