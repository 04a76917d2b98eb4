"""The description of a deployment: what the configuration's `deploy` says, every value checked, and what follows of it.

Whatever is generated is made from a `Deployment`, so that two files cannot contradict each other. What is a matter of
the service itself (ports, workers, time limits, how long it takes to stop) is taken from where the service takes it.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from triglot.deploy import values
from triglot.errors import ConfigError
from triglot.languages.known import LANGUAGES
from triglot.languages.launch import memory_of
from triglot.supervision.supervisord import shutdown_s

ROOT: Final = "deploy"
DATA_DIR: Final = "/data"
USER_ID: Final = 10001
# The front end needs this much of itself, and so does each worker before it holds a model.
BASE_MIB: Final = 64
POSTGRESQL_PORT: Final = 5432
OURS: Final = "triglot"
PALLADIUM: Final = "palladium"
# gunicorn gives its workers 30 s to answer what is in flight
GUNICORN_STOP_S: Final = 35


@dataclass(frozen=True, slots=True)
class Instances:
    """How many instances there are: at least `least`, and under load up to `most`."""

    least: int = 2
    most: int = 2


@dataclass(frozen=True, slots=True)
class Upgrade:
    """How instances are replaced: how many may be missing, and how many more than usual there may be, meanwhile.

    A whole number counts instances; a float is a share of them, from 0 to 1.
    """

    unavailable: int | float = 0
    surge: int | float = 1


@dataclass(frozen=True, slots=True)
class Health:
    """How an instance is asked `/alive`: every so many seconds, for so long, and given up after so many failures."""

    interval_s: int = 10
    timeout_s: int = 5
    failures: int = 3


@dataclass(frozen=True, slots=True)
class Volume:
    """A folder of the container that outlives it: a folder of the `host`, or else storage of a `size` in MiB."""

    name: str
    path: str
    host: str = ""
    size: int = 1024
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Constraints:
    """Where instances may run: `unique` on an attribute, `spread` over one, `only` where attributes have values."""

    unique: str = ""
    spread: str = ""
    only: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of nginx's certificate chain and key."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What the service's own configuration says, as far as it matters to whoever stands before or around it.

    `groups` names the groups of models that have workers apart, and the languages of each.
    """

    timeout_s: float
    max_body_bytes: int
    workers: Mapping[str, int] = field(default_factory=dict)
    worker_memory: str = ""
    jobs: bool = True
    groups: Mapping[str, Collection[str]] = field(default_factory=dict)
    grpc_port: int = 0
    messages: bool = False

    @property
    def ports(self) -> dict[str, int]:
        """The ports beside that of HTTP, by their names."""
        return {"grpc": self.grpc_port} if self.grpc_port else {}


@dataclass(frozen=True, slots=True)
class Deployment:
    """All that is known of a deployment; times are in seconds, memory in MiB.

    `database` is the variable from which the service learns the URL of its store; `secrets` are kept elsewhere, as
    (name, key); `load_s` is how long models may load, `stop_s` how long the service may drain. `made_by` says whose
    `dockerize` made the image; `marathon_version` is the release that is written for, as (major, minor).
    """

    name: str
    image: str
    service: ServiceFacts
    made_by: str = OURS
    port: int = 8000
    service_port: int = 0
    instances: Instances = Instances()
    upgrade: Upgrade = Upgrade()
    health: Health = Health()
    cpus: float = 1.0
    memory: int = 2048
    workers: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    database: str = "TRIGLOT_STORE"
    volumes: tuple[Volume, ...] = ()
    constraints: Constraints = Constraints()
    load_s: int = 60
    stop_s: int = 0
    host: str = ""
    path: str = "/"
    tls: Tls | None = None
    outgoing_ports: tuple[int, ...] = (POSTGRESQL_PORT,)
    marathon_version: tuple[int, int] | None = None

    @property
    def ours(self) -> bool:
        """Whether Triglot answers in the image: with its command line, its `/ready` and its restrictions."""
        return self.made_by == OURS

    @property
    def command(self) -> list[str]:
        """The command line inside the container; empty where the image starts by itself."""
        if not self.ours:
            return []
        serve = ["triglot", "serve", "--host", "0.0.0.0", "--port", str(self.port)]
        return [*serve, *(part for name, n in self.workers.items() for part in ("--workers", f"{name}={n}"))]

    @property
    def scratch(self) -> tuple[str, ...]:
        """The folders that must be writable though the root file system is not, and that may be lost."""
        mounted = {volume.path.rstrip("/") for volume in self.volumes}
        return tuple(path for path in ("/tmp", DATA_DIR) if path not in mounted)

    @property
    def request_s(self) -> int:
        """How long whoever stands before the service waits for an answer: longer than the service itself does."""
        return math.ceil(self.service.timeout_s) + 5


def needed_stop_s(
    workers: Mapping[str, int],
    groups: Mapping[str, Collection[str]],
    *,
    jobs: bool,
    grpc: bool = False,
    messages: bool = False,
) -> int:
    """Return how long a container may take to drain; languages and groups that nothing is said of may be there."""
    pools: dict[str, Collection[str]] = {**{language: (language,) for language in LANGUAGES}, **groups}
    there = [each for name, ones in pools.items() if workers.get(name, 1) for each in ones]
    return shutdown_s(there, jobs=jobs, grpc=grpc, messages=messages)


def describe(said: Mapping[str, Any], service: ServiceFacts, *, name: str = "") -> Deployment:
    """Return the deployment that the configuration's `deploy` describes; `name` is what it is called unless it says.

    What is None is as if it were not said.
    Raises `ConfigError`, naming the key, for the first value that cannot be used.
    """
    told = {key: value for key, value in said.items() if value is not None}
    given = values.section(ROOT, {"name": name, **told}, tuple(_READERS), ("name", "image"))
    read = {key: _READERS[key](f"{ROOT} -> {key}", value) for key, value in given.items()}
    made = _of_palladium(read, service) if read.get("made_by") == PALLADIUM else _of_ours(read, service)
    _check_together(made)
    return made


def only_ours(deployment: Deployment, what: str) -> None:
    """Refuse an image of Palladium's where `what` is made for images of Triglot alone."""
    if not deployment.ours:
        values.refuse(
            f"{ROOT} -> made_by",
            deployment.made_by,
            f"{what} is written for images of triglot dockerize alone; make one of the same folder: triglot dockerize",
        )


def count_of(part: int | float, instances: int) -> int:
    """Return how many instances a number or a share of them is, rounded down."""
    return part if isinstance(part, int) else math.floor(round(part * instances, 6))


def _of_palladium(read: dict[str, Any], service: ServiceFacts) -> Deployment:
    if "workers" in read:
        raise ConfigError(f"{ROOT} -> workers: an image of Palladium's has none; leave the entry out")
    bare = replace(service, workers={}, groups={}, grpc_port=0, messages=False)
    return Deployment(service=bare, stop_s=read.pop("stop_s", GUNICORN_STOP_S), **read)


def _of_ours(read: dict[str, Any], service: ServiceFacts) -> Deployment:
    workers = {**service.workers, **read.pop("workers", {})}
    values.section(f"{ROOT} -> workers", workers, (*LANGUAGES, *service.groups))
    workers |= {group: 1 for group in service.groups if group not in workers}
    grpc, messages = bool(service.grpc_port), service.messages
    stop_s = needed_stop_s(workers, service.groups, jobs=service.jobs, grpc=grpc, messages=messages)
    made = Deployment(service=service, workers=workers, stop_s=read.pop("stop_s", stop_s), **read)
    if made.stop_s < stop_s:
        values.refuse(
            f"{ROOT} -> stop_s", made.stop_s, f"supervisord may take {stop_s} s to drain: write {stop_s} or more"
        )
    _check_memory(made)
    return made


def _check_together(made: Deployment) -> None:
    """Refuse values that are right one by one and wrong together."""
    least, upgrade = made.instances.least, made.upgrade
    if not count_of(upgrade.unavailable, least) and not count_of(upgrade.surge, least):
        raise ConfigError(
            f"{ROOT} -> upgrade: no instance may be missing and none may be added, so an upgrade would never end; "
            "write 'surge': 1, or 'unavailable': 1"
        )
    if upgrade.unavailable > least:
        values.refuse(f"{ROOT} -> upgrade -> unavailable", upgrade.unavailable, "there are fewer instances")
    if both := sorted(made.environment.keys() & made.secrets.keys()):
        raise ConfigError(f"{ROOT}: {both[0]!r} is both under 'environment' and under 'secrets'; take one away")
    for kind in ("name", "path"):
        seen = [getattr(volume, kind).rstrip("/") for volume in made.volumes]
        if double := next((each for each in seen if seen.count(each) > 1), None):
            raise ConfigError(f"{ROOT} -> volumes: two have the {kind} {double!r}; rename one")


def _check_memory(made: Deployment) -> None:
    """Refuse a container that is smaller than what its workers may take."""
    counts = _processes(made)
    ceilings = {language: memory_of(made.service.worker_memory, language) // values.MEBIBYTE for language in counts}
    needed = BASE_MIB + sum(n * max(BASE_MIB, ceilings[language]) for language, n in counts.items())
    if needed > made.memory:
        raise ConfigError(
            f"{ROOT} -> memory: {made.memory} MiB are less than the {needed} MiB that "
            f"{sum(counts.values())} workers and the front end may take; give more, or lower workers or worker_memory"
        )


def _processes(made: Deployment) -> dict[str, int]:
    """Return how many workers of each language there are, those of groups among them."""
    counts = {language: made.workers.get(language, 0) for language in LANGUAGES}
    for group, languages in made.service.groups.items():
        for language in languages:
            counts[language] += made.workers[group]
    return counts


def _instances(where: str, value: Any) -> Instances:
    if not isinstance(value, Mapping):
        number = values.count(1, 10_000)(where, value)
        return Instances(number, number)
    given = values.section(where, value, ("min", "max"), ("min", "max"))
    least = values.count(1, 10_000)(f"{where} -> min", given["min"])
    return Instances(least, values.count(least, 10_000)(f"{where} -> max", given["max"]))


def _upgrade(where: str, value: Any) -> Upgrade:
    given = values.section(where, value, ("unavailable", "surge"))
    return Upgrade(**{key: values.part(f"{where} -> {key}", each) for key, each in given.items()})


def _health(where: str, value: Any) -> Health:
    given = values.section(where, value, ("interval_s", "timeout_s", "failures"))
    return Health(**{key: values.count(1, 3_600)(f"{where} -> {key}", each) for key, each in given.items()})


def _made_by(where: str, value: Any) -> str:
    if value not in (OURS, PALLADIUM):
        values.refuse(where, value, f"write {OURS!r} or, for an image of Palladium's pld-dockerize, {PALLADIUM!r}")
    return str(value)


def _workers(where: str, value: Any) -> dict[str, int]:
    given = values.table(where, value)
    return {str(key): values.count(0, 1_000)(f"{where} -> {key}", each) for key, each in given.items()}


def _environment(where: str, value: Any) -> dict[str, str]:
    return {
        values.variable(where, k): values.plain(f"{where} -> {k}", v) for k, v in values.table(where, value).items()
    }


def _secrets(where: str, value: Any) -> dict[str, tuple[str, str]]:
    given = values.table(where, value)
    return {values.variable(where, k): values.secret(f"{where} -> {k}", v) for k, v in given.items()}


def _volumes(where: str, value: Any) -> tuple[Volume, ...]:
    checks: dict[str, Callable[[str, Any], Any]] = {
        "name": values.name,
        "path": values.folder,
        "host": values.folder,
        "size": values.mebibytes,
        "read_only": _yes_or_no,
    }
    found = []
    for index, each in enumerate(values.items(where, value)):
        given = values.section(f"{where}[{index}]", each, tuple(checks), ("name", "path"))
        found.append(Volume(**{key: checks[key](f"{where}[{index}] -> {key}", part) for key, part in given.items()}))
    return tuple(found)


def _constraints(where: str, value: Any) -> Constraints:
    given = values.section(where, value, ("unique", "spread", "only"))
    only = values.table(f"{where} -> only", given.pop("only", {}))
    return Constraints(
        **{key: values.word(f"{where} -> {key}", each) for key, each in given.items()},
        only={values.word(f"{where} -> only", k): values.word(f"{where} -> only -> {k}", v) for k, v in only.items()},
    )


def _tls(where: str, value: Any) -> Tls:
    given = values.section(where, value, ("certificate", "key"), ("certificate", "key"))
    return Tls(**{key: values.folder(f"{where} -> {key}", each) for key, each in given.items()})


def _ports(where: str, value: Any) -> tuple[int, ...]:
    return tuple(_port(f"{where}[{index}]", each) for index, each in enumerate(values.items(where, value)))


def _yes_or_no(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        values.refuse(where, value, "write True or False")
    return value


_port = values.count(1, 65_535)
_READERS: Final[dict[str, Callable[[str, Any], Any]]] = {
    "name": values.name,
    "image": values.image,
    "made_by": _made_by,
    # below 1024 only root may listen, and the container runs as somebody else
    "port": values.count(1024, 65_535),
    "service_port": _port,
    "instances": _instances,
    "upgrade": _upgrade,
    "health": _health,
    "cpus": values.cpus,
    "memory": values.mebibytes,
    "workers": _workers,
    "environment": _environment,
    "secrets": _secrets,
    "database": values.variable,
    "volumes": _volumes,
    "constraints": _constraints,
    "load_s": values.count(1, 3_600),
    "stop_s": values.count(1, 3_600),
    "host": values.host,
    "path": values.prefix,
    "tls": _tls,
    "outgoing_ports": _ports,
    "marathon_version": values.release,
}
