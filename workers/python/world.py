"""What Python has once for the whole process, and each model for itself; see also `world.R` of the worker for R.

Random numbers, options of libraries, environment variables, the working directory, the locale, the path of modules and
the modules beside a configuration: a model leaves all of it behind as it is when another one is called, and finds it so
when it is called again. A model that is new finds what the process started with.
"""

import decimal
import locale
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.random import mtrand

from triglot.workers.python.beside import Beside

_ENVIRON = os.environ
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_handler = getattr(signal.getsignal, "__wrapped__", signal.getsignal)  # without making it one of Python's enumeration


class World:
    """What one model keeps: the state of the process as it has left it."""

    def __init__(self, folders: Iterable[str]) -> None:
        self.folders = tuple(str(folder) for folder in folders)
        self.left: dict[str, Any] = {}
        self.beside: Beside | None = None
        self.numbers: Any = None  # of numpy's generator
        self.decimals: Any = None
        self.drawn: Any = None  # the state of the generator of `random`, for a model that draws from it
        self.seen = False
        self.told: set[str] = set()


class _Part(NamedTuple):
    """Something that a process has once: cheap to ask for, and put back where it differs."""

    read: Callable[[], Any]
    write: Callable[[Any, Any], object]


class Worlds:
    """The worlds of one process, of which one is entered at a time; in the main thread."""

    def __init__(self) -> None:
        self._now: World | None = None
        self._pandas = _Pandas()
        self._parts = {
            "variables": _Part(_variables, _put_back_variables),
            "folder": _Part(_folder, lambda wanted, now: os.chdir(wanted)),
            "locale": _Part(_locale, lambda wanted, now: locale.setlocale(locale.LC_ALL, wanted)),
            "numpy": _Part(np.geterr, lambda wanted, now: np.seterr(**wanted)),
            "scikit-learn": _Part(_configuration, _configure),
            "pandas": _Part(self._pandas.read, self._pandas.write),
            "path": _Part(lambda: list(sys.path), _put_back_path),
        }
        self._first: dict[str, Any] = {}
        self._own: tuple[Any, ...] = ()
        self._projects: dict[tuple[str, ...], Beside] = {}
        self._shared: frozenset[str] = frozenset()
        self._drawn: Any = None

    def enter(self, world: World) -> None:
        """Have this model's world around what is called next; costs nothing where it was the last one, too."""
        if world is self._now:
            return
        if self._now is None:
            self._first = {name: part.read() for name, part in self._parts.items()}
            self._shared = frozenset(sys.modules)
        else:
            self._leave(self._now)
        if world.beside is None:
            self._begin(world)
        for name, part in self._parts.items():
            wanted, now = world.left[name], self._now.left[name] if self._now else self._first[name]
            if wanted != now:
                with suppress(OSError, locale.Error, ValueError):  # a folder that is gone, say
                    part.write(wanted, now)
        self._put_back_numbers(world)
        self._now = world

    def guard(self) -> None:
        """Note what is the worker's own, before an author's code may change it."""
        if not self._own or _handler(signal.SIGINT) != self._own[0][0]:  # all of it takes some microseconds
            self._own = _workers_own()

    def guarded(self) -> str:
        """Put back what is the worker's own; return what to tell of it, the first time."""
        if self._now is not None and self._now.beside is not None:
            self._now.beside.note()
        if (found := _workers_own()) == self._own:
            return ""
        changed = [name for name, before, now in zip(_OWN, self._own, found, strict=True) if before != now]
        _put_back_own(self._own)
        world = self._now
        if world is None or not (new := set(changed) - world.told):
            return ""
        world.told |= new
        return f"the model has changed {' and '.join(sorted(new))}, which is put back after each call"

    def _begin(self, world: World) -> None:
        world.left = {**self._first, "path": [*self._first["path"], *_missing(world.folders, self._first["path"])]}
        project = self._projects.get(world.folders)
        if project is None or project.has_changed():
            project = self._projects[world.folders] = Beside(world.folders, self._shared)
        world.beside = project
        world.numbers, world.decimals = np.random.MT19937(), decimal.Context()

    def _leave(self, world: World) -> None:
        world.left = {name: part.read() for name, part in self._parts.items()}
        if not world.seen or world.drawn is not None:
            drawn = random.getstate()
            if world.drawn is not None or drawn != self._drawn:
                world.drawn = drawn
            world.seen = True
        world.numbers, world.decimals = mtrand.get_bit_generator(), decimal.getcontext()
        if world.beside is not None:
            world.beside.hide()

    def _put_back_numbers(self, world: World) -> None:
        if world.beside is not None:
            world.beside.show()
        mtrand.set_bit_generator(world.numbers)
        decimal.setcontext(world.decimals)
        if world.drawn is not None:
            random.setstate(world.drawn)
        elif not world.seen:
            self._drawn = random.getstate()


def _missing(folders: Iterable[str], path: list[str]) -> list[str]:
    return [folder for folder in dict.fromkeys(folders) if folder not in path]


def _variables() -> dict[bytes, bytes]:
    if os.environ is not _ENVIRON:  # a model has put another one in its place
        wanted = {os.fsencode(str(name)): os.fsencode(str(value)) for name, value in os.environ.items()}
        os.environ = _ENVIRON  # noqa: B003  # it is the process's own
        _put_back_variables(wanted, _variables())
    found: dict[bytes, bytes] = getattr(os.environ, "_data").copy()  # noqa: B009 - ten times as fast as its items
    return found


def _put_back_variables(wanted: Mapping[bytes, bytes], now: Mapping[bytes, bytes]) -> None:
    for name in now.keys() - wanted.keys():
        os.environb.pop(name, None)
    for name, value in wanted.items() - now.items():
        os.environb[name] = value
    if wanted.get(b"TZ") != now.get(b"TZ"):
        time.tzset()


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _locale() -> str:
    return locale.setlocale(locale.LC_ALL)


def _configuration() -> dict[str, Any]:
    import sklearn  # which the runtime has imported, without pandas

    found: dict[str, Any] = sklearn.get_config()
    return found


def _configure(wanted: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    import sklearn

    sklearn.set_config(**wanted)


def _put_back_path(wanted: list[str], now: list[str]) -> None:
    sys.path[:] = wanted


_OWN = ("signal handlers", "the log's level", "the log's handlers", "logging.disable")


def _workers_own() -> tuple[Any, ...]:
    root = logging.root
    return [_handler(each) for each in _SIGNALS], root.level, root.handlers[:], root.manager.disable


def _put_back_own(own: tuple[Any, ...]) -> None:
    handlers, level, log, disabled = own
    for each, handler in zip(_SIGNALS, handlers, strict=True):
        signal.signal(each, handler)
    logging.root.setLevel(level)
    logging.root.handlers[:] = log
    logging.disable(disabled)


class _Pandas:
    """The options of pandas, once it is loaded: a dictionary of dictionaries."""

    def __init__(self) -> None:
        self._last: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """Return a copy, the last one where nothing has changed; nothing while pandas is not there."""
        live = getattr(sys.modules.get("pandas._config.config"), "_global_config", {})
        if live != self._last:
            self._last = _copied(live)
        return self._last

    def write(self, wanted: dict[str, Any], now: dict[str, Any]) -> None:
        """Set what differs; for a model that has not seen pandas yet, to what pandas begins with."""
        import pandas as pd

        registered = getattr(sys.modules["pandas._config.config"], "_registered_options", {})
        known = dict(_flat(wanted)) or {name: option.defval for name, option in registered.items()}
        for name, value in _flat(now):
            if name in known and known[name] != value:
                pd.set_option(name, known[name])


def _copied(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copied(value) if type(value) is dict else value for name, value in options.items()}


def _flat(options: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in options.items():
        found += _flat(value, f"{before}{name}.") if type(value) is dict else [(before + name, value)]
    return found
