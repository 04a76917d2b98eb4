"""The overview as JSON values: what `GET /overview` answers, and what the command and the page show of it."""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

Condition = Literal["well", "degraded", "unwell"]
State = Literal["ready", "running", "starting", "draining", "silent", "down"]


class Pace(TypedDict):
    """What became of requests: so many within so many seconds, so many failed, by the codes of their errors.

    The times are those of good answers, in milliseconds: their mean, and within which half of them and 95 of 100 came,
    about; None where there were none. `rows` and `calls` are those of the model for them.
    """

    seconds: float
    requests: int
    failed: int
    codes: Mapping[str, int]
    rows: int
    calls: int
    mean_ms: float | None
    p50_ms: float | None
    p95_ms: float | None


class Count(TypedDict):
    """What requests have come to since the service was started; `seconds` are those of the good answers together."""

    requests: int
    failed: int
    rows: int
    calls: int
    seconds: float


class Version(TypedDict):
    """A stored version of a model; `proved` is false where its fit refused to activate it."""

    version: int
    created: str
    language: str
    aliases: list[str]
    scores: Mapping[str, Any]
    size: int
    proved: bool
    lately: Pace
    since_start: Count


class NotLoadable(TypedDict):
    """Why the active version does not load, how often that was tried, and in how many seconds it is tried next."""

    version: int
    cause: str
    tries: int
    next_try_s: int


class Quarantined(TypedDict):
    """Why the version that stands for the answer is not asked, and in how many seconds a request may try it."""

    cause: str
    next_try_s: int


class ColumnDrift(TypedDict):
    """How far a column is from training: the index of its values, and shares of rows; None is what cannot be told."""

    name: str
    psi: float | None
    missing: float
    missing_in_training: float
    unseen: float | None
    drifts: bool


class Drift(TypedDict):
    """How far what the version that answers was asked within about the last `seconds` is from its training.

    `profile` is whether it keeps what training looked like, without which nothing can be compared. `rows` were looked
    at, of which `least` are needed; `columns`, those that drift most first, is empty where there are fewer.
    """

    profile: bool
    seconds: float
    rows: int
    least: int
    columns: list[ColumnDrift]


class Model(TypedDict):
    """A model that has versions: which is active, which answers, None where none does, and how that goes.

    `workers` is how many have the version that answers. `versions` are the newest first, and of many those that are new
    or in use; `stored` is how many there are. `drift` is there where it is looked for and a version answers.
    """

    name: str
    active: int | None
    answers: int | None
    language: str
    task: str
    pool: str
    workers: int
    stored: int
    versions: list[Version]
    lately: Pace
    not_loadable: NotRequired[NotLoadable]
    quarantined: NotRequired[Quarantined]
    drift: NotRequired[Drift]


class Family(TypedDict):
    """The models of one name's scopes together."""

    name: str
    language: str
    columns: list[str]
    scopes: int
    lately: Pace
    since_start: Count


class Crash(TypedDict):
    """How a process ended without being asked to, and when."""

    how: str
    at: str


class Process(TypedDict):
    """A supervised program, or a worker on another host, of which less is known.

    `program` is its name for supervisorctl, empty for one that nobody here supervises; `restarts` and `memory` (bytes)
    are None where they are not known. `trouble` says what is wrong with it.
    """

    name: str
    program: str
    language: str
    pool: str
    state: State
    memory: int | None
    restarts: int | None
    crashes: Mapping[str, int]
    crash: Crash | None
    trouble: str


class Job(TypedDict):
    """A job without what it was asked and what it said, which whoever may change something sees at `/jobs/ID`."""

    id: str
    func: str
    status: str
    created: str
    started: str | None
    finished: str | None
    progress: Mapping[str, Any] | None


class Jobs(TypedDict):
    """How many jobs are kept in each state, and the newest ones."""

    states: Mapping[str, int]
    newest: list[Job]


class Trouble(TypedDict):
    """What is wrong, or was at `at`: what it is about, and what to do about it.

    `kind` is a code of an error, the end of a process or a word of our own, `count` how often it was.
    """

    kind: str
    about: str
    what: str
    do: str
    now: bool
    count: int
    at: str | None


class Overview(TypedDict):
    """How a service is at `at`; `changeable` says whether it has routes by which somebody may change something."""

    at: str
    triglot_version: str
    condition: Condition
    changeable: bool
    lately: Pace
    since_start: Count
    models: list[Model]
    families: list[Family]
    workers: list[Process]
    programs: list[Process]
    jobs: Jobs
    store: Literal["ok", "away"]
    troubles: list[Trouble]
