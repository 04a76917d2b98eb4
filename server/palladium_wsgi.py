"""`palladium.wsgi`, for whichever WSGI server Palladium's deployments have: `gunicorn palladium.wsgi:app`.

Palladium's models answered in the server's own processes; here they need workers, which are started beside it where
nobody else did: `triglot serve` and `pld-devserver` name the run directory of theirs.
"""

import os
from pathlib import Path
from typing import Any

from triglot.palladium.beside import start_workers
from triglot.project import Project
from triglot.server import wsgi

forget = wsgi.forget
_RUN_DIRECTORY = "TRIGLOT_RUN_DIR"


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    app = wsgi.app
    project = Project([], os.environ, Path.cwd())
    if not os.environ.get(_RUN_DIRECTORY) and not project.remote_workers:
        start_workers(project.run_dir, os.environ)
    return app
