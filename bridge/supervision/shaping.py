"""What supervisord and its programs say, as lines of the one shape, whatever wrote them.

Our own programs write that shape themselves, and their lines pass as they are. What a web server, R, Julia, a C library
or an interpreter that does not start writes past them gets time, level and program here.
"""

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from supervisor import loggers

from triglot.logs.lines import BELOW, LEVEL_NAMES, Line
from triglot.supervision.kept_log import FILE
from triglot.supervision.status import SUPERVISOR

LONGEST_BYTES: Final = 65_536  # of a line; what is longer is parted

_LEVELS: Final = "|".join(LEVEL_NAMES).encode()
_OURS: Final = rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?:%b) [^\s:]+: |%b|\{\"time\": \"" % (
    _LEVELS,
    re.escape(BELOW.encode()),
)
_FOREIGN: Final = re.compile(rb"^(?!%b)" % _OURS, re.MULTILINE)
_LEVELLED: Final = re.compile(rf"\[({'|'.join(LEVEL_NAMES)})\] (.*)", re.DOTALL)  # as granian writes them
_BAD: Final = re.compile(r"(?i:Traceback \(|fatal|error\b|\*\*\* |signal \(|segmentation fault)|\w+Error:")
_DUBIOUS: Final = re.compile(r"(?i:warning\b)")
_SUPERVISORS: Final = {"CRIT": "CRITICAL", "ERRO": "ERROR", "WARN": "WARNING", "INFO": "INFO"}
# The socket is in a folder of mode 0700, and is of that mode itself.
_NO_NEWS: Final = re.compile(r"Server 'unix_http_server' running without any HTTP authentication checking")
# What supervisord warns of and an operator means: the end, also of a program that had not come up yet.
_MEANT: Final = re.compile(r"received SIG\w+ indicating (?:exit|restart) request|stopped: .+ \(terminated by SIGTERM\)")

FIRST: Final = "first_lines"  # of supervisord, which wait for their shape

Write = Callable[[bytes], None]


def shaped(form: str, program: str, level: str, message: str) -> bytes:
    """Return a line of this moment, with its end."""
    return Line(datetime.now(UTC), level, program, message).written(form).encode() + b"\n"


class Output:
    """The log of one channel of a program, where supervisord writes what has come, in pieces of any length."""

    def __init__(self, log: Any, program: str, form: str, keep: Write) -> None:
        self._log = log
        self._program = program
        self._form = form
        self._keep = keep
        self._rest = b""
        self._level = "INFO"
        self.handlers = log.handlers

    def info(self, data: bytes) -> None:
        """Pass on the lines that are whole now."""
        data = self._rest + data
        end = data.rfind(b"\n") + 1
        if len(data) - end > LONGEST_BYTES:
            data, end = data + b"\n", len(data) + 1
        whole, self._rest = data[:end], data[end:]
        if whole:
            self._write(whole if _FOREIGN.search(whole, 0, end - 1) is None else self._shaped(whole))

    def flush(self) -> None:
        """Pass on the rest: the program has ended."""
        if self._rest:
            self.info(b"\n")

    def close(self) -> None:
        """Close what this writes to."""
        self._log.close()

    def _write(self, lines: bytes) -> None:
        self._log.info(lines)
        self._keep(lines)

    def _shaped(self, whole: bytes) -> bytes:
        return b"".join(self._line(line) for line in whole.splitlines(keepends=True))

    def _line(self, line: bytes) -> bytes:
        if _FOREIGN.match(line) is None:
            return line
        text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
        if not text.strip():
            return b""
        said = _LEVELLED.fullmatch(text)
        if said is not None:
            return shaped(self._form, self._program, said[1], said[2])
        if not text[0].isspace():  # what is indented belongs to what came before
            self._level = "ERROR" if _BAD.match(text) else "WARNING" if _DUBIOUS.match(text) else "INFO"
        return shaped(self._form, self._program, self._level, text)


class OwnLines(loggers.Handler):  # type: ignore[misc]
    """What supervisord itself says."""

    def __init__(self, options: Any, form: str, keep: Write) -> None:
        super().__init__(sys.stdout.buffer)
        self._options = options
        self._form = form
        self._keep = keep

    def emit(self, record: Any) -> None:
        """Write a line, unless it is none."""
        said = record.asdict()
        message, level = said["message"], _SUPERVISORS.get(said["levelname"], "DEBUG")
        if _NO_NEWS.match(message):
            return
        if _MEANT.match(message):
            if self._options.loglevel > loggers.LevelsByName.INFO:
                return
            level = "INFO"
        line = shaped(self._form, SUPERVISOR, level, message)
        stream: Any = self.stream
        try:
            stream.write(line)
            self.flush()
        except OSError:
            self.handleError()
        self._keep(line)


class Kept(loggers.RotatingFileHandler):  # type: ignore[misc]
    """The copy in the run directory, which is begun anew where it becomes longer than it may be."""

    def __init__(self, run_dir: Path, most_bytes: int) -> None:
        super().__init__(str(run_dir / FILE), maxBytes=most_bytes, backupCount=1)
        self._over = False

    def keep(self, lines: bytes) -> None:
        """Add lines; where that cannot be, as on a full disk, nothing more is kept."""
        if self._over:
            return
        try:
            self.stream.write(lines)
            self.stream.flush()
            self.doRollover()
        except (OSError, ValueError) as error:
            self._over = True
            sys.stderr.write(f"{FILE} cannot be written, and is no longer kept: {error}\n")


class Shaping:
    """Gives one supervisord's log and those of its programs the one shape.

    form: "text" or "json". kept_bytes: how long the copy in the run directory may become; 0 for none.
    """

    def __init__(self, options: Any, run_dir: Path, form: str, kept_bytes: int) -> None:
        self._form = form
        self._keep: Write = Kept(run_dir, kept_bytes).keep if kept_bytes else _nowhere
        self._outputs: dict[int, list[Output]] = {}
        options.logger.handlers[:] = [OwnLines(options, form, self._keep)]
        for message in vars(options).pop(FIRST, ()):
            options.logger.info(message)

    def starting(self, process: Any) -> None:
        """Have the output of a process that is about to be started come here."""
        config = process.config
        if "make_dispatchers" not in vars(config):
            make = config.make_dispatchers
            config.make_dispatchers = lambda of: self._made(of, *make(of))

    def ended(self, process: Any) -> None:
        """Pass on what a process that has ended has left without a line's end."""
        for output in self._outputs.pop(id(process), ()):
            output.flush()

    def _made(self, process: Any, dispatchers: Any, pipes: Any) -> tuple[Any, Any]:
        outputs: list[Output] = []
        self._outputs[id(process)] = outputs
        for dispatcher in dispatchers.values():
            log = getattr(dispatcher, "normallog", None)
            if log is not None:
                output = Output(log, process.config.name, self._form, self._keep)
                dispatcher.normallog = dispatcher.childlog = output
                outputs.append(output)
        return dispatchers, pipes


def _nowhere(lines: bytes) -> None:
    """Keep nothing."""
