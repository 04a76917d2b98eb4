"""The database under the store: its tables, its URL, and errors that say what to do and keep secrets."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from triglot.artefact import Artefact
from triglot.errors import ConfigError, StoreError
from triglot.store import ModelStore, migrations, tables

Make = Callable[..., Artefact]
Open = Callable[..., ModelStore]


def test_the_migrations_make_the_tables_that_the_code_expects(store: ModelStore, sql: sa.Engine) -> None:
    store.upgrade()
    with sql.connect() as connection:
        options = {"version_table": migrations.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []
        keys = sa.inspect(connection).get_foreign_keys("triglot_chunks")
    assert [key["options"] for key in keys] == [{"ondelete": "CASCADE"}]


def test_the_head_that_is_checked_for_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]


def test_properties_tell_the_revision_and_no_password(store: ModelStore, artefact: Make, url: str) -> None:
    store.write("iris", artefact())
    properties = store.properties()
    assert properties["schema_revision"] == migrations.HEAD
    assert (properties["models"], properties["versions"]) == (1, 1)
    assert url.startswith(properties["dialect"])
    assert "secret-word" not in f"{properties} {store!r}"


def test_tables_from_the_future_are_left_alone(store: ModelStore, open_store: Open, sql: sa.Engine) -> None:
    store.upgrade()
    with sql.begin() as connection:
        connection.execute(sa.text("UPDATE triglot_schema SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"revision '9999'.*install the newest"):
        open_store().list()


def test_errors_of_the_database_hold_no_password(sql: sa.Engine, store: ModelStore, artefact: Make) -> None:
    store.upgrade()
    with sql.begin() as connection:
        connection.execute(sa.text("DROP TABLE triglot_chunks"))
    with pytest.raises(StoreError, match="triglot_chunks") as caught:
        store.write("iris", artefact(b"private bytes"))
    assert isinstance(caught.value.__cause__, sa.exc.SQLAlchemyError)
    for text in (str(caught.value), str(caught.value.__cause__)):
        assert "secret-word" not in text
        assert "private bytes" not in text
    assert store.list() == []


def test_a_server_that_is_away_is_a_store_error() -> None:
    store = ModelStore("postgresql://someone:secret-word@127.0.0.1:1/models?connect_timeout=5")
    with pytest.raises(StoreError, match=r"someone:\*\*\*@127.0.0.1:1/models.*check that the database runs") as caught:
        store.list()
    assert "secret-word" not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "in memory"),
        ("oracle://someone:secret-word@host/models", "use sqlite, postgresql or mariadb"),
        ("postgresql:someone:secret-word@host", "cannot be read"),
        ("postgresql+nosuch://someone:secret-word@host/models", "not known"),
    ],
)
def test_urls_that_cannot_be_a_store_are_refused(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        ModelStore(url)
    assert "secret-word" not in str(caught.value)


def test_chunks_have_at_least_one_byte() -> None:
    with pytest.raises(ConfigError, match="chunk_size is 0"):
        ModelStore(chunk_size=0)


def test_a_relative_file_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, artefact: Make) -> None:
    monkeypatch.chdir(tmp_path)
    store = ModelStore("sqlite:///store.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.write("iris", artefact())
    assert (tmp_path / "store.db").exists()


def test_a_file_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"folder .* cannot be made"):
        ModelStore(f"sqlite:///{tmp_path}/file/store.db").list()
    with pytest.raises(StoreError, match="check that the folder exists"):
        ModelStore(f"sqlite:///{tmp_path}").list()


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but somebody's notes\n" * 100)
    with pytest.raises(StoreError, match="not a database"):
        ModelStore(f"sqlite:///{file}").list()
    assert file.read_text().startswith("not a database, but")


def test_the_sqlite_file_lets_readers_go_on_beside_a_writer(tmp_path: Path, artefact: Make) -> None:
    store = ModelStore(f"sqlite:///{tmp_path}/store.db")
    store.write("iris", artefact())
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    try:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        other.execute("BEGIN IMMEDIATE")
        assert store.read("iris", 1).artefact == artefact()
    finally:
        other.close()
