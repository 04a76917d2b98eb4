"""A process's log: its format, where it goes, who it says it is, and what a line is said to be about."""

import logging
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from triglot.errors import ConfigError
from triglot.logs import lines
from triglot.logs.levels import level_of, set_level
from triglot.logs.lines import FORMATS, JSON, NOTHING, TEXT, Line

FORMAT_VARIABLE = "TRIGLOT_LOG_FORMAT"
COMMANDS: Final = "%(levelname)s:%(name)s:%(message)s"
_UNSAID: Final[Mapping[str, Any]] = {"request_id": "", "model": "", "version": 0, "fields": NOTHING, "trace": ""}


class _Process:
    """Who this process says it is."""

    name = "triglot"


def about(request_id: str = "", model: str = "", version: int = 0, *, trace: str = "", **fields: Any) -> dict[str, Any]:
    """Return what tells `logging` what a line is about: `logger.info("...", extra=about(model="iris"))`.

    `trace` is text of several lines, `fields` are further values by their names.
    """
    return {"request_id": request_id, "model": model, "version": version, "fields": fields, "trace": trace}


class TextLines(logging.Formatter):
    """Writes lines as text; what `about` said is in brackets before the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, with its trace below."""
        said = _said(record)
        trace = _trace(self, record)
        time, message = self.formatTime(record), record.getMessage()
        return lines.as_text(time, record.levelname, _Process.name, message, *said, trace)


class JsonLines(logging.Formatter):
    """Writes each line as an object of JSON, with its time in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        request_id, model, version, fields = _said(record)
        line = Line(
            datetime.fromtimestamp(record.created, UTC),
            record.levelname,
            _Process.name,
            record.getMessage(),
            request_id,
            model,
            version,
            fields,
            _trace(self, record),
            record.name,
        )
        return lines.as_json(line)


class _Complete(logging.Filter):
    """Gives every record what `about` says of some, and `program`, so that a format can name them."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name, nothing in _UNSAID.items():
            record.__dict__.setdefault(name, nothing)
        record.__dict__.setdefault("program", _Process.name)
        record.exc_text = record.exc_text or record.__dict__["trace"] or None  # which any formatter adds
        return True


def start(program: str, environ: Mapping[str, str], stream: TextIO | None = None) -> None:
    """Have this process log as a program of a service: from which level on and how, its environment says.

    Handlers that are there already stay as they are, but for those of `start_command`. Raises `ConfigError` for a
    level or a format that there is none of; what is logged then is text.
    """
    _Process.name = program
    made = TextLines()
    logging.basicConfig(level=logging.INFO, handlers=[_handler(stream or sys.stderr, made)])
    for handler in logging.root.handlers:
        if isinstance(handler, _OfACommand):
            handler.setFormatter(made)
    restyle(format_of(environ))
    set_level(level_of(environ))


def start_command(environ: Mapping[str, str]) -> None:
    """Have this process log as a command: `LEVEL:logger:message`, or the objects of JSON that all others write."""
    handler = _OfACommand(sys.stderr)
    handler.setFormatter(logging.Formatter(COMMANDS))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    if format_of(environ) == JSON:
        handler.setFormatter(JsonLines())
    set_level(level_of(environ))


def restyle(form: str) -> None:
    """Have the handlers that write our lines write them in this format."""
    for handler in logging.root.handlers:
        if isinstance(handler.formatter, TextLines | JsonLines):
            handler.setFormatter(TextLines() if form == TEXT else JsonLines())


def complete(loggers: Iterable[str]) -> None:
    """Have the handlers of these loggers and of the root know what formats may name: `request_id`, `model`, ..."""
    for logger in (logging.root, *map(logging.getLogger, loggers)):
        for handler in logger.handlers:
            if not any(isinstance(each, _Complete) for each in handler.filters):
                handler.filters.insert(0, _Complete())


def format_of(environ: Mapping[str, str]) -> str:
    """Return how this process writes its lines: what TRIGLOT_LOG_FORMAT says, else as text."""
    said = (environ.get(FORMAT_VARIABLE) or TEXT).lower()
    if said not in FORMATS:
        raise ConfigError(f"{FORMAT_VARIABLE} is {said!r}; write one of {', '.join(FORMATS)}")
    return said


class _OfACommand(logging.StreamHandler[TextIO]):
    """The log of a command, which may turn out to be a program of a service."""


def _handler(stream: TextIO, formatter: logging.Formatter) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    return handler


def _said(record: logging.LogRecord) -> tuple[str, str, int, Mapping[str, Any]]:
    """Return what a record is about; of one that others have made what is missing or of another type is left out."""
    said = record.__dict__
    version, fields = said.get("version", 0), said.get("fields", NOTHING)
    return (
        str(said.get("request_id", "")),
        str(said.get("model", "")),
        version if isinstance(version, int) else 0,
        fields if isinstance(fields, Mapping) else NOTHING,
    )


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """Return what stands below a record's line: what its author wants there, and traces of Python's."""
    below = [str(record.__dict__.get("trace", ""))]
    if record.exc_info:
        below.append(formatter.formatException(record.exc_info))
    elif record.exc_text and record.exc_text not in below:
        below.append(record.exc_text)
    if record.stack_info:
        below.append(formatter.formatStack(record.stack_info))
    return "\n".join(filter(None, below))
