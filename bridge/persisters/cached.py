"""A persister that takes newly activated versions over at the times of a rule, instead of at once."""

import os
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from typing import Any

from triglot.artefact import Artefact
from triglot.decorators import pluggable
from triglot.errors import ConfigError
from triglot.occurrences import occurrences
from triglot.persister import ACTIVE, Persister, StoredVersion, VersionInfo, missing_methods
from triglot.schedule import Now, rule_of


class CachedUpdatePersister:
    """Another persister, whose activations a service follows at once, or with a rule at its occurrences.

    Until something is active for the first time, nothing is waited for. Everything but activations goes straight
    through.

    Args:
        impl: The other persister.
        update_cache_rrule: Arguments of dateutil's rrule, such as {'freq': 'HOURLY'}. Without a `dtstart` its
            occurrences are counted from midnight, so that all processes and hosts take a version over at the same
            moment.
        check_version: Whether an update that finds what there was before returns None; either way nothing is loaded
            again, as what a version holds never changes.
        now: Gives the time, for a time zone or None.

    Raises:
        ConfigError: `impl` is no persister, or the rule is none.
    """

    def __init__(
        self,
        impl: Persister,
        update_cache_rrule: Any = None,
        check_version: bool = True,
        now: Now = datetime.now,
    ) -> None:
        if missing := missing_methods(impl):
            raise ConfigError(
                f"impl is of type {type(impl).__name__} and no persister: it lacks {', '.join(missing)}; "
                "give it a persister such as triglot.store.ModelStore"
            )
        self.impl = impl
        self.check_version = check_version
        self._clock = now
        rule = None if update_cache_rrule is None else _from_midnight(update_cache_rrule, now)
        self._rule = None if rule is None else rule_of(rule, "update_cache_rrule")
        self._held = _Held(self._rule)

    def __repr__(self) -> str:
        return f"CachedUpdatePersister({self.impl!r})"

    @property
    def location(self) -> str:
        """Where the persister behind it writes to."""
        return str(getattr(self.impl, "location", type(self.impl).__name__))

    def active(self) -> dict[str, int]:
        """Return the active versions: as they are without a rule, else as they were at its last occurrence."""
        held = self._here()
        with held.lock:
            waited = self._rule is not None and bool(held.taken)
            if held.is_due(self._now()) and (waited or self.impl.active() != held.taken):
                self.update_cache()
            return dict(held.taken)

    @pluggable("update_model_decorators")
    def update_cache(self) -> dict[str, int] | None:
        """Take over what is active now, in this process, without waiting for the rule.

        Returns the active versions, or None where they are those of before, unless `check_version` is off.
        """
        held = self._here()
        with held.lock:
            before, held.taken = held.taken, self.impl.active()
            held.done(self._now())
            return None if self.check_version and held.taken == before else dict(held.taken)

    def write(
        self,
        model: str,
        artefact: Artefact,
        *,
        metrics: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> int:
        """Write a version; see `Persister`."""
        return self.impl.write(model, artefact, metrics=metrics, metadata=metadata)

    def read(self, model: str, version: int | None = None) -> StoredVersion:
        """Return the version that is asked for, the active one by default."""
        return self.impl.read(model, version)

    def info(self, model: str, version: int | None = None) -> VersionInfo:
        """Return what a listing shows of one version."""
        return self.impl.info(model, version)

    def aliases(self, model: str) -> dict[str, int]:
        """Return the versions of `model` by alias, as they are now."""
        return self.impl.aliases(model)

    def activate(self, model: str, version: int, alias: str = ACTIVE) -> None:
        """Point `alias` at a version; with a rule services follow at its next occurrence."""
        self.impl.activate(model, version, alias)

    def deactivate(self, model: str, alias: str = ACTIVE) -> None:
        """Take `alias` away from `model`."""
        self.impl.deactivate(model, alias)

    def delete(self, model: str, version: int) -> None:
        """Remove a version; one that services may still answer with should stay until they have followed."""
        self.impl.delete(model, version)

    def properties(self) -> dict[str, Any]:
        """Return facts about the store itself."""
        return self.impl.properties()

    def upgrade(self) -> None:
        """Bring what is stored up to date."""
        self.impl.upgrade()

    def close(self) -> None:
        """Give connections back."""
        self.impl.close()

    def list(self, model: str | None = None) -> list[VersionInfo]:
        """Return every version, or those of `model`."""
        return self.impl.list(model)

    def _now(self) -> datetime:
        """Return the time of the clock that the rule's `dtstart` names."""
        start = getattr(self._rule, "_dtstart", None)
        return self._clock(None if start is None else start.tzinfo)

    def _here(self) -> "_Held":
        if self._held.pid != os.getpid():  # a lock that another thread held at the fork would never be given back
            self._held = _Held(self._rule)
        return self._held


class _Held:
    """What one process took over, and when it looks again."""

    def __init__(self, rule: Any) -> None:
        self.pid = os.getpid()
        self.lock = threading.RLock()
        self.taken: dict[str, int] = {}
        self._rule = rule
        self._times: Iterator[datetime] | None = None  # kept, because a rule counts from its start each time
        self._due: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Return whether it is time to look: always without a rule, and until there is something."""
        return self._rule is None or not self.taken or (self._due is not None and now >= self._due)

    def done(self, now: datetime) -> None:
        """Wait for the first occurrence after `now`."""
        if self._rule is not None and (self._due is None or now >= self._due):
            self._times = self._times or occurrences(self._rule, now)
            self._due = next((at for at in self._times if at > now), None)


def _from_midnight(rule: Any, now: Now) -> Any:
    if isinstance(rule, Mapping) and "dtstart" not in rule:
        return {**rule, "dtstart": datetime.combine(now(None).date(), time())}
    return rule


def innermost(persister: Persister) -> Persister:
    """Return the persister that keeps the versions, without those before it, which may show an earlier state."""
    while isinstance(persister, CachedUpdatePersister):
        persister = persister.impl
    return persister
