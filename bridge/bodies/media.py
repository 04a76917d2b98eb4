"""Types of bodies and answers: what a request may send, and what an answer may be."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from triglot.errors import BadRequest

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
ARROW: Final = "application/vnd.apache.arrow.stream"
ARROW_FILE: Final = "application/vnd.apache.arrow.file"
PARQUET: Final = "application/vnd.apache.parquet"
BODIES: Final = (JSON, CSV, ARROW, ARROW_FILE, PARQUET, NDJSON)
IN_PIECES: Final = BODIES[1:]  # which need not be in memory whole
ORIENTS: Final = ("records", "columns", "split")
_CHARSETS = ("utf-8", "utf8", "us-ascii")


class UnsupportedMediaType(BadRequest):
    """The body is of a type that this route does not read."""

    code = "unsupported-media-type"


class Form(NamedTuple):
    """What an answer is: its type, and of JSON how a table is arranged; usually it is an object with a `result`."""

    kind: str = JSON
    orient: str = ""


USUAL: Final = Form()


def body_type(mimetype: str, parameters: Mapping[str, str], known: tuple[str, ...] = BODIES) -> str:
    """Return the type of a body; raises `UnsupportedMediaType` for one that is not among the known ones."""
    if mimetype not in known:
        said = repr(mimetype) if mimetype else "nothing"
        raise UnsupportedMediaType(f"send Content-Type: {' or '.join(known)}, not {said}")
    charset, orient = parameters.get("charset"), parameters.get("orient")
    if mimetype == CSV and charset and charset.lower() not in _CHARSETS:
        raise UnsupportedMediaType(f"CSV must be UTF-8, not {charset[:20]!r}")
    if mimetype == JSON and orient and orient not in ORIENTS:
        raise UnsupportedMediaType(f"orient is {orient[:20]!r}; it must be one of {', '.join(ORIENTS)}")
    return mimetype
