"""The configuration of this process: loaded once, under a lock, from files that the environment names.

This is the edge: nothing else in the package reads the environment for a configuration.
"""

import functools
import inspect
import logging
import logging.config
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from triglot.config.components import Config, RawConfig, has_component, instantiate
from triglot.config.files import VARIABLES, locate, read_config
from triglot.config.names import resolve_dotted_name
from triglot.decorators import Decorator, Source, use_decorators
from triglot.errors import ConfigError
from triglot.logs import OURS, PALLADIUM, complete, log_as

logger = logging.getLogger("triglot")

LOG_FORMAT: Final = "%(levelname)s:%(name)s:%(message)s"

R = TypeVar("R")


class MissingArguments(ConfigError, TypeError):
    """A function needs entries that the configuration does not have."""


class _Holder:
    """What the process knows: the finished configuration, or what there is of it while it is being built."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.config: Config | None = None
        self.unfinished: RawConfig | None = None
        self.read: RawConfig | None = None


_process = _Holder()


def get_config(**extra: Any) -> Config:
    """Return the configuration of this process, loading it at the first call, to which alone `extra` matters.

    If loading fails, the error is raised at this call and at every later one that fails again. Components that
    ask while they are built or initialised get what the files say.
    """
    if _process.config is not None:
        return _process.config
    with _process.lock:
        for config in (_process.config, _process.unfinished):
            if config is not None:
                return config
        if _process.read is None:
            return _load_from_environment(extra)
        with building(_process.read):
            _process.config = instantiate(_process.read)
        return _process.config


def known_config() -> Config:
    """Return what this process knows of its configuration by now; loads and builds nothing."""
    return next((c for c in (_process.config, _process.unfinished, _process.read) if c is not None), Config())


def initialize_config(**extra: Any) -> Config:
    """Load and return the configuration of this process; raises `RuntimeError` if that was already done."""
    with _process.lock:
        _refuse_second_time()
        return _load_from_environment(extra)


def load_config(
    paths: Sequence[Path],
    environ: Mapping[str, str],
    extra: Mapping[str, Any] | None = None,
    only: Collection[str] | None = None,
) -> Config:
    """Load the configuration of this process from given files: read, set up logging, build components.

    `only` restricts what is built, as in `instantiate`. Raises `RuntimeError` if there is one already.
    """
    with _process.lock:
        _refuse_second_time()
        with building(RawConfig(extra or {})):
            raw = read_config(paths, environ, extra)
        use_decorators(decorator_lists(raw))
        try:
            with building(raw):
                configure_logging(raw)
                _process.config = instantiate(raw, only)
        except BaseException:
            use_decorators(None)
            raise
        return _process.config


def use_config(config: Config | None) -> None:
    """Make a configuration that was built elsewhere that of this process; None forgets the one there is."""
    with _process.lock:
        _process.config = config
        _process.read = None
        use_decorators(None if config is None else decorator_lists(config))


def note_config(raw: RawConfig) -> None:
    """Make what was read that of this process: its decorators hold, and `get_config` builds it when it is asked."""
    with _process.lock:
        _process.config = None
        _process.read = raw
        use_decorators(decorator_lists(raw))


@contextmanager
def building(raw: RawConfig) -> Iterator[None]:
    """Let components that ask for the configuration while they are built get what the files say."""
    with _process.lock:
        outer, _process.unfinished = _process.unfinished, raw
        try:
            yield
        finally:
            _process.unfinished = outer


def decorator_lists(config: Config) -> Source:
    """Return the function that gives the decorators which a list of the configuration names, built once."""

    @functools.cache
    def of(key: str) -> tuple[Decorator, ...]:
        if config.get(key) is None:
            return ()
        where = f"{config.where((key,))}: {key}"
        entries = instantiate(RawConfig({key: config[key]}, config.files, config.origins))[key]
        if not isinstance(entries, (list, tuple)):
            raise ConfigError(f"{where}: must be a list of decorators, not {type(entries).__name__}")
        found = []
        for index, entry in enumerate(entries):
            try:
                decorator = resolve_dotted_name(entry) if isinstance(entry, str) else entry
            except ConfigError as error:
                raise ConfigError(f"{where}[{index}]: {entry}: {error}") from error
            if not callable(decorator):
                raise ConfigError(f"{where}[{index}]: {entry!r} cannot be called; name a function or a class")
            found.append(decorator)
        return tuple(found)

    return of


def configure_logging(config: Config) -> None:
    """Set up logging by the entry `logging`; without one, from INFO on to stderr as `LEVEL:logger:message`.

    Loggers that exist already stay enabled unless the entry says otherwise, and without an entry a root logger
    that has handlers keeps them. An entry with a logger `palladium` and none of ours gets our lines under that name.
    """
    if config.get("logging") is None:
        logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
        return
    settings = config["logging"]
    if has_component(settings):
        settings = instantiate(RawConfig({"logging": settings}, config.files, config.origins))["logging"]
    where = f"{config.where(('logging',))}: logging"
    if not isinstance(settings, Mapping):
        raise ConfigError(f"{where}: must be a dict for logging.config.dictConfig, not {type(settings).__name__}")
    try:
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **settings})
    except Exception as error:
        causes = [str(cause) for cause in (error, error.__cause__) if cause is not None]
        raise ConfigError(f"{where}: {': '.join(causes)}. Correct the entry.") from error
    named = settings.get("loggers", {})
    complete(named)
    if PALLADIUM in named and OURS not in named:
        log_as(PALLADIUM)


def args_from_config(func: Callable[..., R]) -> Callable[..., R]:
    """Return the function with every argument that a caller leaves out taken from the configuration, by name.

    Raises `MissingArguments`, which is a `TypeError`, for required arguments that are not there either.
    """
    signature = inspect.signature(func)
    by_name = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]

    @functools.wraps(func)
    def with_config(*args: Any, **kwargs: Any) -> R:
        given = signature.bind_partial(*args, **kwargs).arguments
        config = get_config()
        lacking = [parameter for parameter in by_name if parameter.name not in given]
        found = {parameter.name: config[parameter.name] for parameter in lacking if parameter.name in config}
        missing = [p.name for p in lacking if p.default is p.empty and p.name not in found]
        if missing:
            raise MissingArguments(_missing_arguments(func.__name__, missing) + f"\n{config.hint()}")
        return func(*args, **kwargs, **found)

    return with_config


def _load_from_environment(extra: Mapping[str, Any]) -> Config:
    paths = locate(os.environ, Path.cwd())
    config = load_config(paths, os.environ, extra)
    if paths and not any(variable in os.environ for variable in VARIABLES):
        logger.info("Using configuration at %s", paths[0])
    return config


def _refuse_second_time() -> None:
    if _process.config is not None or _process.unfinished is not None:
        raise RuntimeError("Configuration was already initialized")


def _missing_arguments(name: str, missing: list[str]) -> str:
    quoted = list(map(repr, missing))
    names = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
    plural = "" if len(quoted) == 1 else "s"
    return f"{name}() missing {len(quoted)} required positional argument{plural}: {names}"
