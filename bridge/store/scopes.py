"""What a store of many scopes is asked, by few queries: what has changed, and which models are of scopes."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from triglot.persister import ACTIVE, VersionInfo
from triglot.scope_names import BETWEEN, SCOPE, is_of_a_family, parted
from triglot.store.engine import Database
from triglot.store.tables import aliases, models, versions

_ASKED_BY_NAME = 500  # above that, all are asked for at once


@dataclass(frozen=True, slots=True)
class ScopeVersion:
    """One version of a scope's model, as a summary needs it."""

    model: str
    version: int
    language: str
    size: int
    created: str
    active: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """What a family's versions come to: how many models and versions, how many models are active, of which size."""

    family: str
    models: int
    active: int
    versions: int
    size: int
    languages: tuple[str, ...]
    newest: str


class ScopeStore:
    """The models of scopes in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mark(self) -> Hashable:
        """Return what is another one once an active version is another one.

        A sum beside the time: of two that change at once the later may be committed first.
        """
        query = select(func.count(), func.max(aliases.c.changed), func.sum(aliases.c.version))
        with self._database.reading() as connection:
            count, changed, total = connection.execute(query.where(aliases.c.alias == ACTIVE)).one()
        return (count, changed, int(total or 0))

    def among(self, active: Mapping[str, int]) -> set[str]:
        """Return which of these models, by their active versions, are of scopes."""
        named = [name for name in active if BETWEEN in name]
        if not named:
            return set()
        query = (
            select(models.c.name, versions.c.version)
            .join_from(versions, models, versions.c.model_id == models.c.id)
            .where(of_a_scope())
        )
        if len(named) <= _ASKED_BY_NAME:
            query = query.where(models.c.name.in_(named))
        with self._database.reading() as connection:
            return {row.name for row in connection.execute(query) if active.get(row.name) == row.version}

    def versions(self, family: str | None = None) -> list[ScopeVersion]:
        """Return all versions of scopes' models, or those of one family, ascending by model and number."""
        columns = (models.c.name, *(versions.c[name] for name in ("version", "language", "size", "created")))
        query = (
            select(*columns, aliases.c.alias)
            .join_from(versions, models, versions.c.model_id == models.c.id)
            .outerjoin(
                aliases,
                and_(
                    aliases.c.model_id == versions.c.model_id,
                    aliases.c.version == versions.c.version,
                    aliases.c.alias == ACTIVE,
                ),
            )
            .where(of_a_scope())
        )
        if family is not None:
            query = query.where(models.c.name.startswith(f"{family}{BETWEEN}", autoescape=True))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        found = [
            ScopeVersion(row.name, row.version, row.language, row.size, row.created, row.alias == ACTIVE)
            for row in rows
        ]
        return sorted(found, key=lambda each: (each.model, each.version))


def of_a_scope() -> ColumnElement[bool]:
    """Return the condition that a version is of a scope's model: by the text of its metadata, and its model's name."""
    return and_(models.c.name.contains(BETWEEN), versions.c.metadata.contains(f'"{SCOPE}": {{'))


def innermost(store: Any) -> Any:
    """Return the store behind those that keep what it said for a while."""
    while not hasattr(store, "scopes") and hasattr(store, "impl"):
        store = store.impl
    return store


def versions_without_scopes(store: Any) -> list[VersionInfo]:
    """Return all versions of any persister but those of scopes' models."""
    inner = innermost(store)
    if hasattr(inner, "scopes"):
        found: list[VersionInfo] = inner.list(scopes=False)
        return found
    return [info for info in store.list() if not is_of_a_family(info.model, info.metadata)]


def scope_versions(store: Any, family: str | None = None) -> Sequence[ScopeVersion]:
    """Return the versions of scopes' models of any persister, or those of one family."""
    inner = innermost(store)
    if hasattr(inner, "scopes"):
        found: Sequence[ScopeVersion] = inner.scopes.versions(family)
        return found
    return [
        ScopeVersion(
            info.model, info.version, info.language, info.size, info.created.isoformat(), ACTIVE in info.aliases
        )
        for info in store.list()
        if is_of_a_family(info.model, info.metadata) and family in (None, parted(info.model)[0])
    ]


def summaries(store: Any) -> list[Summary]:
    """Return what the versions of each family come to, by the families' names."""
    found: dict[str, list[ScopeVersion]] = {}
    for each in scope_versions(store):
        found.setdefault(parted(each.model)[0], []).append(each)
    return [_summary(family, each) for family, each in sorted(found.items())]


def _summary(family: str, found: Sequence[ScopeVersion]) -> Summary:
    return Summary(
        family,
        len({each.model for each in found}),
        sum(each.active for each in found),
        len(found),
        sum(each.size for each in found),
        tuple(sorted({each.language for each in found})),
        max(each.created for each in found),
    )
