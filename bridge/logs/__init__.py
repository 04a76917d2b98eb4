"""Triglot's log: how much is told, how its lines look, what goes on for long, and other names for our loggers.

`levels` says how much, `lines` what a line is and how it is read again, `handlers` sets a process's log up, `troubles`
tells of one thing once, `names` has another name for those whose scripts know that one.
"""

from triglot.logs.handlers import (
    FORMAT_VARIABLE,
    JsonLines,
    TextLines,
    about,
    complete,
    format_of,
    restyle,
    start,
    start_command,
)
from triglot.logs.levels import LEVEL_VARIABLE, LEVELS, keep_time_zone, level_of, set_level
from triglot.logs.lines import FORMATS, JSON, TEXT, writable
from triglot.logs.names import OURS, PALLADIUM, is_renamed, log_as, logging_as
from triglot.logs.troubles import Troubles

__all__ = [
    "FORMATS",
    "FORMAT_VARIABLE",
    "JSON",
    "LEVELS",
    "LEVEL_VARIABLE",
    "OURS",
    "PALLADIUM",
    "TEXT",
    "JsonLines",
    "TextLines",
    "Troubles",
    "about",
    "complete",
    "format_of",
    "is_renamed",
    "keep_time_zone",
    "level_of",
    "log_as",
    "logging_as",
    "restyle",
    "set_level",
    "start",
    "start_command",
    "writable",
]
