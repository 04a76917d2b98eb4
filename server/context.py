"""What the views of an application share, kept with the application itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import current_app

from triglot.server.limits import BULK_ROWS
from triglot.serving.service import MAX_BODY_BYTES, MAX_BULK_BYTES, TIMEOUT_S, Service
from triglot.store.jobs import JobStore, RecentJobs

if TYPE_CHECKING:
    from triglot.server.predict import PredictService
    from triglot.server.rules import Rule

View = Callable[..., Any]
Decorator = Callable[[View], View]

THREADS = 16


@dataclass(frozen=True, slots=True)
class Options:
    """How the application behaves; all of it has a sound default."""

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
    debug: bool = False
    threads: int = THREADS


@dataclass(frozen=True, slots=True)
class Context:
    """The service, the options and the jobs of one application."""

    service: Service
    options: Options
    jobs: JobStore | None = None
    recent: RecentJobs | None = None


def here() -> Context:
    """Return the context of the application that is answering."""
    context: Context = current_app.extensions["triglot"]
    return context
