"""Connections of steps to the databases that a configuration names, each open for one step."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from triglot.errors import BadRequest, ConfigError


@contextmanager
def connected(url: str, what: Literal["read", "written"]) -> Iterator[Any]:
    """Hold one transaction of a database, done when the block ends well and undone otherwise.

    Raises `ConfigError` for a URL that is none, and `BadRequest` with the database's own words, passwords left out.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    from triglot.database_words import reason, without_secrets

    source = shown(url)
    try:
        engine = create_engine(url, poolclass=NullPool)
    except (SQLAlchemyError, ImportError) as error:
        raise ConfigError(f"{source}: cannot be opened: {error}; correct url, or install the driver") from error
    try:
        with engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, OSError) as error:  # OSError: pandas' DatabaseError is one
        words = without_secrets(reason(error.__cause__ or error), engine.url)
        raise BadRequest(f"{source} cannot be {what}: {words}") from None
    finally:
        engine.dispose()


def shown(url: str) -> str:
    """Return what messages call a database; raises `ConfigError` for what is no URL, and may hold a password."""
    from triglot import database_words

    parsed = database_words.parsed(url)
    if parsed is None:
        raise ConfigError("the url is none; write dialect://user:password@host/name")
    return f"database {database_words.shown(parsed)!r}"
