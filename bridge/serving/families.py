"""The models of scopes: which there are, by the store's answer, and those of them that were asked for lately.

There may be ten thousand, so none is looked at before somebody asks for it, and the store is asked for all of them only
when something has changed.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from triglot.errors import ModelNotFound
from triglot.persister import Persister
from triglot.scope_names import BETWEEN, SCOPE, is_of_a_family, near, parted, scope_of
from triglot.serving.served import Standing
from triglot.store.scopes import innermost

MOST_IN_USE = 512  # of which a process knows more than that they are there


@dataclass(frozen=True)
class Family:
    """The models of one name's scopes: the columns whose values a scope is, and the active version of each scope.
    language: of one of them, and so of all that one configuration has made.

    otherwise: the model that answers for a scope that has none; empty where none does.
    """

    name: str
    columns: tuple[str, ...] = ()
    language: str = ""
    versions: Mapping[str, int] = field(default_factory=dict)
    otherwise: str = ""

    @cached_property
    def scopes(self) -> Sequence[str]:
        """All scopes, in order."""
        return sorted(self.versions)

    def model(self, scope: str) -> str:
        """Return the name of the model that answers for a scope; raises `ModelNotFound`, which names others like it."""
        found = self.find(scope)
        if found is None:
            raise self.unknown(scope)
        return found

    def find(self, scope: str) -> str | None:
        """Return the name of the model that answers for a scope, None where none does.

        The value of an only column may also stand as it is.
        """
        for spelt in (scope, scope_of([scope])) if len(self.columns) == 1 else (scope,):
            if spelt in self.versions:
                return f"{self.name}{BETWEEN}{spelt}"
        return self.otherwise or None

    def unknown(self, scope: str) -> ModelNotFound:
        """Return the error for a scope that there is not, which names others like it."""
        return ModelNotFound(f"model {self.name!r} has no scope {scope[:60]!r}; {self.nearest(scope)}")

    def nearest(self, scope: str) -> str:
        """Return the words that name scopes like one that is not there."""
        alike = near(scope, self.scopes)
        many = f"it has {len(self.scopes)}, " if self.scopes else ""
        return f"{many}{'the nearest are ' + ', '.join(map(repr, alike)) if alike else 'and none is like it'}"


class Families:
    """The families of a store, and the standings of the scopes' models that are in use; safe for threads.

    otherwise: names of each family the model that answers for a scope that has none.
    """

    def __init__(self, store: Persister, otherwise: Mapping[str, str]) -> None:
        self._store = store
        self._queries = getattr(store, "scopes", None)
        self._inner = getattr(innermost(store), "scopes", None)
        self._mark: Any = None
        self._active: dict[str, int] = {}
        self._known: dict[str, tuple[int, bool]] = {}
        self._otherwise = otherwise
        self._facts: dict[str, tuple[str, int, tuple[str, ...], str]] = {}
        self._used: OrderedDict[str, Standing] = OrderedDict()
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self.all: Mapping[str, Family] = self._found({})
        self.versions: Mapping[str, int] = {}

    def look(self) -> Mapping[str, int]:
        """Look into the store; return the active versions of the models that are of no scope."""
        with self._looking:  # what an earlier look has found is not to take the place of a later one's
            if self._queries is None:
                self._sort(self._store.active())
            elif (mark := self._queries.mark()) != self._mark:
                self._sort(self._store.active())
                self._mark = mark
            return self._active

    def _sort(self, active: Mapping[str, int]) -> None:
        news = {
            name: version
            for name, version in active.items()
            if BETWEEN in name and self._known.get(name, (0, False))[0] != version
        }
        scoped = self._among(news)
        known = {name: self._known[name] for name in active if name in self._known}
        self._known = known | {name: (version, name in scoped) for name, version in news.items()}
        of_scopes = {name: version for name, (version, is_scoped) in self._known.items() if is_scoped}
        self._active = {name: version for name, version in active.items() if name not in of_scopes}
        self.all = self._found(of_scopes)
        self.versions = of_scopes

    def _among(self, news: Mapping[str, int]) -> set[str]:
        """Return which of these models are of scopes."""
        if self._inner is not None:
            found: set[str] = self._inner.among(news)
            return found
        infos = [self._store.info(name, version) for name, version in news.items()]
        return {info.model for info in infos if is_of_a_family(info.model, info.metadata)}

    def _found(self, of_scopes: Mapping[str, int]) -> dict[str, Family]:
        versions: dict[str, dict[str, int]] = {family: {} for family in self._otherwise}
        for name, version in of_scopes.items():
            family, scope = parted(name)
            versions.setdefault(family, {})[scope] = version
        return {
            family: Family(family, *self._facts_of(family, found), found, self._otherwise.get(family, ""))
            for family, found in versions.items()
        }

    def _facts_of(self, family: str, versions: Mapping[str, int]) -> tuple[tuple[str, ...], str]:
        """Return columns and language of a family, as one of its versions has them, as long as that is active."""
        known = self._facts.get(family)
        if versions and (known is None or versions.get(known[0]) != known[1]):
            scope, version = next(iter(versions.items()))
            info = self._store.info(f"{family}{BETWEEN}{scope}", version)
            said = info.metadata.get(SCOPE)
            columns = tuple(said) if isinstance(said, Mapping) else ()
            known = self._facts[family] = (scope, version, columns, info.language)
        return ((), "") if known is None else known[2:]

    def in_use(self) -> Mapping[str, Standing]:
        """Return how those models stand that were asked for lately."""
        with self._lock:
            return dict(self._used)

    def standing(self, model: str) -> Standing | None:
        """Return how a model stands that was asked for lately."""
        with self._lock:
            found = self._used.get(model)
            if found is not None:
                self._used.move_to_end(model)
            return found

    def use(self, model: str, made: Callable[[], Standing]) -> Standing:
        """Return how a model stands, which is `made` where nobody has asked for it lately."""
        if (found := self.standing(model)) is not None:
            return found
        standing = made()
        with self._lock:
            found = self._used.setdefault(model, standing)
            while len(self._used) > MOST_IN_USE:
                self._used.popitem(last=False)
            return found

    def replace(self, model: str, standing: Standing | None) -> None:
        """Have a model that is in use stand otherwise, or not at all."""
        with self._lock:
            if standing is None:
                self._used.pop(model, None)
            elif model in self._used:
                self._used[model] = standing
