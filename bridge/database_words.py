"""What messages may say of a database: its URL and its driver's own words, without passwords and without statements."""

from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

_SECRETS: Final = ("pass", "pwd", "secret", "token")  # of a URL's query, by what is in their names


def parsed(url: str) -> URL | None:
    """Return a database's URL, or None for a text that is none: what is said of that may hold the password."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        return None


def shown(url: URL) -> str:
    """Return a URL without its password, and without its query, where others may be."""
    return url.set(query={}).render_as_string(hide_password=True)


def reason(error: BaseException) -> str:
    """Return the driver's own words on one line, without the statement; of other errors theirs."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return " ".join(str(cause).split())


def without_secrets(text: str, url: URL) -> str:
    """Return a text in which no password of a URL stands."""
    named = [value for name, value in url.query.items() if any(word in name.lower() for word in _SECRETS)]
    for secret in filter(None, (url.password, *named)):
        text = text.replace(str(secret), "***")
    return text
