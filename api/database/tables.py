"""The registrar's tables, for SQLite and PostgreSQL alike.

Personal data and evidence stand only in columns called `sealed`, encrypted by the vault under a key of the
record's own. `roll_entry.pseudonym` is random and stands for a person everywhere else. Field elements are
decimal text, since no database has 254-bit integers; times are seconds since 1970.

Nothing here could hold a note, a nullifier hash, a ballot or a choice.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

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


class VotingStatus(StrEnum):
    """What a person on the roll did so far, whichever the channel."""

    ELIGIBLE = "eligible"
    INTERNET_REGISTERED = "internet_registered"
    PAPER_BALLOT_ISSUED = "paper_ballot_issued"
    POSTAL_BALLOT_ISSUED = "postal_ballot_issued"
    VOTED_IN_PERSON = "voted_in_person"


class RegistrationStatus(StrEnum):
    """How far a registration has come."""

    IN_REVIEW = "in_review"  # the office decides whose it is
    QUEUED = "queued"  # waits for the next batch
    SUBMITTED = "submitted"  # in a signed transaction that may be included at any time
    PERMITTED = "permitted"  # the voter holds a permit that may be used until its deadline
    DEPOSITED = "deposited"  # a leaf of the tree
    REPLACED = "replaced"  # the voter brought another commitment in time
    REFUSED = "refused"  # the office's decision
    MISSED = "missed"  # registration closed before it came into the tree; it never will


ENDED = (RegistrationStatus.REPLACED, RegistrationStatus.REFUSED)
_STANDS = text("status NOT IN ('replaced', 'refused')")


class BatchState(StrEnum):
    """How far a transaction with deposits has come."""

    PREPARED = "prepared"  # signed and kept; perhaps sent
    INCLUDED = "included"  # in a block that may still be undone
    FINAL = "final"
    FAILED = "failed"  # can never be included again; its registrations are queued again


metadata = MetaData(
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


# Which election the database is for; another one is refused.
election = Table(
    "election",
    metadata,
    _only_row(),
    Column("chain_id", BigInteger, nullable=False),
    _text("contract"),
    _text("mode"),
)

# Tells whether a key file is the one whose index secret the keyed hashes below were made with.
vault_check = Table(
    "vault_check",
    metadata,
    _only_row(),
    _blob("index_check"),
)

roll_entry = Table(
    "roll_entry",
    metadata,
    _text("pseudonym", primary_key=True),  # 16 random bytes, hexadecimal
    _blob("voter_id_index", unique=True),  # keyed hash of the office's own number for the person
    _blob("birth_index", index=True),  # keyed hash of the date of birth: whom a card may belong to
    _blob("sealed"),  # voter_id and Person
    _text("status"),  # VotingStatus
    _time("changed_at"),
    _time("removed_at", nullable=True),
)

change_list = Table(
    "change_list",
    metadata,
    _text("id", primary_key=True),
    _text("kind"),  # import, add, remove, correct
    _text("state", index=True),  # pending, applied, rejected
    _blob("sealed"),  # the document that both officers signed
    _blob("digest"),  # its SHA-256
    Column("size", BigInteger, nullable=False),  # how many people it is about
    _text("proposed_by"),
    _time("proposed_at"),
    _blob("proposal_signature"),
    _text("decided_by", nullable=True),
    _time("decided_at", nullable=True),
    _blob("decision_signature", nullable=True),
)

# Append-only: triggers refuse changes. `details` is canonical JSON without personal data.
log_entry = Table(
    "log_entry",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),  # from 1, without gaps
    _time("at"),
    _text("actor"),  # an officer's id, `service` or `operator`
    _text("action"),
    _text("subject", nullable=True),  # pseudonym or id of what it is about
    _text("details"),
    _blob("previous"),
    _blob("hash", unique=True),
)

# One row: the end of the log. Whoever appends locks it first.
log_head = Table(
    "log_head",
    metadata,
    _only_row(),
    Column("sequence", BigInteger, nullable=False),
    _blob("hash"),
)

log_anchor = Table(
    "log_anchor",
    metadata,
    Column("phase", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    _blob("head"),
    _text("transaction_hash"),
    _time("at"),
)

challenge_use = Table(
    "challenge_use",
    metadata,
    _text("nonce", primary_key=True),
    _blob("request_digest"),
    _time("used_at"),
    _time("expires_at"),
    _text("registration_id", nullable=True),
    _text("refusal_id", nullable=True),
)

deposit_batch = Table(
    "deposit_batch",
    metadata,
    _text("id", primary_key=True),
    _text("state", index=True),
    _text("sender"),
    Column("nonce", BigInteger, nullable=False),
    _time("created_at"),
    Column("block_number", BigInteger, nullable=True),
    Index("uq_deposit_batch_nonce", "sender", "nonce", unique=True),
)

batch_transaction = Table(
    "batch_transaction",
    metadata,
    _text("hash", primary_key=True),
    _text("batch_id", ForeignKey("deposit_batch.id"), index=True),
    _blob("raw"),
    _time("created_at"),
)

registration = Table(
    "registration",
    metadata,
    _text("id", primary_key=True),  # 16 random bytes, hexadecimal
    _text("roll_entry", ForeignKey("roll_entry.pseudonym"), nullable=True, index=True),  # None in review
    _text("kind"),  # CredentialKind
    _text("commitment"),
    _text("status", index=True),
    _time("issued_at"),
    _time("deposit_by"),  # 0 if the receipt promises no deposit
    _blob("receipt_signature"),
    _blob("review_signature", nullable=True),  # the first receipt's, if there was a review; it authorises too
    Column("permit_deadline", BigInteger, nullable=True),
    _blob("permit_signature", nullable=True),
    _blob("sealed"),  # evidence: challenge, credential, and in review the Person
    _text("batch_id", ForeignKey("deposit_batch.id"), nullable=True, index=True),
    Column("leaf_index", BigInteger, nullable=True),
    # one at a time for a person, and a commitment once, whatever happens at the same moment
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

refusal = Table(
    "refusal",
    metadata,
    _text("id", primary_key=True),
    _blob("request_digest"),
    _text("reason"),  # the error's code
    _time("refused_at"),
    _blob("signature"),
    _text("roll_entry", nullable=True),
    _blob("sealed", nullable=True),  # the Person, if one was established
    _time("contested_at", nullable=True),
    _text("outcome", nullable=True),  # upheld, withdrawn
    _text("resolved_by", nullable=True),
    _time("resolved_at", nullable=True),
    _blob("resolution_signature", nullable=True),
)

review_decision = Table(
    "review_decision",
    metadata,
    _text("registration_id", ForeignKey("registration.id"), primary_key=True),
    _text("officer", primary_key=True),
    _text("decision"),  # accept, refuse
    _text("roll_entry", nullable=True),
    _time("decided_at"),
    _blob("signature"),
)

office_credential = Table(
    "office_credential",
    metadata,
    _text("id", primary_key=True),
    _text("roll_entry", ForeignKey("roll_entry.pseudonym"), index=True),
    _text("reason"),  # a code
    _blob("secret_hash", nullable=True),  # there is a secret once a second officer approved
    Column("wrong_secrets", Integer, nullable=False, server_default=text("0")),
    _text("issued_by"),
    _time("issued_at"),
    _blob("issue_signature"),
    _text("approved_by", nullable=True),
    _time("approved_at", nullable=True),
    _blob("approval_signature", nullable=True),
    _time("expires_at"),
    _text("registration_id", nullable=True),  # set once it was used
)

token_use = Table(
    "token_use",
    metadata,
    _text("id", primary_key=True),  # an officer's token serves once
    _time("expires_at"),
)

lease = Table(
    "lease",
    metadata,
    _text("name", primary_key=True),
    _text("holder"),
    _time("expires_at"),
)
