"""Which version of each model is served now: the store's answer, kept fresh in the background.

A request never waits for the database. While the store cannot be reached, what was known last is served on.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from triglot import this_process
from triglot.artefact import Artefact
from triglot.dispatch.loads import Loading
from triglot.errors import ModelNotFound
from triglot.logs import Troubles, about
from triglot.persister import Persister
from triglot.persisters.decorated import read_model
from triglot.process_store import process_store
from triglot.scope_names import parted
from triglot.serving.families import Families, Family
from triglot.serving.memory import Memory
from triglot.serving.served import Served, Standing
from triglot.store import VersionInfo
from triglot.tally.counters import Counters

logger = logging.getLogger("triglot.catalogue")

REFRESH_S = 0.5
STORE_KEY = "model_persister"
MOST_EARLIER = 8


class Catalogue:
    """The active versions, asked of the store twice a second by one thread a process.

    `prepare` has workers load a version and says how they stand to it; it is called each time with every active
    version, before it takes traffic and after, and with one that answers in its stead. A version that some worker does
    not load does not replace one that answers. Where it does not load and nothing answers, as after a restart, the one
    is tried that answered last, as far as `memory` knows, and those before it, down from the nearest.

    The models of scopes are looked at when somebody asks for them, and loaded by the worker that is asked then; those
    in use follow their active versions as all others do. `refused` says whether some worker refuses a version of
    theirs, `otherwise` names the model that answers for a family's scopes that have none. `counters` count looks into
    the store. `withheld` says whether a version is not to be asked, although it loads: it stays for the answer while it
    is active, and no longer, nor does it answer in the stead of another.

    `before` is called before each look, `expect` with each version that is active at the first one, which loads
    nothing, and `after` with each that is about to take traffic. The process store holds what is served: the only model
    under the persister's own key of the configuration. `groups` names the group of workers of each model that has one.
    """

    def __init__(
        self,
        store: Persister,
        prepare: Callable[[Served], Loading],
        before: Callable[[], None] = lambda: None,
        after: Callable[[Served], None] = lambda served: None,
        expect: Callable[[Served], object] = lambda served: None,
        memory: Memory | None = None,
        groups: Mapping[str, str] | None = None,
        refused: Callable[[Served], bool] = lambda served: False,
        otherwise: Mapping[str, str] | None = None,
        counters: Counters | None = None,
        withheld: Callable[[Served], bool] = lambda served: False,
    ) -> None:
        self._store = store
        self._withheld = withheld
        self._refused = refused
        self._counters = counters or Counters(None)
        self._families = Families(store, otherwise or {})
        self._prepare = prepare
        self._before = before
        self._after = after
        self._expect = expect
        self._memory = memory or Memory()
        self._groups = groups or {}
        self._served: dict[str, Served] = {}
        self._standings: dict[str, Standing] = {}
        self._earlier: dict[str, tuple[Served, list[Served]]] = {}
        self._told: dict[str, Served] = {}
        self._noted: dict[str, Served] = {}
        self._begun = self._done = 0
        self._pid = 0
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._trouble = ""
        self._troubles = Troubles(logger)

    def active(self, model: str) -> Served:
        """Return the version of `model` that is served now.

        Raises `VersionNotLoadable` where none can be, and `ModelNotFound`, listing what there is.
        """
        self._live()
        try:
            return self._served[model]
        except KeyError:
            standing = self.standing(model)
        if standing.answers is None:
            raise standing.error or self._unknown(model)
        return standing.answers

    def at_hand(self, model: str) -> Served | None:
        """Return the same where that asks nobody: a scope's model that was not asked for lately has to be looked up."""
        self._live()
        if model in self._served:
            return self._served[model]
        standing = self._families.standing(model)
        return None if standing is None else standing.answers

    def is_asked(self, model: str, version: int) -> bool:
        """Whether requests to a model go to this version now."""
        served = self._served.get(model)
        return self._families.versions.get(model) == version if served is None else served.version == version

    def all(self) -> dict[str, Served]:
        """Return the served versions by model name, but for those of scopes."""
        self._live()
        return dict(self._served)

    def standing(self, model: str) -> Standing:
        """Return how a model stands; raises `ModelNotFound` where no version of it is active."""
        self._live()
        standing = self._standings.get(model)
        if standing is not None:
            return standing
        version = self._families.versions.get(model)
        if version is None:
            raise self._unknown(model)
        return self._families.use(model, lambda: self._first(model, version))

    def standings(self) -> dict[str, Standing]:
        """Return how each model stands that has an active version, but for those of scopes."""
        self._live()
        return dict(self._standings)

    def families(self) -> Mapping[str, Family]:
        """Return the families of scopes' models, by their names."""
        self._live()
        return self._families.all

    def _first(self, model: str, version: int) -> Standing:
        """Return how a scope's model stands that somebody asks for; the request itself has a worker load it."""
        served = self._of(self._store.info(model, version))
        self._expect(served)
        self._after(served)
        return Standing(served, served)

    def _unknown(self, model: str) -> ModelNotFound:
        family, scope = parted(model)
        if family in self._families.all and not scope:
            scopes = self._families.all[family].scopes
            example = f", such as {model}/{scopes[0]}" if scopes else ""
            return ModelNotFound(f"model {model!r} has a model for each of {len(scopes)} scopes{example}; name one")
        if scope and family in self._families.all:
            return ModelNotFound(f"no model {model!r} is active; {self._families.all[family].nearest(scope)}")
        known = ", ".join(map(repr, sorted(self._standings))) or "none yet: fit and activate one"
        return ModelNotFound(f"no model {model!r} is active; active are {known}")

    @property
    def has_answered(self) -> bool:
        """Whether any version has answered in this process."""
        return bool(self._told)

    @property
    def trouble(self) -> str:
        """Why the last look into the store failed; empty while all is well."""
        return self._trouble

    def artefact(self, served: Served) -> Artefact:
        """Return the bytes of a version, from the store."""
        return read_model(self._store, served.model, served.version).artefact

    def refresh(self) -> None:
        """Look into the store now; a model of which that cannot be done does not keep the others from it."""
        self._look_at_all(self._stand)
        self._follow_scopes()

    def _look_at_all(self, stand: Callable[[Served, Standing | None], Standing]) -> None:
        self._begun = number = self._begun + 1
        standings: dict[str, Standing] = {}
        failed: Exception | None = None
        for model, version in self._read().items():
            known = self._standings.get(model)
            try:
                same = known is not None and known.active.version == version
                active = known.active if known is not None and same else self._of(self._store.info(model, version))
                standings[model] = stand(active, known)
            except Exception as error:
                failed = failed or error
                standings |= {} if known is None else {model: known}
        if number > self._done:  # a load may take long, and another thread have looked since
            self._done = number
            self._publish(standings)
        if failed is not None:
            raise failed

    def _read(self) -> Mapping[str, int]:
        """Return the active versions that the store has, and count how long it took to say so."""
        begun, outcome = time.perf_counter_ns(), "error"
        try:
            found = self._families.look()
            outcome = "ok"
            return found
        finally:
            self._counters.timed(time.perf_counter_ns() - begun, "store", outcome)

    def _follow_scopes(self) -> None:
        """Have the scopes' models in use follow their active versions, and see what answers for one that is refused."""
        for model, known in self._families.in_use().items():
            version = self._families.versions.get(model)
            if version is None:
                self._families.replace(model, None)
                self._earlier.pop(model, None)
            elif version != known.active.version:
                self._families.replace(model, self._stand(self._of(self._store.info(model, version)), known))
            elif known.refusal is not None or self._refused(known.active):
                self._families.replace(model, self._stand(known.active, known))

    def _stand(self, active: Served, known: Standing | None) -> Standing:
        """Return how a model stands now, with this version active; the one that answers comes first, as it is asked."""
        before = None if known is None else known.answers
        if before is not None and before is not active and self._withheld(before):
            before = None
        kept = None if before is None or before is active else self._prepare(before)
        wanted = self._prepare(active)
        if wanted.whole or (before is active and wanted.held):
            return Standing(active, active, loaded=True, refusal=wanted.refusal)
        followed = not wanted.there and (known is None or known.active is not active)  # nobody is there to object
        if before and kept and not followed and not (kept.nowhere and wanted.refused):
            return Standing(active, before, loaded=kept.held > 0, refusal=wanted.refusal)
        if not wanted.refused:  # nobody is there yet, or has had the time
            return Standing(active, active, loaded=wanted.held > 0)
        return self._fallen_back(active, wanted)

    def _fallen_back(self, active: Served, wanted: Loading) -> Standing:
        """Return how a model stands whose active version some worker refuses while no other answers."""
        in_part = active if wanted.held else None
        for earlier in self._before_it(active):
            if self._withheld(earlier):
                continue
            found = self._prepare(earlier)
            if found.whole:
                return Standing(active, earlier, loaded=True, refusal=wanted.refusal)
            in_part = in_part or (earlier if found.held else None)
        return Standing(active, in_part, loaded=in_part is not None, refusal=wanted.refusal)

    def _before_it(self, active: Served) -> list[Served]:
        """Return the version that answered last, then those of lower numbers that stood their proof, the nearest first.

        What the store lists is kept, as it only shrinks.
        """
        known = self._earlier.get(active.model)
        if known is None or known[0] is not active:
            others = [self._of(info) for info in self._store.list(active.model) if info.version != active.version]
            last = self._memory.version(active.model)
            lower = [each for each in others if each.version < active.version and each.key != last and each.is_proved]
            nearest = lower[: -MOST_EARLIER - 1 : -1]
            known = (active, [each for each in others if each.key == last] + nearest)
            self._earlier[active.model] = known
        return known[1]

    def _of(self, info: VersionInfo) -> Served:
        return Served(info, self._groups.get(info.model) or self._groups.get(parted(info.model)[0], ""))

    def _publish(self, standings: dict[str, Standing]) -> None:
        """Have these standings hold from now on, and tell what has changed."""
        served = {model: standing.answers for model, standing in standings.items() if standing.answers is not None}
        for model, standing in standings.items():
            self._tell(model, standing, self._standings.get(model))
        noted = {model: answers for model, answers in self._told.items() if model in served}
        if noted != self._noted:
            self._noted = noted
            self._memory.note(answers.key for answers in noted.values())
        changed = served != self._served
        self._served, self._standings = served, standings
        if changed and len(served) == len(standings) == 1:
            [process_store[getattr(self._store, "__pld_config_key__", STORE_KEY)]] = served.values()

    def _tell(self, model: str, now: Standing, before: Standing | None) -> None:
        refusal, known = now.refusal, None if before is None else before.refusal
        if refusal is not None and (known is None or known.cause != refusal.cause):
            where = "does not load" if now.answers is not now.active else "does not load in every worker"
            told = about(model=model, version=now.active.version)
            logger.error("model %s: version %d %s: %s", model, now.active.version, where, refusal.cause, extra=told)
        if now.loaded and now.answers is not None and now.answers is not self._told.get(model):
            self._told[model] = now.answers
            told = about(model=model, version=now.answers.version)
            logger.info("model %s: version %d answers from now on", model, now.answers.version, extra=told)
            self._after(now.answers)

    def close(self) -> None:
        """Stop looking."""
        self._over.set()

    def _live(self) -> None:
        """Start looking, in the process that asks: a thread does not survive a fork."""
        if self._pid == this_process.pid():
            return
        with self._lock:
            if self._pid == this_process.pid():
                return
            self._over = threading.Event()
            self._look(self._look_without_loading)  # whoever asks first does not wait for all that has to be loaded
            self._pid = this_process.pid()
            threading.Thread(target=self._run, args=(self._over,), name="triglot-catalogue", daemon=True).start()

    def _run(self, over: threading.Event) -> None:
        while True:
            self._look(self.refresh)
            if over.wait(REFRESH_S):
                return

    def _look_without_loading(self) -> None:
        self._look_at_all(self._as_it_is)

    def _as_it_is(self, active: Served, known: Standing | None) -> Standing:
        self._expect(active)
        return known or Standing(active, active)

    def _look(self, look: Callable[[], None]) -> None:
        try:
            self._before()
            look()
            self._trouble = ""
            self._troubles.over("store", "the model store can be read again")
        except Exception as error:  # whatever it is, the thread must live to see the end of it
            said = f"the model store cannot be read, what is served stays: {error}"
            self._troubles.tell("store", logging.ERROR, said)
            self._trouble = str(error)
