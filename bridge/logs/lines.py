r"""One line of the log, as text or as JSON, and read again: the same for everything that a service writes.

As text: `2026-01-31 12:00:00,123 WARNING r-0: [a7 iris 3] message name=value`. In the brackets are the ids of the
requests, the model and its version, as far as a line is about any; `-` stands for ids that there are none of. What
belongs to the line and has lines of its own, such as a trace, stands below it, behind `    | `. As JSON everything is
one object on one line. Whoever's text it is, it begins no line and no bracket of its own: what would is escaped.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

TEXT, JSON = "text", "json"
FORMATS: Final = (TEXT, JSON)
BELOW: Final = "    | "
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

LEVEL_NAMES: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# What moves the cursor, ends a line somewhere, turns the direction of writing, or is no character at all.
_UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PLAIN: Final = re.compile(r"[^\s\[\]\"=]+")
_TIME: Final = "%Y-%m-%d %H:%M:%S"
_WORD: Final = r'(?:"(?:[^"\\]|\\.)*"|[^\s\[\]"]+)'
_LINE: Final = re.compile(
    rf"(?P<time>\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d),(?P<ms>\d{{3}}) (?P<level>{'|'.join(LEVEL_NAMES)}) "
    rf"(?P<program>[^\s:]+): (?:\[(?P<ids>{_WORD})(?: (?P<model>{_WORD}))?(?: (?P<version>\d+))?\] )?(?P<message>.*)"
)
_OF_A_LINE: Final = ("time", "level", "program", "logger", "request_id", "model", "version", "message", "trace")


class Line(NamedTuple):
    """What a line says; `fields` are further values by their names, which text has at the end of `message`."""

    time: datetime
    level: str
    program: str
    message: str
    request_id: str = ""
    model: str = ""
    version: int = 0
    fields: Mapping[str, Any] = NOTHING
    trace: str = ""
    logger: str = ""

    def text(self) -> str:
        """Return it for people, with its time in the zone of this process, without a line's end."""
        local = self.time.astimezone()
        head = f"{local:{_TIME}},{local.microsecond // 1000:03}"
        return as_text(head, *self[1:7], self.fields, self.trace)

    def json(self) -> str:
        """Return it for programs, without a line's end."""
        return as_json(self)

    def written(self, form: str) -> str:
        """Return it as one of `FORMATS`, without a line's end."""
        return self.json() if form == JSON else self.text()


def as_text(
    time: str,
    level: str,
    program: str,
    message: str,
    request_id: str = "",
    model: str = "",
    version: int = 0,
    fields: Mapping[str, Any] = NOTHING,
    trace: str = "",
) -> str:
    """Return a line as text, whose `time` is written already."""
    message = writable(message)
    if request_id or model:
        about = [word(request_id or "-"), *([word(model)] if model else []), *([str(version)] if version else [])]
        message = f"[{' '.join(about)}] {message}"
    elif message.startswith("["):
        message = "\\x5b" + message[1:]
    if fields:
        message += "".join(f" {name}={word(value)}" for name, value in fields.items())
    below = "".join(f"\n{BELOW}{writable(line)}" for line in trace.splitlines())
    return f"{time} {level} {program}: {message}{below}"


def as_json(line: Line) -> str:
    """Return a line as an object of JSON; what is not known is absent."""
    said: dict[str, Any] = {"time": line.time.isoformat(timespec="milliseconds"), "level": line.level}
    for name in ("program", "logger", "request_id", "model", "version", "message"):
        if value := getattr(line, name):
            said[name] = value
    said |= {name: value for name, value in line.fields.items() if name not in _OF_A_LINE}
    if line.trace:
        said["trace"] = line.trace
    return json.dumps(said, default=str)


def read(text: str) -> Line | None:
    """Return what a line says that was written in either way, with what stands below it; None for any other."""
    if text.startswith("{"):
        return _read_json(text)
    first, _, below = text.partition("\n")
    found = _LINE.fullmatch(first)
    if found is None:
        return None
    ids, model = (_unquoted(found[name] or "") for name in ("ids", "model"))
    try:
        time = datetime.strptime(found["time"], _TIME).replace(microsecond=1000 * int(found["ms"]))
    except ValueError:
        return None
    return Line(
        time.astimezone(),
        found["level"],
        found["program"],
        found["message"],
        "" if ids == "-" else ids,
        model,
        int(found["version"] or 0),
        trace="\n".join(line.removeprefix(BELOW) for line in below.splitlines()),
    )


def _read_json(text: str) -> Line | None:
    try:
        said = json.loads(text)
        return Line(
            datetime.fromisoformat(said["time"]),
            str(said["level"]),
            str(said.get("program", "")),
            str(said.get("message", "")),
            str(said.get("request_id", "")),
            str(said.get("model", "")),
            int(said.get("version", 0)),
            {name: value for name, value in said.items() if name not in _OF_A_LINE},
            str(said.get("trace", "")),
            str(said.get("logger", "")),
        )
    except (ValueError, KeyError, TypeError):
        return None


def writable(text: str) -> str:
    """Return a text that any log can hold on one line: what would end it or is not Unicode is escaped."""
    return _UNSAFE.sub(_escaped, text) if _UNSAFE.search(text) else text


def word(value: Any) -> str:
    """Return a value as one word of a line: as it is, or in quotes."""
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    return text if _PLAIN.fullmatch(text) and text.isprintable() else json.dumps(text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _unquoted(text: str) -> str:
    return str(json.loads(text)) if text.startswith('"') else text
