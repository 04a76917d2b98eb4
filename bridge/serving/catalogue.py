"""Which version of each model is served now: the store's answer, kept fresh in the background.

A request never waits for the database. While the store cannot be reached, what was known last is served on.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from triglot import this_process
from triglot.artefact import Artefact
from triglot.errors import ModelNotFound
from triglot.persister import Persister
from triglot.persisters.decorated import read_model
from triglot.process_store import process_store
from triglot.protocol.batching import Limits
from triglot.store import VersionInfo
from triglot.tables.labels import Labels
from triglot.tables.schema import Schema

logger = logging.getLogger("triglot.catalogue")

REFRESH_S = 0.5
STORE_KEY = "model_persister"


@dataclass(frozen=True)
class Served:
    """One version as the request path needs it; parsed once, then only read."""

    info: VersionInfo

    @property
    def model(self) -> str:
        """The model's name."""
        return self.info.model

    @property
    def version(self) -> int:
        """The version's number."""
        return self.info.version

    @property
    def language(self) -> str:
        """The language whose workers answer."""
        return self.info.language

    @property
    def __metadata__(self) -> dict[str, Any]:
        """What is known of the version, under the names that Palladium gave it."""
        info = self.info
        return {"version": info.version, "train_timestamp": info.created.isoformat(), **info.metrics, **info.metadata}

    @property
    def batch(self) -> bool:
        """Whether its answers are the same whatever rows stand beside; its author may have declared that not."""
        return not Limits.of(self.info.card.batch).alone

    @property
    def schema(self) -> Schema:
        """The columns that the model was fitted on."""
        return self.info.card.schema

    @property
    def labels(self) -> Labels | None:
        """The classes of a classifier, else None."""
        return self.info.card.labels


class Catalogue:
    """The active versions, asked of the store twice a second by one thread a process.

    `prepare` is called with every active version each time, before it takes traffic and after; it says whether
    the version is ready. A version that is not does not replace one that answers. `before` is called before each
    look, `after` with each version that is about to take traffic. The process store holds what is served: the only
    model under the persister's own key of the configuration.
    """

    def __init__(
        self,
        store: Persister,
        prepare: Callable[[Served], bool],
        before: Callable[[], None] = lambda: None,
        after: Callable[[Served], None] = lambda served: None,
    ) -> None:
        self._store = store
        self._prepare = prepare
        self._before = before
        self._after = after
        self._served: dict[str, Served] = {}
        self._pid = 0
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._trouble = ""

    def active(self, model: str) -> Served:
        """Return the version of `model` that is served now; raises `ModelNotFound`, listing what there is."""
        self._live()
        try:
            return self._served[model]
        except KeyError:
            known = ", ".join(map(repr, sorted(self._served))) or "none yet: fit and activate one"
            raise ModelNotFound(f"no model {model!r} is active; active are {known}") from None

    def all(self) -> dict[str, Served]:
        """Return all served versions by model name."""
        self._live()
        return dict(self._served)

    @property
    def trouble(self) -> str:
        """Why the last look into the store failed; empty while all is well."""
        return self._trouble

    def artefact(self, served: Served) -> Artefact:
        """Return the bytes of a version, from the store."""
        return read_model(self._store, served.model, served.version).artefact

    def refresh(self) -> None:
        """Look into the store now."""
        served = {}
        for model, version in self._store.active().items():
            known = self._served.get(model)
            if known is not None and known.version == version:
                served[model] = known
                self._prepare(known)
                continue
            new = Served(self._store.info(model, version))
            ready = self._prepare(new)
            if known is not None and not ready:
                served[model] = known  # the old version answers until the new one can
                continue
            logger.info("model %s: version %d answers from now on", model, version)
            served[model] = new
            self._after(new)
        changed, self._served = served != self._served, served
        if changed and len(served) == 1:
            [process_store[getattr(self._store, "__pld_config_key__", STORE_KEY)]] = served.values()

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
            self._look()
            self._pid = this_process.pid()
            threading.Thread(target=self._run, args=(self._over,), name="triglot-catalogue", daemon=True).start()

    def _run(self, over: threading.Event) -> None:
        while not over.wait(REFRESH_S):
            self._look()

    def _look(self) -> None:
        try:
            self._before()
            self.refresh()
            self._trouble = ""
        except Exception as error:  # whatever it is, the thread must live to see the end of it
            if str(error) != self._trouble:
                logger.error("the model store cannot be read, what is served stays: %s", error)
            self._trouble = str(error)
