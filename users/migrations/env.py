"""Alembic's entry: runs the revisions on the connection of users.migrations."""

from alembic import context

from users.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
