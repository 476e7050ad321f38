"""The registrar's tables, the empty log, and triggers that keep the log as it was written.

This is how the tables were at first: later changes are later steps, and `api.database.tables` is the sum.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

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

_STANDS = text("status NOT IN ('replaced', 'refused')")

_metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *args: Any, nullable: bool = False, **kwargs: Any) -> Column[str]:  # noqa: ANN401  as Column
    return Column(name, Text, *args, nullable=nullable, **kwargs)


def _time(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _blob(name: str, *, nullable: bool = False, **kwargs: Any) -> Column[bytes]:  # noqa: ANN401  as Column
    return Column(name, LargeBinary, nullable=nullable, **kwargs)


def _only_row() -> Column[int]:
    one = CheckConstraint('"only" = 1', name="one")
    return Column("only", Integer, one, primary_key=True, autoincrement=False)


Table(
    "election",
    _metadata,
    _only_row(),
    Column("chain_id", BigInteger, nullable=False),
    _text("contract"),
    _text("mode"),
)
Table(
    "vault_check",
    _metadata,
    _only_row(),
    _blob("index_check"),
)

Table(
    "roll_entry",
    _metadata,
    _text("pseudonym", primary_key=True),
    _blob("voter_id_index", unique=True),
    _blob("birth_index", index=True),
    _blob("sealed"),
    _text("status"),
    _time("changed_at"),
    _time("removed_at", nullable=True),
)

Table(
    "change_list",
    _metadata,
    _text("id", primary_key=True),
    _text("kind"),
    _text("state", index=True),
    _blob("sealed"),
    _blob("digest"),
    Column("size", BigInteger, nullable=False),
    _text("proposed_by"),
    _time("proposed_at"),
    _blob("proposal_signature"),
    _text("decided_by", nullable=True),
    _time("decided_at", nullable=True),
    _blob("decision_signature", nullable=True),
)
Table(
    "log_entry",
    _metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    _time("at"),
    _text("actor"),
    _text("action"),
    _text("subject", nullable=True),
    _text("details"),
    _blob("previous"),
    _blob("hash", unique=True),
)
Table(
    "log_head",
    _metadata,
    _only_row(),
    Column("sequence", BigInteger, nullable=False),
    _blob("hash"),
)

Table(
    "log_anchor",
    _metadata,
    Column("phase", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    _blob("head"),
    _text("transaction_hash"),
    _time("at"),
)

Table(
    "challenge_use",
    _metadata,
    _text("nonce", primary_key=True),
    _blob("request_digest"),
    _time("used_at"),
    _time("expires_at"),
    _text("registration_id", nullable=True),
    _text("refusal_id", nullable=True),
)

Table(
    "deposit_batch",
    _metadata,
    _text("id", primary_key=True),
    _text("state", index=True),
    _text("sender"),
    Column("nonce", BigInteger, nullable=False),
    _time("created_at"),
    Column("block_number", BigInteger, nullable=True),
    Index("uq_deposit_batch_nonce", "sender", "nonce", unique=True),
)

Table(
    "batch_transaction",
    _metadata,
    _text("hash", primary_key=True),
    _text("batch_id", ForeignKey("deposit_batch.id"), index=True),
    _blob("raw"),
    _time("created_at"),
)

Table(
    "registration",
    _metadata,
    _text("id", primary_key=True),
    _text("roll_entry", ForeignKey("roll_entry.pseudonym"), nullable=True, index=True),
    _text("kind"),
    _text("commitment"),
    _text("status", index=True),
    _time("issued_at"),
    _time("deposit_by"),
    _blob("receipt_signature"),
    _blob("review_signature", nullable=True),
    Column("permit_deadline", BigInteger, nullable=True),
    _blob("permit_signature", nullable=True),
    _blob("sealed"),
    _text("batch_id", ForeignKey("deposit_batch.id"), nullable=True, index=True),
    Column("leaf_index", BigInteger, nullable=True),
    Index(
        "uq_registration_roll_entry",
        "roll_entry",
        unique=True,
        sqlite_where=_STANDS,
        postgresql_where=_STANDS,
    ),
    Index(
        "uq_registration_commitment",
        "commitment",
        unique=True,
        sqlite_where=_STANDS,
        postgresql_where=_STANDS,
    ),
)

Table(
    "refusal",
    _metadata,
    _text("id", primary_key=True),
    _blob("request_digest"),
    _text("reason"),
    _time("refused_at"),
    _blob("signature"),
    _text("roll_entry", nullable=True),
    _blob("sealed", nullable=True),
    _time("contested_at", nullable=True),
    _text("outcome", nullable=True),
    _text("resolved_by", nullable=True),
    _time("resolved_at", nullable=True),
    _blob("resolution_signature", nullable=True),
)

Table(
    "review_decision",
    _metadata,
    _text("registration_id", ForeignKey("registration.id"), primary_key=True),
    _text("officer", primary_key=True),
    _text("decision"),
    _text("roll_entry", nullable=True),
    _time("decided_at"),
    _blob("signature"),
)

Table(
    "office_credential",
    _metadata,
    _text("id", primary_key=True),
    _text("roll_entry", ForeignKey("roll_entry.pseudonym"), index=True),
    _text("reason"),
    _blob("secret_hash", nullable=True),
    Column("wrong_secrets", Integer, nullable=False, server_default=text("0")),
    _text("issued_by"),
    _time("issued_at"),
    _blob("issue_signature"),
    _text("approved_by", nullable=True),
    _time("approved_at", nullable=True),
    _blob("approval_signature", nullable=True),
    _time("expires_at"),
    _text("registration_id", nullable=True),
)

Table(
    "token_use",
    _metadata,
    _text("id", primary_key=True),
    _time("expires_at"),
)

Table(
    "lease",
    _metadata,
    _text("name", primary_key=True),
    _text("holder"),
    _time("expires_at"),
)


def upgrade() -> None:
    """Make everything."""
    connection = op.get_bind()
    _metadata.create_all(connection)
    op.bulk_insert(
        _metadata.tables["log_head"], [{"only": 1, "sequence": 0, "hash": bytes.fromhex(_GENESIS)}]
    )
    if connection.dialect.name == "sqlite":
        _add_triggers(_SQLITE, ("UPDATE", "DELETE"))
    else:
        op.execute(_POSTGRESQL_FUNCTION)
        _add_triggers(_POSTGRESQL, ("UPDATE", "DELETE", "TRUNCATE"))


def _add_triggers(template: str, events: tuple[str, ...]) -> None:
    for event in events:
        op.execute(template.format(name=event.lower(), event=event))
