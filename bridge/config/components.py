"""Components: from `{'!': 'package.module.Name', ...}` to objects, and the dict that holds them."""

import contextlib
import functools
import inspect
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from triglot.bygone import arguments as bygone
from triglot.config.directives import COMPONENT, Location, key_path, nearest, rebuild
from triglot.config.names import resolve_dotted_name
from triglot.errors import ConfigError, MissingKey
from triglot.former_parameters import former_names, renamed

logger = logging.getLogger("triglot")

KNOWN_KEYS: Final = frozenset(
    {
        "access",
        "activate_decorators",
        "alive",
        "alive_decorators",
        "answers",
        "batch",
        "crash_loop",
        "curve_key_file",
        "dataset_loader_test",
        "dataset_loader_train",
        "deploy",
        "drift",
        "fit_decorators",
        "flask_add_url_rules",
        "get_metadata_decorators",
        "grid_search",
        "hooks",
        "list_decorators",
        "load_data_decorators",
        "log",
        "logging",
        "messages",
        "model",
        "model_name",
        "model_persister",
        "model_persister_export",
        "models",
        "pipelines",
        "predict_decorators",
        "predict_service",
        "profile",
        "quarantine",
        "read_model_decorators",
        "remote_workers",
        "run_dir",
        "schedules",
        "scopes",
        "scoring",
        "server",
        "server_fit_decorators",
        "service_metadata",
        "signing_key_file",
        "unseen_levels",
        "update_data_decorators",
        "update_model_cache_decorators",
        "update_model_decorators",
        "worker",
        "worker_memory",
        "worker_versions",
        "workers",
        "write_model_decorators",
        "x",
    }
)
_LIKENESS: Final = 0.85


class Config(dict[str, Any]):
    """The configuration of a process; asking for an entry that is missing says where it was looked for.

    `files` are the files that were read, `origins` says which of them defined a top-level entry, and `left_out`
    names the entries that hold components which were not asked for.
    """

    def __init__(
        self,
        entries: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        files: Collection[Path] = (),
        origins: Mapping[str, Path] | None = None,
        left_out: Collection[str] = (),
    ) -> None:
        super().__init__(entries)
        self.files = tuple(files)
        self.origins = dict(origins or {})
        self.left_out = frozenset(left_out)

    def __missing__(self, key: str) -> Any:
        if key in self.left_out:
            raise MissingKey(f"The key {key!r} of your configuration was not built here. Name it among those to build.")
        close = get_close_matches(str(key), [str(known) for known in self], n=1)
        guess = f" Did you mean {close[0]!r}?" if close else ""
        raise MissingKey(f"The required key {key!r} was not found in your configuration.{guess}\n{self.hint()}")

    def hint(self) -> str:
        """Return the four lines that say where a configuration is looked for and which files were read."""
        files = ", ".join(map(str, self.files)) or "none"
        return (
            "\n  Perhaps the environment variable TRIGLOT_CONFIG (or PALLADIUM_CONFIG) is not set, or names another"
            "\n  file than you think. Without it, triglot-config.py and palladium-config.py are looked for in the"
            "\n  working directory and in its folder etc."
            f"\n  Files read: {files}."
        )

    def where(self, at: Location) -> str:
        """Return the file that defined the entry at a location."""
        origin = self.origins.get(at[0]) if at else None
        if origin is not None:
            return str(origin)
        return ", ".join(map(str, self.files)) or "the configuration"


class RawConfig(Config):
    """What the files say, every directive resolved and no component built."""

    def of_model(self, name: str) -> "RawConfig":
        """Return what is said of one of several models, by its own entries and else by the top level."""
        own = self["models"][name]
        shared = {key: value for key, value in self.items() if key != "models"}
        return RawConfig(shared | own, self.files, self.origins | dict.fromkeys(own, self.origins["models"]))


@dataclass(frozen=True, slots=True)
class _Built:
    at: Location
    name: str
    component: Any


def instantiate(raw: RawConfig, only: Collection[str] | None = None) -> Config:
    """Return the configuration with its components built, then initialised, both in the order of the files.

    Inner components are built before outer ones. With `only`, entries that hold components are left out unless
    they are named, and nothing of them is imported; plain entries are always there.
    """
    warn_of_misspelt_keys(raw)
    chosen = {key: value for key, value in raw.items() if only is None or key in only or not has_component(value)}
    builder = _Builder(raw)
    root = builder.build(chosen, ())
    if not isinstance(root, Mapping):
        raise ConfigError(f"{raw.where(())}: root: the component gives {type(root).__name__}; it must give a dict")
    config = Config(root, raw.files, raw.origins, left_out=[key for key in raw if key not in chosen])
    for built in builder.built:
        initialise = getattr(built.component, "initialize_component", None)
        if callable(initialise) and not isinstance(built.component, type):
            try:
                initialise(config)
            except Exception as error:
                raise ConfigError(
                    f"{raw.where(built.at)}: {key_path(built.at)}: initialising {built.name} failed: {_story(error)}"
                ) from error
    return config


def has_component(node: Any) -> bool:
    """Return whether there is a component to build in a tree."""
    if isinstance(node, dict):
        return COMPONENT in node or any(map(has_component, node.values()))
    return isinstance(node, (list, tuple)) and any(map(has_component, node))


def misspelt_keys(keys: Iterable[str]) -> dict[str, str]:
    """Return the keys that look like a slip in a known key, with that key; names made from one are no slips."""
    slips = {}
    for key in keys:
        if not isinstance(key, str) or key in KNOWN_KEYS or key.startswith("_"):
            continue
        close = get_close_matches(key, KNOWN_KEYS, n=1, cutoff=_LIKENESS)
        if close and not key.startswith(f"{close[0]}_") and not key.endswith(f"_{close[0]}"):
            slips[key] = close[0]
    return slips


def warn_of_misspelt_keys(raw: RawConfig) -> None:
    """Log a warning for every top-level key that is nearly a known one, once a process."""
    for key, known in misspelt_keys(raw).items():
        _warn_of_slip(raw.where((key,)), key, known)


@functools.cache  # a command may build several parts of one configuration, one after another
def _warn_of_slip(file: str, key: str, known: str) -> None:
    logger.warning("%s: %s: unknown key; did you mean %r?", file, key, known)


@functools.cache
def _tell_once(where: str, advice: str) -> None:
    logger.warning("%s: %s", where, advice)


class _Builder:
    """Builds a tree and remembers the components in the order of their construction."""

    def __init__(self, raw: RawConfig) -> None:
        self._raw = raw
        self.built: list[_Built] = []

    def build(self, node: Any, at: Location) -> Any:
        """Return the tree with each `{'!': ...}` replaced by what its factory returned."""
        tree = rebuild(node, lambda value, key: self.build(value, (*at, key)))
        if not isinstance(tree, dict) or COMPONENT not in tree:
            return tree
        arguments = {key: value for key, value in tree.items() if key != COMPONENT}
        component = self._call(tree[COMPONENT], arguments, at)
        with contextlib.suppress(Exception):  # an object may refuse attributes
            component.__pld_config_key__ = str(at[-1]) if at else "root"
        self.built.append(_Built(at, str(tree[COMPONENT]), component))
        return component

    def _call(self, name: Any, arguments: dict[Any, Any], at: Location) -> Any:
        where = f"{self._raw.where(at)}: {key_path(at)}"
        if not isinstance(name, str):
            raise ConfigError(
                f"{where}: '!' is of type {type(name).__name__}. Give it a dotted name, such as 'package.module.Name'."
            )
        try:
            factory = resolve_dotted_name(name)
        except ConfigError as error:
            raise ConfigError(f"{where}: {name}: {error}") from (error.__cause__ or error)
        if not callable(factory):
            kind = type(factory).__name__
            raise ConfigError(f"{where}: {name} is of type {kind} and cannot be called; name a class or a function")
        try:
            arguments = renamed(former_names(factory), arguments, functools.partial(_tell_once, where))
        except ValueError as error:
            raise ConfigError(f"{where}: {error}") from error
        try:
            arguments = bygone.todays(factory, arguments, functools.partial(_tell_once, f"{where}: {name}"))
        except ValueError as error:
            raise ConfigError(f"{where}: {name}: {error}") from error
        try:
            return factory(**arguments)
        except Exception as error:
            reason = explain_arguments(factory, arguments) if isinstance(error, TypeError) else None
            reason = reason or f"failed: {_story(error)}"
            raise ConfigError(f"{where}: {name} {reason}") from error


def explain_arguments(factory: Callable[..., Any], arguments: Mapping[Any, Any]) -> str | None:
    """Return why a callable cannot be called with these keyword arguments, or None if it can."""
    odd = [key for key in arguments if not isinstance(key, str)]
    if odd:
        return f"takes arguments by name, and {odd[0]!r} is no string"
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # some built-in callables do not tell
        return None
    try:
        signature.bind(**arguments)
        return None
    except TypeError as error:
        by_name = [
            parameter
            for parameter in signature.parameters.values()
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        ]
        known = [parameter.name for parameter in by_name]
        unknown = [key for key in arguments if key not in known]
        if unknown and not any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()):
            return f"has no argument {unknown[0]!r}. {nearest(unknown[0], known)}"
        missing = [p.name for p in by_name if p.default is p.empty and p.name not in arguments]
        if missing:
            return f"needs the argument {' and '.join(map(repr, missing))}; add it"
        return f"cannot be called by name: {error}"


def _story(error: Exception) -> str:
    return str(error) if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}"
