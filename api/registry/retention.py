"""Erasing what an election no longer needs, once it is over and its result can no longer be contested.

| erased | kept |
|---|---|
| people on the roll, their numbers and dates of birth, hashed ones too | pseudonyms and voting status |
| evidence of registrations: certificates, signatures, challenges | commitment, receipt, leaf |
| people in refusals | reason, time, the signed refusal |
| lists of changes of the roll | digests and both officers' signatures |
| secrets of office-issued credentials | who issued and approved them |
| used challenges and officers' tokens | the log |

A record's key is sealed beside its data and goes with it, so nothing opens older copies of a page but the
master key and the page together; what the database's files still hold of it is overwritten at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary, cast, delete, func, select, update

from api.database.tables import (
    challenge_use,
    change_list,
    office_credential,
    refusal,
    registration,
    roll_entry,
    token_use,
)
from api.errors import RetentionTooEarlyError
from api.registry.log import append

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Table

    from api.database.engine import Database

SECONDS_PER_DAY = 86_400
_NOTHING = b""


@dataclass(frozen=True)
class Erased:
    """How many records of each kind were erased, or would be."""

    people: int
    evidence: int
    refused_people: int
    change_lists: int
    credential_secrets: int
    used_once: int


def require_contest_period_over(closed_at: int, days: int, now: int) -> None:
    """Raise RetentionTooEarlyError before voting closed, or `days` have passed since."""
    over = closed_at + days * SECONDS_PER_DAY
    if now < over:
        left = (over - now + SECONDS_PER_DAY - 1) // SECONDS_PER_DAY
        raise RetentionTooEarlyError(
            f"The election, or the time in which it can be contested, is not over: {left:,} more days.",
            hint="Nothing was erased. `--days` says how long after the close of voting it can be contested.",
        )


def count_erasable(connection: Connection) -> Erased:
    """Return what `erase` would erase."""
    return Erased(
        people=_count(connection, roll_entry, _holds(roll_entry, "sealed")),
        evidence=_count(connection, registration, _holds(registration, "sealed")),
        refused_people=_count(connection, refusal, _holds(refusal, "sealed")),
        change_lists=_count(connection, change_list, _holds(change_list, "sealed")),
        credential_secrets=_count(connection, office_credential, _holds(office_credential, "secret_hash")),
        used_once=_count(connection, challenge_use) + _count(connection, token_use),
    )


def erase(database: Database, *, actor: str, at: int) -> Erased:
    """Erase everything of the table above in one transaction, log how much, and overwrite what is left."""
    with database.begin() as connection:
        erased = count_erasable(connection)
        _erase_people(connection)
        for table, column in (
            (registration, "sealed"),
            (refusal, "sealed"),
            (change_list, "sealed"),
            (office_credential, "secret_hash"),
        ):
            connection.execute(update(table).where(_holds(table, column)).values({column: _NOTHING}))
        connection.execute(delete(challenge_use))
        connection.execute(delete(token_use))
        append(connection, at=at, actor=actor, action="personal_data_erased", details=erased.__dict__)
    database.erase_leftovers()
    return erased


def _erase_people(connection: Connection) -> None:
    """Blank the roll; a unique column gets the pseudonym, which says nothing new."""
    unique: ColumnElement[bytes] = func.convert_to(roll_entry.c.pseudonym, "UTF8")
    if connection.dialect.name == "sqlite":
        unique = cast(roll_entry.c.pseudonym, LargeBinary)
    blank = {"sealed": _NOTHING, "birth_index": _NOTHING, "voter_id_index": unique}
    connection.execute(update(roll_entry).where(_holds(roll_entry, "sealed")).values(blank))


def _holds(table: Table, column: str) -> ColumnElement[bool]:
    return func.length(table.c[column]) > 0


def _count(connection: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()
