"""How much a process's log tells, and in which zone its times are."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from triglot.errors import ConfigError
from triglot.logs.names import OURS

LEVEL_VARIABLE = "TRIGLOT_LOG_LEVEL"
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# One tells of every look at a database, the other how it has found R.
_TALKATIVE: Final = ("alembic", "rpy2")


def level_of(environ: Mapping[str, str]) -> int:
    """Return from which level on this process tells: what TRIGLOT_LOG_LEVEL says, else INFO."""
    said = environ.get(LEVEL_VARIABLE) or "info"
    try:
        return LEVELS[said.lower()]
    except KeyError:
        raise ConfigError(f"{LEVEL_VARIABLE} is {said!r}; write one of {', '.join(LEVELS)}") from None


def set_level(level: int) -> None:
    """Tell from `level` on; of others than ourselves no more than INFO."""
    logging.getLogger().setLevel(max(level, logging.INFO))
    logging.getLogger(OURS).setLevel(level if level < logging.INFO else logging.NOTSET)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def keep_time_zone(environ: Mapping[str, str], of_the_system: Path = Path("/etc/localtime")) -> None:
    """Have the times of this process's log stay in today's zone, whatever an author's code does to TZ meanwhile."""
    name = environ.get("TZ")
    zone: tzinfo = UTC  # as C takes it where the system says nothing
    try:
        if name:
            zone = ZoneInfo(name.removeprefix(":"))
        elif name is None and of_the_system.exists():
            with of_the_system.open("rb") as file:
                zone = ZoneInfo.from_file(file)
    except (OSError, ValueError, KeyError):  # a rule of POSIX's, say, which only C understands
        return
    logging.Formatter.converter = staticmethod(lambda seconds: datetime.fromtimestamp(seconds, zone).timetuple())
