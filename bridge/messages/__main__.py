"""`python -m triglot.messages`: one process that answers the requests of the configured brokers, until SIGTERM."""

import gc
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from triglot import assembly
from triglot.bodies.limits import BodyLimits
from triglot.errors import TriglotError
from triglot.logs import start
from triglot.messages.post import Books, Post
from triglot.messages.telling import Terms
from triglot.project import Project
from triglot.this_process import end_with_supervisor

logger = logging.getLogger("triglot.messages")

_LIMITS = {"max_body_bytes": "body_bytes", "max_bulk_bytes": "bulk_bytes", "max_bulk_rows": "bulk_rows"}


def main() -> int:
    """Answer until SIGTERM; return the exit code."""
    end_with_supervisor(os.environ)
    try:
        start("messages", os.environ)
        project = Project([], os.environ, Path.cwd())
        project.configure_logging()
        _serve(project)
    except TriglotError as error:
        logger.error("%s", error)
        return 1
    return 0


def _serve(project: Project) -> None:
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    service = assembly.service(project, assembly.hooks(project))
    try:
        service.models()  # the first look may take long
        books = Books(service, terms_of(project), project.pipelines, project.jobs, project.letters)
        posts = [Post(broker, books) for broker in project.brokers]
        for post in posts:
            post.start()
        gc.collect()
        gc.freeze()  # what is there now stays, and need not be looked at again and again
        over.wait()
        for post in posts:
            post.stop()
        for post in posts:
            post.join()
    finally:
        service.close()


def terms_of(project: Project) -> Terms:
    """Return what the configuration says of every answer."""
    server = project.server()
    limits = BodyLimits(**{field: server[key] for key, field in _LIMITS.items() if key in server})
    said = {key: server[key] for key in ("timeout_s", "debug") if key in server}
    return Terms(**said, limits=limits, service_metadata=project.service_metadata)


if __name__ == "__main__":
    sys.exit(main())
