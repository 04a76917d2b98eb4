"""Types of bodies: what a request may send, what an answer may be, and which of them is asked for."""

from werkzeug.datastructures import MIMEAccept

from triglot.errors import BadRequest

JSON = "application/json"
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
BODIES = (JSON, CSV, ARROW)
_ALL = ", ".join(BODIES)


class UnsupportedMediaType(BadRequest):
    """The body is of a type that this route does not read."""

    code = "unsupported-media-type"


class NotAcceptable(BadRequest):
    """The answer cannot be of any type that the caller takes."""

    code = "not-acceptable"


def is_ordinary(accept: str | None) -> bool:
    """Whether this header lets the answer be JSON and does not name another type that it could be."""
    return accept is None or (("*/*" in accept or JSON in accept) and CSV not in accept and ARROW not in accept)


def wanted(accept: MIMEAccept) -> str:
    """Return the type that the answer shall be: JSON where nothing is said; raises `NotAcceptable`."""
    if not accept:
        return JSON
    best = accept.best_match(BODIES)
    if best is None:
        raise NotAcceptable(f"the answer may be {_ALL}, which Accept: {accept.to_header()[:100]!r} does not take")
    return best


def body_type(mimetype: str, charset: str | None, encoding: str | None, known: tuple[str, ...] = BODIES) -> str:
    """Return the type of a body; raises `UnsupportedMediaType` for one that is not among the known ones."""
    if mimetype not in known:
        said = repr(mimetype) if mimetype else "nothing"
        raise UnsupportedMediaType(f"send Content-Type: {' or '.join(known)}, not {said}")
    if encoding and encoding.lower() != "identity":
        raise UnsupportedMediaType(f"Content-Encoding {encoding[:20]!r} is not read here; send the body as it is")
    if mimetype == CSV and charset and charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType(f"CSV must be UTF-8, not {charset[:20]!r}")
    return mimetype
