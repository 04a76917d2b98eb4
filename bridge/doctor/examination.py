"""The examination: every look in its order, each for itself, so that what one finds keeps no other from looking."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from triglot.doctor import brokers, folders, julia, key, machine, python, r, store, stored
from triglot.doctor.finding import Finding, Verdict
from triglot.errors import TriglotError
from triglot.languages.known import LANGUAGES, OWN, language, language_name
from triglot.persister import VersionInfo
from triglot.project import Project


def examine(project: Project, named: Sequence[str], environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is found: of the named languages alone, else of all and of everything around them.

    A language that is named, or that the configuration or an active version needs, must be there.
    """
    if named:
        yield from _languages(named, frozenset(named), environ)
        return
    broken = _configuration(project)
    if broken is not None:
        yield broken
        yield from _languages(LANGUAGES, frozenset(), environ)
        yield from machine.disk(machine.places(Path.cwd(), None))
        return
    versions = _versions(project)
    needed = {info.language for info in stored.active(versions)} | project.spelt_languages()
    yield from _languages(LANGUAGES, frozenset(needed), environ)
    yield from _tried("run directory", lambda: folders.look(project.run_dir))
    yield from _tried("signing key", lambda: [key.look(project.key_file, environ)])
    yield from _tried("store", lambda: _store(project, versions, environ))
    yield from _tried("port", lambda: [machine.port(project.front_end, project.run_dir)])
    yield from _tried("messages", lambda: brokers.look(project))
    folder = _of_store(project, store.folder_of)
    yield from _tried("disk", lambda: machine.disk(machine.places(project.run_dir, folder)))
    yield machine.clock(stored.newest(versions))


def _tried(check: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield what a look finds; where it is not let in, or gets an answer that nobody foresaw, that is what is found."""
    try:
        yield from look()
    except TriglotError as error:  # before its like: one is a ValueError, others are LookupErrors
        yield Finding(check, "fail", str(error))
    except OSError as error:
        yield Finding(check, "fail", f"{error.filename or 'it'} cannot be looked at: {error.strerror or error}")
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        yield Finding(check, "fail", f"cannot be looked at: {type(error).__name__}: {error}")


def _languages(names: Sequence[str], wanted: frozenset[str], environ: Mapping[str, str]) -> Iterator[Finding]:
    if "python" in names:
        yield from _tried("Python", lambda: python.look(environ))
    if "r" in names:
        yield from _tried("R", lambda: r.look(environ, "r" in wanted))
    if "julia" in names:
        yield from _tried("Julia", lambda: julia.look(environ, "julia" in wanted))
    for name in names:
        if name not in OWN:
            yield _other(name, environ, name in wanted)


def _other(name: str, environ: Mapping[str, str], wanted: bool) -> Finding:
    """Return what the record of a language of another package says of itself."""
    try:
        reason = language(name).missing(environ)
    except TriglotError as error:
        return Finding(name, "fail", str(error))
    verdict: Verdict = "ok" if reason is None else "fail" if wanted else "off"
    return Finding(language_name(name), verdict, reason or "there, as its package says")


def _configuration(project: Project) -> Finding | None:
    """Return what is wrong with the configuration, or None where all that is asked of it can be read."""
    try:
        project.spelt_languages()
        _ = project.front_end, project.run_dir, project.key_file
    except (TriglotError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        return Finding("configuration", "fail", str(error))
    return None


def _store(project: Project, versions: Sequence[VersionInfo], environ: Mapping[str, str]) -> Iterator[Finding]:
    yield from store.look(project.store)
    if versions:
        yield from stored.look(versions, environ)
        if (signing_key := key.there(project.key_file, environ)) is not None:
            yield from stored.signed(project.store, versions, signing_key)


def _versions(project: Project) -> list[VersionInfo]:
    """Return what is stored, as far as it can be listed."""
    listed: list[VersionInfo] | None = _of_store(project, lambda found: found.list() if store.is_there(found) else [])
    return listed or []


def _of_store(project: Project, ask: Any) -> Any:
    try:
        return ask(project.store)
    except (TriglotError, OSError):
        return None  # which the look at the store tells
