"""How Alembic reaches the database: through the connection that `api.database.migrate` hands over."""

from __future__ import annotations

from alembic import context

from api.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
