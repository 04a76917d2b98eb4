"""Dotted names: what they stand for, and the nearest existing name where they stand for nothing."""

import functools
import importlib
import logging
import pkgutil
import sys
from types import ModuleType
from typing import Any

from triglot.aliases import NAME as PALLADIUM
from triglot.aliases import install, ours
from triglot.bygone.names import todays
from triglot.config.directives import nearest
from triglot.errors import ConfigError

logger = logging.getLogger("triglot")


def resolve_dotted_name(name: str) -> Any:
    """Return the object that `pkg.mod.attr`, `pkg.mod:attr.sub` or `module` stands for.

    In `pkg.mod.Class.method` the longest importable beginning is the module. Raises `ConfigError`, naming the
    nearest existing name, with the original error as its cause.
    """
    install()
    if (wanted := ours(name)) != name:
        try:  # a configuration means what stands for it here, even where Palladium itself is installed
            return _resolve(wanted)
        except ConfigError:
            return _resolve(name)
    try:
        return _resolve(name)
    except ConfigError:
        found = _resolve_bygone(name)
        if found is None:
            raise
        return found


def _resolve_bygone(name: str) -> Any:
    """Return what stands for a name that a library had in former releases, or None."""
    moved = todays(name)
    if moved is None:
        return None
    now, since = moved
    try:
        found = _resolve(now)
    except ConfigError:
        return None
    _tell_once(name, f"is {now} since scikit-learn {since}; write that")
    return found


@functools.cache
def _tell_once(name: str, advice: str) -> None:
    logger.warning("%s %s", name, advice)


def _resolve(wanted: str) -> Any:
    module, colon, rest = wanted.partition(":")
    attributes = rest.split(".") if colon else []
    if not all(part.isidentifier() for part in [*module.split("."), *attributes]):
        raise ConfigError(f"{wanted!r} is not a dotted name; write 'package.module.Name'")
    if colon:
        return _walk(_import(module), attributes)
    parts = wanted.split(".")
    count = max(len(parts) - 1, 1)
    while True:
        try:
            found = _import(".".join(parts[:count]))
        except _NoSuchModule:
            if count == 1:
                raise
            count -= 1
        else:
            return _walk(found, parts[count:])


class _NoSuchModule(ConfigError):
    """The module itself is missing, rather than something that it imports."""

    def __init__(self, module: str) -> None:
        super().__init__(module)
        self.module = module

    def __str__(self) -> str:  # the look around costs time, and most of these errors are never shown
        return _no_module(self.module)


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise _NoSuchModule(name) from error
        raise ConfigError(f"module {name!r} needs module {error.name!r}, which is not installed; install it") from error
    except Exception as error:
        raise ConfigError(f"importing module {name!r} failed: {type(error).__name__}: {error}") from error


def _walk(found: Any, path: list[str]) -> Any:
    for part in path:
        holder = found
        try:
            found = getattr(holder, part)
        except AttributeError as error:  # an attribute comes before a module of the same name
            if not isinstance(holder, ModuleType):
                raise ConfigError(_no_attribute(holder, part)) from error
            try:
                found = _import(f"{holder.__name__}.{part}")
            except _NoSuchModule:
                raise ConfigError(_no_attribute(holder, part)) from error
    return found


def _no_module(name: str) -> str:
    """Return the message for a module that does not exist, naming the nearest one to its first missing part."""
    holder: ModuleType | None = None
    for part in name.split("."):
        try:
            holder = importlib.import_module(part if holder is None else f"{holder.__name__}.{part}")
        except Exception:
            if holder is not None:
                return _no_attribute(holder, part)
            known = sorted({module.name for module in pkgutil.iter_modules()} | sys.stdlib_module_names)
            hint = nearest(part, known)
            guess = f"{hint} If not, install it" if hint.startswith("Did") else "Install it"
            return f"there is no module {part!r}. {guess}, or put it beside the configuration file."
    return f"there is no module {name!r}. Correct the name."


def _no_attribute(holder: Any, part: str) -> str:
    package, _, module = getattr(holder, "__name__", "").partition(f".{PALLADIUM}")
    if package == "triglot":
        modules = [found.name for found in pkgutil.iter_modules(getattr(holder, "__path__", []))]
        known = [*getattr(holder, "__all__", []), *modules]
        wanted = f"{PALLADIUM}{module}.{part}"
        return (
            f"{wanted} is Palladium's own name, Palladium is not installed, and nothing here stands for it. "
            f"{nearest(part, sorted(known))}"
        )
    known = [known for known in dir(holder) if not known.startswith("_")]
    known += [module.name for module in pkgutil.iter_modules(getattr(holder, "__path__", []))]
    label = getattr(holder, "__name__", type(holder).__name__)
    kind = "module" if isinstance(holder, ModuleType) else "class" if isinstance(holder, type) else "object"
    return f"{kind} {label!r} has no {part!r}. {nearest(part, sorted(set(known)))}"
