"""The entry of Flask's own server, `app`, whose log has colours only where somebody sees them.

flask --app triglot.server.development run
"""

import logging
import os
import re
import sys
from typing import Any

from triglot.server import wsgi

_COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Colourless(logging.Filter):
    """Takes colours out of what is logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record, as plain text."""
        record.msg, record.args = _COLOUR.sub("", record.getMessage()), ()
        return True


def shows_colours() -> bool:
    """Return whether both of this process's outputs are terminals, and nobody wants them plain (NO_COLOR)."""
    return not os.environ.get("NO_COLOR") and sys.stdout.isatty() and sys.stderr.isatty()


if not shows_colours():
    logging.getLogger("werkzeug").addFilter(Colourless())


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return wsgi.app
