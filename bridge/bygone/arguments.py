"""Arguments as the installed library takes them, from arguments as one of its former releases took them.

What a constructor takes is read off its signature; only what is not there any more is looked up.
"""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import Any, NamedTuple

from triglot.bygone import pandas, scikit_learn
from triglot.bygone.row import ANY, Gone, Idle, Respelt

Tell = Callable[[str], object]


class _Library(NamedTuple):
    name: str
    gone: tuple[Gone, ...]
    respelt: tuple[Respelt, ...] = ()
    idle: tuple[Idle, ...] = ()


_LIBRARIES = {
    "sklearn": _Library("scikit-learn", scikit_learn.GONE, scikit_learn.RESPELT, scikit_learn.IDLE),
    "pandas": _Library("pandas", pandas.GONE),
}


def todays(factory: Any, given: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Return arguments as the installed library takes them; `tell` gets a sentence for each that was changed.

    Raises `ValueError` where an argument is gone and its value cannot be said otherwise; the message says what
    replaced it.
    """
    taken = dict(given)
    for owner, library in _owners(factory):
        for gone in library.gone:
            if gone.name in taken and owner in gone.owners.split() and not _takes(factory, gone.name):
                _replace(gone, library.name, taken, tell)
        for respelt in library.respelt:
            if respelt.name in taken and owner in respelt.owners.split():
                _respell(respelt, library.name, taken, tell)
        for idle in library.idle:
            if idle.name in taken and owner in idle.owners.split() and not taken.get(idle.beside):
                _leave_out(idle, library.name, taken, tell)
    return taken


def _owners(factory: Any) -> Iterator[tuple[str, _Library]]:
    """Yield the names under which a class or function is known in a library's table, bases included."""
    for each in inspect.getmro(factory) if inspect.isclass(factory) else (factory,):
        library = _LIBRARIES.get(str(getattr(each, "__module__", None)).partition(".")[0])
        if library is not None and hasattr(each, "__name__"):
            yield each.__name__, library


def _takes(factory: Any, name: str) -> bool:
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):
        return True
    return name in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())


def _replace(gone: Gone, library: str, taken: dict[str, Any], tell: Tell) -> None:
    value = taken.pop(gone.name)
    since = f"{gone.name!r} is gone since {library} {gone.version}"
    becomes = next((now for former, now in gone.becomes.items() if _same(former, value)), None)
    if gone.today:
        becomes = gone.today, value
    if becomes is not None and becomes[0] not in taken:
        name, now = becomes
        taken[name] = now
        tell(f"{since}; write {name!r}" if now is value else f"{since}; write {name!r}: {now!r}")
    elif gone.same is ANY or any(_same(former, value) for former in gone.same):
        tell(f"{since}, and left out here: {value!r} changes nothing now; take it out")
    else:
        raise ValueError(f"{since}, and was {value!r}: {gone.instead or f'{gone.today!r} is given as well; keep that'}")


def _leave_out(idle: Idle, library: str, taken: dict[str, Any], tell: Tell) -> None:
    if _has(library, idle.version):
        del taken[idle.name]
        without = f"without {idle.beside!r} {idle.name!r} is refused since {library} {idle.version}"
        tell(f"{without}, and left out here: it changes nothing; take it out")


def _respell(respelt: Respelt, library: str, taken: dict[str, Any], tell: Tell) -> None:
    former = taken[respelt.name]
    for value, now in respelt.values.items():
        if _same(value, former) and _has(library, respelt.version):
            taken[respelt.name] = now
            tell(f"{respelt.name!r} is spelt {now!r} since {library} {respelt.version}; write that for {former!r}")


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


@functools.cache
def _has(library: str, since: str) -> bool:
    """Return whether the installed release is that version or a later one."""
    return _numbers(version(library)) >= _numbers(since)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(".")[:2]]
