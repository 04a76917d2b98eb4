"""What the views of an application share, kept with the application itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import current_app

from triglot.access.access import Access
from triglot.bodies.limits import BULK_ROWS, MAX_BODY_BYTES, MAX_BULK_BYTES, BodyLimits
from triglot.overview.making import Lookout
from triglot.pipelines.declared import Declared
from triglot.server.arrivals import Patience
from triglot.serving.service import TIMEOUT_S, Service
from triglot.store.jobs import JobStore
from triglot.store.recent_jobs import RecentJobs

if TYPE_CHECKING:
    from triglot.server.predict import PredictService
    from triglot.server.rules import Rule

View = Callable[..., Any]
Decorator = Callable[[View], View]

THREADS = 16


@dataclass(frozen=True, slots=True)
class Options:
    """How the application behaves; all of it has a sound default.

    models: the names that a fit may be asked for; None where they are not known. pipelines: what may be run, by name.
    runner: whether one was started that carries out jobs. page: whether browsers get a page at `/`.
    """

    services: Sequence["PredictService"] = ()
    rules: Sequence["Rule"] = ()
    decorators: Mapping[str, Sequence[Decorator]] = field(default_factory=dict)
    service_metadata: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    timeout_s: float = TIMEOUT_S
    max_body_bytes: int = MAX_BODY_BYTES
    max_bulk_bytes: int = MAX_BULK_BYTES
    max_bulk_rows: int = BULK_ROWS
    admin_token: str = ""
    access: Access | None = None
    mlflow_model: str = ""
    debug: bool = False
    examples: bool = True
    page: bool = True
    threads: int = THREADS
    patience: Patience = field(default_factory=Patience)
    models: tuple[str, ...] | None = None
    pipelines: Mapping[str, Declared] = field(default_factory=dict)
    runner: bool = True

    @property
    def limits(self) -> BodyLimits:
        """How much one request may hold."""
        return BodyLimits(self.max_body_bytes, self.max_bulk_bytes, self.max_bulk_rows)

    @property
    def may_change(self) -> bool:
        """Whether somebody may change something, so that there are routes for it."""
        return bool(self.admin_token) or self.access is not None


@dataclass(frozen=True, slots=True)
class Context:
    """The service, the options, what looks at it for people, and the jobs of one application."""

    service: Service
    options: Options
    lookout: Lookout
    jobs: JobStore | None = None
    recent: RecentJobs | None = None


def here() -> Context:
    """Return the context of the application that is answering."""
    context: Context = current_app.extensions["triglot"]
    return context
