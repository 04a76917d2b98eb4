"""A project: what the configuration files say, as the values that commands and processes need.

The environment and the files are read once, here, at the edge; nothing deeper does. Components are built only when
somebody asks for them, so that listing versions loads no data and serving imports no estimator.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from triglot.config import (
    Config,
    RawConfig,
    building,
    configure_logging,
    decorator_lists,
    instantiate,
    locate,
    note_config,
    read_config,
)
from triglot.config.shapes import check_shapes, front_end_entries
from triglot.config.worker_groups import check_counts, groups_of
from triglot.errors import ConfigError, ModelNotFound
from triglot.hooks import variables as hook_variables
from triglot.languages.known import LANGUAGES, language_of_estimator
from triglot.languages.launch import MEMORY_VARIABLE, Workshop, memory_text
from triglot.languages.pools import pool_of
from triglot.logs import LEVEL_VARIABLE
from triglot.persister import Persister, VersionInfo, missing_methods
from triglot.persisters.cached import CachedUpdatePersister
from triglot.store import ModelStore
from triglot.store.jobs import JobStore
from triglot.supervision.crash_loops import CrashLoop
from triglot.supervision.supervisord import FrontEnd
from triglot.training.entry import Entry
from triglot.training.pipelines import language_of
from triglot.training.terms import refuse_misplaced, terms_of
from triglot.transport.curve import CurveKeys
from triglot.transport.discovery import Endpoint, listed, run_directory

DEFAULT_NAME = "model"
DEFAULT_RUN_DIR = "run"
SERVER_KEYS = frozenset(field.name for field in fields(FrontEnd)) | {
    "timeout_s",
    "patience_s",
    "max_body_bytes",
    "max_bulk_bytes",
    "max_bulk_rows",
    "debug",
    "admin_token_file",
}
MODEL_KEYS = ("model", "dataset_loader_train", "dataset_loader_test", "unseen_levels", "batch", "answers", "x")


class Project:
    """The configuration of one working directory, read when it is first needed."""

    def __init__(self, paths: Sequence[Path], environ: Mapping[str, str], cwd: Path) -> None:
        self._given = list(paths)
        self._cwd = cwd
        self._outer = dict(environ)

    @cached_property
    def environ(self) -> dict[str, str]:
        """The environment of what this project starts: the one it was given, and what the configuration adds."""
        return self._outer | self._for_workers()

    @cached_property
    def _paths(self) -> list[Path]:
        """The files given, or those that the environment or the directory name."""
        return [path.absolute() for path in self._given or locate(self._outer, self._cwd)]

    @cached_property
    def _raw(self) -> RawConfig:
        """What the files say, directives carried out, components not built."""
        raw = read_config(self._paths, self._outer)
        check_shapes(raw)
        groups_of(raw, DEFAULT_NAME)  # what is wrong there is told whatever the command
        note_config(raw)
        return raw

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the configured models, in the order of the configuration."""
        if "models" in self._raw:
            return tuple(self._raw["models"])
        return (self.default_name,) if "model" in self._raw else ()

    @property
    def default_name(self) -> str:
        """The name of the model of a configuration that has only one, whether it says how to fit it or not."""
        return str(self._raw.get("model_name", DEFAULT_NAME))

    @property
    def only_name(self) -> str:
        """The name of the one configured model; raises `ModelNotFound`, listing them, where there are several."""
        if len(self.names) != 1:
            raise ModelNotFound(f"say which model: {', '.join(self.names) or 'the configuration has none'}")
        return self.names[0]

    def entry(self, name: str) -> Entry:
        """Return a configured model with its components built; what it does not say itself, the top level says."""
        if name not in self.names:
            raise ModelNotFound(f"no model {name!r} is configured; known are {', '.join(self.names) or 'none'}")
        built = self._build(name, MODEL_KEYS)
        refuse_misplaced(name, self._raw.get("models", {}).get(name, self._raw), built["model"])
        return Entry(
            name, built["model"], built["dataset_loader_train"], built.get("dataset_loader_test"), terms_of(name, built)
        )

    @cached_property
    def store(self) -> Persister:
        """The model store: the configuration's, else at TRIGLOT_STORE, else SQLite in the working directory."""
        url = self._outer.get("TRIGLOT_STORE") or f"sqlite:///{self._cwd / 'triglot.db'}"
        return self.persister("model_persister") or ModelStore(url)

    def answering(self, pools: Collection[str]) -> list[VersionInfo]:
        """Return the active versions that workers of these pools answer for, by the names of their models."""
        active = [self.store.info(model, version) for model, version in sorted(self.store.active().items())]
        return [info for info in active if self._pool(info.model, info.language) in pools]

    @property
    def is_guarded(self) -> bool:
        """Whether decorators of the configuration decide who may ask for predictions."""
        return bool(self._raw.get("predict_decorators"))

    @cached_property
    def export_store(self) -> Persister:
        """The store that versions are exported to; raises `ConfigError` where the configuration names none."""
        store = self.persister("model_persister_export")
        if store is None:
            raise ConfigError("the configuration has no model_persister_export; add the persister to export to")
        return store

    def persister(self, key: str) -> Persister | None:
        """Return the persister under a key of the configuration, or None where there is no such key."""
        built: Any = self._instantiate(self._raw, {key}).get(key)
        if built is None:
            return None
        if lacking := missing_methods(built):
            raise ConfigError(
                f"{key} is of type {type(built).__name__} and no persister: it lacks {', '.join(lacking)}; name one "
                "such as triglot.store.ModelStore"
            )
        persister: Persister = built
        return persister

    @cached_property
    def jobs(self) -> JobStore:
        """The jobs: in the model store's database, or in one of their own beside the sockets where it is none."""
        store: Any = self.store
        while isinstance(store, CachedUpdatePersister):
            store = store.impl
        if isinstance(store, ModelStore):
            return store.jobs
        return ModelStore(f"sqlite:///{run_directory(self.run_dir) / 'jobs.db'}").jobs

    @property
    def run_dir(self) -> Path:
        """Where sockets and announcements stand."""
        return self._cwd / str(self._outer.get("TRIGLOT_RUN_DIR") or self._raw.get("run_dir", DEFAULT_RUN_DIR))

    @property
    def key_file(self) -> Path | None:
        """The file of the key that signs artefacts; None is the user's own."""
        path = self._raw.get("signing_key_file")
        return None if path is None else self._cwd / str(path)

    @property
    def python_path(self) -> tuple[str, ...]:
        """The folders of the configuration files, where the author's own Python modules lie."""
        return tuple(dict.fromkeys(str(path.parent) for path in self._paths))

    @property
    def workshop(self) -> Workshop:
        """Where the fresh workers of this project come from."""
        return Workshop(self.environ, self.key_file, self.python_path)

    @property
    def front_end(self) -> FrontEnd:
        """Where and how wide the front end listens."""
        return FrontEnd(**front_end_entries(self.server()))

    def server_options(self) -> dict[str, Any]:
        """Return what the configuration says of the HTTP application, with its components built."""
        decorators = {str(key) for key in self._raw if str(key).endswith("_decorators")}
        keys = {"service_metadata", "alive", "flask_add_url_rules", *self._service_keys()}
        built = dict(self._instantiate(self._raw, keys))
        resolved = decorator_lists(self._raw)
        return built | {key: resolved(key) for key in decorators} | {"server": self.server()}

    @cached_property
    def admin_token(self) -> str:
        """The token of the views that change something; empty switches them off."""
        path = self.server().get("admin_token_file")
        if path is None:
            return self._outer.get("TRIGLOT_ADMIN_TOKEN", "").strip()
        try:
            token = (self._cwd / str(path)).read_text("utf-8").strip()
        except OSError as error:
            raise ConfigError(f"server: admin_token_file: {error}; make the file, or leave the entry out") from None
        if not token:
            raise ConfigError(f"server: admin_token_file: {str(path)!r} is empty; write a long random token into it")
        return token

    @property
    def has_jobs(self) -> bool:
        """Whether the service can be asked to change something, which is done by jobs."""
        return bool(self.admin_token) or "flask_add_url_rules" in self._raw

    @cached_property
    def remote_workers(self) -> Mapping[str, Endpoint]:
        """The workers on other hosts, by name."""
        found = listed(list(self._raw.get("remote_workers", ())))
        for name, worker in found.items():
            if worker.group and worker.group not in self.worker_groups.values():
                raise ConfigError(f"remote_workers: {name!r}: group {worker.group!r}: no model has it as its 'worker'")
        return found

    @property
    def curve_keys(self) -> CurveKeys | None:
        """The keys by which workers on other hosts know this one; None where there are none."""
        path = self._raw.get("curve_key_file")
        return None if path is None else CurveKeys.read(self._cwd / str(path))

    @property
    def directory(self) -> Path:
        """The working directory."""
        return self._cwd

    @property
    def deploy(self) -> Mapping[str, Any]:
        """What is said of the deployment."""
        entries = self._raw.get("deploy", {})
        if not isinstance(entries, Mapping):
            raise ConfigError(f"deploy: {entries!r}; write a dict with 'image' and what else is to be said")
        return entries

    def own_environment(self) -> dict[str, str]:
        """Return the variables by which a process that is started in this directory finds this very project."""
        return {
            "TRIGLOT_CONFIG": ",".join(map(str, self._paths)),
            "TRIGLOT_RUN_DIR": str(self.run_dir.absolute()),
            **{name: self._outer[name] for name in (LEVEL_VARIABLE,) if name in self._outer},
            **self._for_workers(),
        }

    def configure_logging(self) -> None:
        """Set logging up as the configuration says."""
        configure_logging(self._raw)

    def part(self, name: str, key: str) -> Any:
        """Return an entry of a configured model (its `scoring`, say) with its components built, or None."""
        return self._build(name, [key]).get(key)

    def predict_service(self) -> Any:
        """Return the component `predict_service`, or None."""
        return self._instantiate(self._raw, {"predict_service"}).get("predict_service")

    @property
    def chosen(self) -> tuple[str, ...]:
        """The names of the configured models; raises `ConfigError`, saying where was looked, where there are none."""
        if not self.names:
            raise ConfigError(f"The configuration has no model: it needs the entry 'model'.\n{self._raw.hint()}")
        return self.names

    def pools(self) -> set[str]:
        """Return the pools of workers that answer for what is configured and for what is stored."""
        stored = {info.model: info.language for info in self.store.list() if "active" in info.aliases}
        configured = {name: self._language(name, stored.get(name)) for name in self.names}
        return {self._pool(name, language) for name, language in (*stored.items(), *configured.items())}

    @cached_property
    def worker_groups(self) -> dict[str, str]:
        """The group of workers of each model that has one."""
        return groups_of(self._raw, DEFAULT_NAME)

    def spelt_groups(self) -> dict[str, set[str]]:
        """Return the languages of each group's models, as far as that can be told without building anything."""
        found: dict[str, set[str]] = {group: set() for group in self.worker_groups.values()}
        for name, group in self.worker_groups.items():
            found[group].add(language_of_estimator(self._spelt(name)) or "python")
        return found

    def spelt_languages(self) -> set[str]:
        """Return the languages that the configuration names, as far as that can be told without building anything."""
        shared = {"": self._raw, **self._raw.get("models", {})}
        factories = [_factory(entry.get("model")) for entry in shared.values()]
        spelt = {language for said in factories if (language := language_of_estimator(said))}
        return spelt | {name for name, count in self.worker_counts().items() if count and name in LANGUAGES}

    def worker_counts(self) -> dict[str, int]:
        """Return how many workers of each language and group the configuration asks for, where it does."""
        return check_counts("workers", self._raw.get("workers", {}), self.worker_groups)

    def crash_loop(self) -> CrashLoop:
        """Return what counts as crashing again and again."""
        said = self._raw.get("crash_loop", {})
        known = {field.name for field in fields(CrashLoop)}
        if not isinstance(said, Mapping) or said.keys() - known or not all(map(_is_number, said.values())):
            raise ConfigError(f"crash_loop: {said!r}; write numbers for some of {', '.join(sorted(known))}")
        return CrashLoop(**said)

    def worker_memory(self) -> dict[str, str]:
        """Return the variable that bounds the memory of workers, where the configuration does."""
        said = self._raw.get("worker_memory")
        return {} if said is None else {MEMORY_VARIABLE: memory_text(said)}

    def hooks(self, where: Literal["workers", "server"]) -> tuple[str, ...]:
        """Return the names of the classes that are told of what happens there."""
        said = self._raw.get("hooks", {})
        if not isinstance(said, Mapping) or said.keys() - {"workers", "server"}:
            raise ConfigError(f"hooks: {said!r}; write a mapping with 'workers', 'server' or both")
        names = said.get(where, ())
        if isinstance(names, str) or not isinstance(names, Sequence) or not all(map(_is_name, names)):
            raise ConfigError(f"hooks: {where}: {names!r}; write a list of names such as 'module.Class'")
        return tuple(names)

    def _for_workers(self) -> dict[str, str]:
        """Return the variables by which the configuration reaches workers, which read no configuration."""
        return {**self.worker_memory(), **hook_variables(self.hooks("workers"), self.python_path)}

    def server(self) -> dict[str, Any]:
        """Return what the configuration says of the front end; raises `ConfigError` for an entry that is not known."""
        server = dict(self._raw.get("server", {}))
        unknown = sorted(set(server) - SERVER_KEYS)
        if unknown:
            raise ConfigError(f"server: unknown {', '.join(unknown)}; known are {', '.join(sorted(SERVER_KEYS))}")
        for key, what in (("timeout_s", "an answer may take"), ("patience_s", "requests wait for a worker")):
            said = server.get(key, 1)
            if not _is_number(said) or not 0 <= said < math.inf or (key == "timeout_s" and not said):
                raise ConfigError(f"server: {key}: {said!r}; write how many seconds {what}")
        return server

    def _instantiate(self, raw: RawConfig, keys: set[str]) -> Config:
        with building(raw):
            return instantiate(raw, only=keys)

    def _build(self, name: str, keys: Sequence[str]) -> Config:
        raw = self._raw
        if "models" not in raw:
            return self._instantiate(raw, set(keys))
        shared = {key: value for key, value in raw.items() if key != "models"}
        origins = raw.origins | dict.fromkeys(raw["models"][name], raw.origins["models"])
        try:
            return self._instantiate(RawConfig(shared | raw["models"][name], raw.files, origins), set(keys))
        except ConfigError as error:
            raise ConfigError(f"models -> {name}: {error}") from error

    def _language(self, name: str, stored: str | None) -> str:
        """Return the language of a configured model; it is built, which takes a second, only if nothing else tells."""
        return language_of_estimator(self._spelt(name)) or stored or language_of(self.entry(name).model)

    def _spelt(self, name: str) -> str:
        """Return the dotted name of what makes a configured model."""
        return _factory({**self._raw, **self._raw.get("models", {}).get(name, {})}.get("model"))

    def _pool(self, name: str, language: str) -> str:
        return pool_of(language, self.worker_groups.get(name, ""))

    def _service_keys(self) -> set[str]:
        """Return the top-level keys of predict services, by their name or by their class's."""
        return {
            str(key)
            for key, value in self._raw.items()
            if "predict_service" in str(key) or "PredictService" in _factory(value)
        }


def _is_name(said: Any) -> bool:
    return isinstance(said, str) and all(part.isidentifier() for part in said.split("."))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _factory(value: Any) -> str:
    return str(value.get("!", "")) if isinstance(value, Mapping) else ""
