"""The registrar's tables, the empty log, and triggers that keep the log as it was written."""

from __future__ import annotations

from alembic import op

from api.database.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SHA-256 of "tohyo.registrar-log.v1.genesis": identity.registrar_log.GENESIS as it was
_GENESIS = "655cff23b962df9acd00091640f305e2b65b6591fe04fb659ad18b191b73e07c"

_SQLITE = """
CREATE TRIGGER log_entry_{name} BEFORE {event} ON log_entry
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END
"""
_POSTGRESQL_FUNCTION = """
CREATE FUNCTION refuse_log_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the log is append-only'; END $$
"""
_POSTGRESQL = """
CREATE TRIGGER log_entry_{name} BEFORE {event} ON log_entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change()
"""


def upgrade() -> None:
    """Make everything."""
    connection = op.get_bind()
    metadata.create_all(connection)
    op.bulk_insert(metadata.tables["log_head"], [{"only": 1, "sequence": 0, "hash": bytes.fromhex(_GENESIS)}])
    if connection.dialect.name == "sqlite":
        _add_triggers(_SQLITE, ("UPDATE", "DELETE"))
    else:
        op.execute(_POSTGRESQL_FUNCTION)
        _add_triggers(_POSTGRESQL, ("UPDATE", "DELETE", "TRUNCATE"))


def _add_triggers(template: str, events: tuple[str, ...]) -> None:
    for event in events:
        op.execute(template.format(name=event.lower(), event=event))
