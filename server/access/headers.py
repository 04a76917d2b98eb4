"""Headers that every answer has, so that no browser and no cache does with it what was not meant."""

from typing import Final

from werkzeug.datastructures import Headers

# An answer is true of one request and of one moment, and may be about a person.
ALWAYS: Final = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
_PAGE: Final = (
    ("Content-Security-Policy", "frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
)


def secure(headers: Headers, mimetype: str) -> None:
    """Add what is not said yet; what a view says itself stays."""
    for name, value in (*ALWAYS, *(_PAGE if mimetype == "text/html" else ())):
        headers.setdefault(name, value)
