"""Alembic's entry: it runs the migrations on the connection, and in the transaction, that it is handed."""

from alembic import context

from triglot.store.migrations import VERSION_TABLE
from triglot.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
