"""Databases that rows come from and answers go to; their URLs, which have passwords, are in no message and no file."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from triglot import database_words
from triglot.errors import BadRequest


@contextmanager
def connected(url: str, what: str) -> Iterator[Engine]:
    """Hold an engine of a database; what goes wrong is told without secrets."""
    try:
        engine = create_engine(url, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
        driver = f" ({error.name} is not installed)" if isinstance(error, ModuleNotFoundError) else ""
        raise BadRequest(
            f"{what}: the database's URL cannot be used{driver}; write it as sqlite:///FILE or "
            "postgresql+psycopg://USER:PASSWORD@HOST/NAME"
        ) from None
    try:
        yield engine
    except SQLAlchemyError as error:
        told = database_words.without_secrets(database_words.reason(error), engine.url)
        raise BadRequest(f"{what}: {database_words.shown(engine.url)}: {told}") from None
    finally:
        engine.dispose()


def shown(url: str) -> str:
    """Return a database's URL without its secrets."""
    parsed = database_words.parsed(url)
    return "the database" if parsed is None else database_words.shown(parsed)
