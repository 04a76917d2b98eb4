"""A project: what the configuration files say, as the values that commands and processes need.

The environment and the files are read once, here, at the edge; nothing deeper does. Components are built only when
somebody asks for them, so that listing versions loads no data and serving imports no estimator.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from triglot.access.access import Access, access_of
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
from triglot.config.brokers import Broker, brokers_of
from triglot.config.hook_entries import Where, hooks_of
from triglot.config.log_entries import LogEntries
from triglot.config.log_entries import variables as log_variables
from triglot.config.own_entries import is_palladiums, own_entries, scheduled_data
from triglot.config.scopes import otherwise_of
from triglot.config.server_entries import checked_server, front_end_entries, token_of
from triglot.config.shapes import check_shapes, names_palladium, of_numbers
from triglot.config.spelt import languages_of_groups, languages_of_models, predict_services, spelt_model
from triglot.config.store_file import STORE_VARIABLE, former_store, store_url
from triglot.config.worker_groups import check_counts, check_groups, groups_of
from triglot.dataset import load
from triglot.drift.terms import DriftTerms
from triglot.errors import ConfigError, ModelNotFound
from triglot.hooks import variables as hook_variables
from triglot.languages.known import LANGUAGES, language_of_estimator
from triglot.languages.launch import Workshop, held_variables, memory_variables
from triglot.languages.pools import pool_of
from triglot.logs import LEVEL_VARIABLE, format_of, restyle
from triglot.persister import ACTIVE, Persister, VersionInfo, not_configured, persister_of
from triglot.persisters.cached import innermost
from triglot.pipelines.declared import Declared, one_of, pipelines_of
from triglot.pipelines.timetable import Schedule, schedules_of
from triglot.store import ModelStore
from triglot.store.jobs import JobStore
from triglot.store.letters import LetterStore
from triglot.store.scopes import summaries, versions_without_scopes
from triglot.supervision.crash_loops import CrashLoop
from triglot.supervision.supervisord import FrontEnd
from triglot.tally.quarantine import Quarantine
from triglot.training.entry import Entry
from triglot.training.pipelines import language_of
from triglot.training.terms import MODEL_KEYS, refuse_misplaced, terms_of
from triglot.transport.curve import CurveKeys
from triglot.transport.discovery import Endpoint, listed, run_directory

DEFAULT_NAME = "model"


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
        return tuple(self._raw.get("models", (self.default_name,) if "model" in self._raw else ()))

    @property
    def default_name(self) -> str:
        """The name of the model of a configuration that has only one, whether it says how to fit it or not."""
        return str(self._raw.get("model_name", DEFAULT_NAME))

    @property
    def only_name(self) -> str:
        """The name of the one configured model; raises `ModelNotFound`, listing them, where there are several."""
        if len(self.names) != 1:
            known = ", ".join(self.names) or "the configuration has none: add one under 'model' or 'models'"
            raise ModelNotFound(f"say which model: {known}")
        return self.names[0]

    def entry(self, name: str) -> Entry:
        """Return a configured model with its components built; what it does not say itself, the top level says."""
        if name not in self.names:
            raise not_configured([name], self.names)
        built = self._build(name, MODEL_KEYS)
        refuse_misplaced(name, self._raw.get("models", {}).get(name, self._raw), built["model"])
        terms = terms_of(name, built, palladium=names_palladium(self._raw))
        return Entry(name, built["model"], built["dataset_loader_train"], built.get("dataset_loader_test"), terms)

    @cached_property
    def store(self) -> Persister:
        """The model store: the configuration's, else at TRIGLOT_STORE, else SQLite beside the configuration."""
        url = self._outer.get(STORE_VARIABLE)
        return self.persister("model_persister") or ModelStore(url or store_url(self._paths, self._cwd))

    def answering(self, pools: Collection[str]) -> list[VersionInfo]:
        """Return the active versions that workers of these pools answer for, but for those of scopes."""
        active = [info for info in versions_without_scopes(self.store) if ACTIVE in info.aliases]
        return [info for info in active if self.pool_of(info.model, info.language) in pools]

    @cached_property
    def otherwise(self) -> dict[str, str]:
        """The model that answers for the scopes that have none, of each family whose configuration names one."""
        return otherwise_of(self._raw, DEFAULT_NAME)

    @property
    def is_guarded(self) -> bool:
        """Whether the configuration decides who may ask for predictions."""
        return bool(self._raw.get("predict_decorators")) or "access" in self._raw

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
        return None if built is None else persister_of(key, built)

    @property
    def jobs(self) -> JobStore:
        """The jobs: in the model store's database, or in one of their own beside the sockets where it is none."""
        return self._records.jobs

    @property
    def letters(self) -> LetterStore:
        """The requests by message, in the database of the jobs."""
        return self._records.letters

    @property
    def database(self) -> ModelStore | None:
        """The model store, where it is a database."""
        store = innermost(self.store)
        return store if isinstance(store, ModelStore) else None

    @cached_property
    def _records(self) -> ModelStore:
        return self.database or ModelStore(f"sqlite:///{run_directory(self.run_dir) / 'jobs.db'}")

    @property
    def run_dir(self) -> Path:
        """Where sockets and announcements stand."""
        return self._cwd / str(self._outer.get("TRIGLOT_RUN_DIR") or self._raw.get("run_dir", "run"))

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
        raw, palladiums = self._raw, self._is_palladiums
        held, own = scheduled_data(raw, palladiums=palladiums), own_entries(raw, palladiums=palladiums)
        keys = {"service_metadata", "alive", "flask_add_url_rules", *predict_services(raw), *held, *own}
        built = dict(self._instantiate(raw, keys))
        for loader in (built[key] for key in held):
            load(loader)  # what answers, and /alive, may look for it from the first request on
        resolved = decorator_lists(raw)
        return built | {key: resolved(key) for key in decorators} | {"server": self.server()}

    @cached_property
    def own(self) -> Config:
        """What components of the author's own made, in a configuration that was written for Palladium."""
        return self._instantiate(self._raw, own_entries(self._raw, palladiums=self._is_palladiums))

    @property
    def _is_palladiums(self) -> bool:
        return not self._given and is_palladiums(self._outer, self._cwd)

    @cached_property
    def admin_token(self) -> str:
        """The token of the views that change something; empty switches them off."""
        return token_of(self.server(), self._cwd, self._outer)

    @cached_property
    def access(self) -> Access | None:
        """Who may do what; None where the configuration says nothing of it."""
        if "access" not in self._raw:
            return None
        return access_of(self._raw["access"], self._cwd, self._outer, self.admin_token)

    @cached_property
    def brokers(self) -> tuple[Broker, ...]:
        """The brokers that bring requests."""
        return brokers_of(self._raw.get("messages", {}), self._cwd, self._outer)

    @property
    def takes_messages(self) -> bool:
        """Whether any broker is named; what is said of it is not looked at."""
        return bool(self._raw.get("messages"))

    @property
    def service_metadata(self) -> dict[str, Any]:
        """What the service says of itself in every answer."""
        return dict(self._instantiate(self._raw, {"service_metadata"}).get("service_metadata", {}))

    @property
    def has_jobs(self) -> bool:
        """Whether the service can be asked to change something, which is done by jobs."""
        asked = bool({"flask_add_url_rules", "access", "schedules"} & self._raw.keys())
        return asked or bool(self.admin_token) or (self.takes_messages and "pipelines" in self._raw)

    @cached_property
    def pipelines(self) -> Mapping[str, Declared]:
        """The declared pipelines by name; no step of theirs is built."""
        return pipelines_of(self._raw.get("pipelines", {}))

    def steps(self, name: str) -> list[tuple[Any, Any]]:
        """Return the steps of a declared pipeline: each built, and as the configuration has it."""
        one_of(self.pipelines, name)
        said, raw = list(self._raw["pipelines"][name]["steps"]), self._raw
        alone = RawConfig({**raw, "pipelines": {name: {"steps": said}}}, raw.files, raw.origins)
        built = self._instantiate(alone, {"pipelines"})["pipelines"][name]["steps"]
        return list(zip(built, said, strict=True))

    @cached_property
    def schedules(self) -> tuple[Schedule, ...]:
        """What is to be done by recurrence rules."""
        return schedules_of(self._raw.get("schedules", {}), self.pipelines, self.names)

    def pool_of(self, name: str, language: str) -> str:
        """Return the pool of workers that a service has for a model of a language."""
        return pool_of(language, self.worker_groups.get(name, ""))

    @cached_property
    def remote_workers(self) -> Mapping[str, Endpoint]:
        """The workers on other hosts, by name."""
        found = listed(list(self._raw.get("remote_workers", ())))
        check_groups({name: worker.group for name, worker in found.items()}, self.worker_groups)
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
        return dict(self._raw.get("deploy", {}))

    def own_environment(self) -> dict[str, str]:
        """Return the variables by which a process that is started in this directory finds this very project."""
        return {
            "TRIGLOT_CONFIG": ",".join(map(str, self._paths)),
            "TRIGLOT_RUN_DIR": str(self.run_dir.absolute()),
            **former_store(self._raw, self._outer, self._paths, self._cwd),
            **{name: self._outer[name] for name in (LEVEL_VARIABLE,) if name in self._outer},
            **self._for_workers(),
        }

    def configure_logging(self) -> None:
        """Set logging up as the configuration says."""
        restyle(format_of(self.environ))
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
        stored = {info.model: info.language for info in versions_without_scopes(self.store) if ACTIVE in info.aliases}
        configured = {name: self._language(name, stored.get(name)) for name in self.names}
        of_scopes = [(summary.family, language) for summary in summaries(self.store) for language in summary.languages]
        return {self.pool_of(name, language) for name, language in (*stored.items(), *configured.items(), *of_scopes)}

    @cached_property
    def worker_groups(self) -> dict[str, str]:
        """The group of workers of each model that has one."""
        return groups_of(self._raw, DEFAULT_NAME)

    def spelt_groups(self) -> dict[str, set[str]]:
        """Return the languages of each group's models, as far as that can be told without building anything."""
        return languages_of_groups(self._raw, self.worker_groups)

    def spelt_languages(self) -> set[str]:
        """Return the languages that the configuration names, as far as that can be told without building anything."""
        counted = {name for name, count in self.worker_counts().items() if count and name in LANGUAGES}
        return languages_of_models(self._raw) | counted

    def worker_counts(self) -> dict[str, int]:
        """Return how many workers of each language and group the configuration asks for, where it does."""
        return check_counts("workers", self._raw.get("workers", {}), self.worker_groups)

    def crash_loop(self) -> CrashLoop:
        """Return what counts as crashing again and again."""
        return of_numbers("crash_loop", self._raw.get("crash_loop", {}), CrashLoop)

    def quarantine(self) -> Quarantine:
        """Return when a version that ends workers is not asked for a while."""
        return of_numbers("quarantine", self._raw.get("quarantine", {}), Quarantine)

    def drift(self) -> DriftTerms | None:
        """Return how much of what is asked is looked at for drift; None where nothing is."""
        return of_numbers("drift", self._raw["drift"], DriftTerms) if "drift" in self._raw else None

    def worker_memory(self) -> dict[str, str]:
        """Return the variable that bounds the memory of workers, where the configuration does."""
        return memory_variables(self._raw.get("worker_memory"))

    def hooks(self, where: Where) -> tuple[str, ...]:
        """Return the names of the classes that are told of what happens there."""
        return hooks_of(self._raw.get("hooks", {}), where)

    @property
    def log(self) -> LogEntries:
        """How a service logs."""
        return LogEntries.said(self._raw.get("log", {}))

    def _for_workers(self) -> dict[str, str]:
        """Return the variables by which the configuration reaches workers, which read no configuration."""
        held = held_variables(self._raw.get("worker_versions"))
        hooks = hook_variables(self.hooks("workers"), self.python_path)
        return {**self.worker_memory(), **held, **log_variables(self.log, self._outer), **hooks}

    def server(self) -> dict[str, Any]:
        """Return what the configuration says of the front end; raises `ConfigError` for an entry that is not known."""
        return checked_server(self._raw.get("server", {}))

    def _instantiate(self, raw: RawConfig, keys: Collection[str]) -> Config:
        with building(raw):
            return instantiate(raw, only=keys)

    def _build(self, name: str, keys: Sequence[str]) -> Config:
        if "models" not in self._raw:
            return self._instantiate(self._raw, keys)
        try:
            return self._instantiate(self._raw.of_model(name), keys)
        except ConfigError as error:
            raise ConfigError(f"models -> {name}: {error}") from error

    def _language(self, name: str, stored: str | None) -> str:
        """Return the language of a configured model; it is built, which takes a second, only if nothing else tells."""
        return language_of_estimator(spelt_model(self._raw, name)) or stored or language_of(self.entry(name).model)
