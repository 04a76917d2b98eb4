"""Another name for our loggers, for those whose scripts and configurations know that one."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

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
