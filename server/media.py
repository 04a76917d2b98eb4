"""Which type of answer is asked for, as HTTP's Accept says it."""

from typing import NamedTuple

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_options_header

from triglot.bodies.media import BODIES, IN_PIECES, JSON, ORIENTS, USUAL, Form
from triglot.errors import BadRequest

_ALL = ", ".join(BODIES)


class NotAcceptable(BadRequest):
    """The answer cannot be of any type that the caller takes."""

    code = "not-acceptable"


def is_ordinary(accept: str | None) -> bool:
    """Whether this header lets the answer be the usual JSON, names no other type that it could be and has no `q`."""
    if accept is None:
        return True
    return ("*/*" in accept or JSON in accept) and ";" not in accept and not any(kind in accept for kind in IN_PIECES)


def wanted(accept: MIMEAccept) -> Form:
    """Return what the answer shall be: the usual JSON where nothing is said; raises `NotAcceptable`."""
    if not accept:
        return USUAL
    ranges = [_Range.said(each, quality) for each, quality in accept]
    likings = {kind: max(found) for kind in BODIES if (found := [each for each in ranges if each.holds(kind)])}
    best = max(likings, key=lambda kind: (likings[kind].quality, likings[kind].exactness), default="")
    if not best or not likings[best].quality:
        raise NotAcceptable(f"the answer may be {_ALL}, which Accept: {accept.to_header()[:100]!r} does not take")
    return Form(best, likings[best].orient if best == JSON else "")


class _Range(NamedTuple):
    """One of the ranges of Accept; the most exact one that holds a type counts, whatever the others say."""

    exactness: int
    quality: float
    mimetype: str
    orient: str

    @classmethod
    def said(cls, text: str, quality: float) -> "_Range":
        mimetype, parameters = parse_options_header(text)
        orient = parameters.get("orient", "")
        if orient and orient not in ORIENTS:
            raise NotAcceptable(f"orient is {orient[:20]!r}; it must be one of {', '.join(ORIENTS)}")
        return cls(2 - mimetype.count("*"), quality, mimetype.lower(), orient)

    def holds(self, kind: str) -> bool:
        return self.mimetype in (kind, f"{kind.partition('/')[0]}/*", "*/*")
