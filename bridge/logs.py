"""Triglot's log: how much is told; another name, for those whose scripts know that one; what it can hold."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from triglot.errors import ConfigError

LEVEL_VARIABLE = "TRIGLOT_LOG_LEVEL"
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
OURS = "triglot"
PALLADIUM = "palladium"


class _Renamed(logging.Handler):
    """Hands records on to the logger of the same place under another name, whose level and handlers decide."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def emit(self, record: logging.LogRecord) -> None:
        record.name = self._name + record.name.removeprefix(OURS)
        logger = logging.getLogger(record.name)
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)


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
    logging.getLogger("alembic").setLevel(max(level, logging.WARNING))  # it tells of every look at a database


def log_as(name: str) -> None:
    """Log under `name` from now on what would have been logged under our own."""
    ours = logging.getLogger(OURS)
    ours.handlers = [_Renamed(name)]
    ours.propagate = False
    ours.setLevel(logging.DEBUG)  # the other logger decides


def is_renamed() -> bool:
    """Whether this process logs under another name than ours at the moment."""
    return any(isinstance(handler, _Renamed) for handler in logging.getLogger(OURS).handlers)


@contextmanager
def logging_as(name: str) -> Iterator[None]:
    """Log under `name` within the block."""
    ours = logging.getLogger(OURS)
    before = ours.handlers, ours.propagate, ours.level
    log_as(name)
    try:
        yield
    finally:
        ours.handlers, ours.propagate, ours.level = before
        ours.setLevel(before[2])


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


def writable(text: str) -> str:
    """Return a text that every log can hold: what is not Unicode (a file's name, say) is escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
