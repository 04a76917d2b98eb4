"""The model store: reachable, with its tables up to date, and writable; nothing in it is changed by looking."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from triglot.doctor.finding import Finding
from triglot.errors import TriglotError
from triglot.persister import Persister
from triglot.persisters.cached import innermost
from triglot.store import ModelStore, migrations


def folder_of(persister: Persister) -> Path | None:
    """Return the folder on this machine in which a store is, where that can be told."""
    store = innermost(persister)
    return store.file.absolute().parent if isinstance(store, ModelStore) and store.file else None


def is_there(persister: Persister) -> bool:
    """Whether there is something that can be listed without being made or changed by that."""
    store = innermost(persister)
    return not isinstance(store, ModelStore) or store.revision() == migrations.HEAD


def look(persister: Persister) -> Iterator[Finding]:
    """Yield how the store of models is."""
    store = innermost(persister)
    try:
        yield _sql(store) if isinstance(store, ModelStore) else _listed(store)
    except TriglotError as error:
        yield Finding("store", "fail", str(error))


def _sql(store: ModelStore) -> Finding:
    if store.file is not None and not store.file.exists():
        return _to_be_made(store.file)
    found = store.revision()
    if found is None:
        return Finding("store", "ok", f"{store}: no tables yet; the first use makes them")
    if found > migrations.HEAD:
        advice = "install the Triglot that made them, or a newer one: python -m pip install --upgrade triglot"
        return Finding(
            "store", "fail", f"{store}: tables of a newer Triglot ({found}, here {migrations.HEAD})", advice=advice
        )
    if found < migrations.HEAD:
        advice = "a backup first, then: triglot upgrade"
        return Finding(
            "store", "warn", f"{store}: tables of revision {found}, to be brought to {migrations.HEAD}", advice=advice
        )
    store.rehearse()
    facts = store.properties()
    return Finding(
        "store",
        "ok",
        f"{facts['url']}: {_count(facts['versions'], 'version')} of {_count(facts['models'], 'model')}, writable",
    )


def _listed(store: Any) -> Finding:
    versions = store.list()
    models = {info.model for info in versions}
    return Finding("store", "ok", f"{store!r}: {_count(len(versions), 'version')} of {_count(len(models), 'model')}")


def _to_be_made(file: Path) -> Finding:
    folder = next(parent for parent in file.absolute().parents if parent.exists())
    if os.access(folder, os.W_OK | os.X_OK):
        return Finding("store", "ok", f"none yet; the first fit makes {file}")
    advice = "name another: export TRIGLOT_STORE=sqlite:////PATH/triglot.db"
    return Finding(
        "store", "fail", f"{file} is not there and cannot be made: {folder} is read-only for you", advice=advice
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
