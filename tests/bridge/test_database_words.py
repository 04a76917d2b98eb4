"""What messages say of databases: no password, whichever way somebody has written it into a URL."""

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from triglot.database_words import parsed, reason, shown, without_secrets


def test_a_url_is_shown_without_its_password_and_without_its_query() -> None:
    url = parsed("postgresql+psycopg://me:geheim@host:1/flowers?sslpassword=geheim&sslmode=require")
    assert url is not None
    assert shown(url) == "postgresql+psycopg://me:***@host:1/flowers"
    assert without_secrets("geheim and require", url) == "*** and require"


@pytest.mark.parametrize("said", ["flowers", "postgresql://me:geheim@host:port/flowers", "postgresql:me:geheim@host"])
def test_what_is_no_url_is_none_and_says_nothing(said: str) -> None:
    assert parsed(said) is None


def test_a_driver_s_words_are_one_line_without_the_statement() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(SQLAlchemyError) as caught:
        connection.exec_driver_sql("SELECT 'a value'\nFROM flowers")
    engine.dispose()
    assert reason(caught.value) == "no such table: flowers"
    assert reason(ValueError("two\n lines")) == "two lines"
