"""The roll in the database: who is on it, found by the office's number or the date of birth.

People are sealed; the numbers and dates are kept as keyed hashes. Changing the roll is the part of
`api.registry.change_lists`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from api.database.tables import VotingStatus, roll_entry
from api.errors import RollEntryUnknownError
from election.person import DateOfBirth, Person
from election.roll import voter_id_key
from identity.matching import Candidate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from api.database.vault import Vault


@dataclass(frozen=True, repr=False)
class RollRecord:
    """One person on the roll, as the registrar knows them. Holds personal data."""

    pseudonym: str
    voter_id: str
    person: Person
    status: VotingStatus


def candidates(connection: Connection, vault: Vault, date_of_birth: DateOfBirth) -> list[Candidate]:
    """Return everybody on the roll who may have been born that day.

    That is whoever has this date, and whoever has a date that agrees as far as both are known.
    """
    return [
        Candidate(record.pseudonym, record.person) for record in born_on(connection, vault, date_of_birth)
    ]


def born_on(connection: Connection, vault: Vault, date_of_birth: DateOfBirth) -> list[RollRecord]:
    """Return the records that `candidates` is about."""
    return _records(connection, vault, *_may_be_born(vault, date_of_birth))


def born_on_any(connection: Connection, vault: Vault, dates: Sequence[DateOfBirth]) -> list[RollRecord]:
    """Return everybody on the roll with exactly one of these dates of birth."""
    indexes = [birth_index(vault, date) for date in dates]
    return _records(connection, vault, roll_entry.c.birth_index.in_(indexes))


def find(connection: Connection, vault: Vault, voter_id: str) -> RollRecord | None:
    """Return the person with the office's number `voter_id`, unless there is none on the roll."""
    found = _records(connection, vault, roll_entry.c.voter_id_index == voter_id_index(vault, voter_id))
    return found[0] if found else None


def record(connection: Connection, vault: Vault, pseudonym: str) -> RollRecord:
    """Return the person with this pseudonym. Raises RollEntryUnknownError."""
    found = _records(connection, vault, roll_entry.c.pseudonym == pseudonym)
    if not found:
        raise RollEntryUnknownError(
            "Nobody on the roll has this pseudonym, or no longer.", hint="Look the person up on the roll."
        )
    return found[0]


def size(connection: Connection) -> int:
    """Return how many people are on the roll."""
    query = select(func.count()).select_from(roll_entry).where(roll_entry.c.removed_at.is_(None))
    return connection.execute(query).scalar_one()


def voter_id_index(vault: Vault, voter_id: str) -> bytes:
    """Return the keyed hash under which a number is kept; full width and half width are the same."""
    return vault.index("voter_id", voter_id_key(voter_id))


def birth_index(vault: Vault, date_of_birth: DateOfBirth) -> bytes:
    """Return the keyed hash under which a date of birth is kept."""
    return vault.index("date_of_birth", str(date_of_birth))


def seal_person(vault: Vault, pseudonym: str, voter_id: str, person: Person) -> bytes:
    """Return what `roll_entry.sealed` holds."""
    document = {"voter_id": voter_id, "person": person.to_json()}
    return vault.seal(_record_id(pseudonym), json.dumps(document, ensure_ascii=False).encode())


def open_person(vault: Vault, pseudonym: str, sealed: bytes) -> tuple[str, Person]:
    """Read what `seal_person` wrote: the office's number and the person. Raises VaultError."""
    document = json.loads(vault.open(_record_id(pseudonym), sealed))
    return document["voter_id"], Person.from_json(document["person"])


def _records(connection: Connection, vault: Vault, *where: ColumnElement[bool]) -> list[RollRecord]:
    query = select(roll_entry.c.pseudonym, roll_entry.c.sealed, roll_entry.c.status)
    rows = connection.execute(query.where(roll_entry.c.removed_at.is_(None), *where)).all()
    return [_opened(vault, row) for row in rows]


def _opened(vault: Vault, row: Row[*tuple[Any, ...]]) -> RollRecord:
    voter_id, person = open_person(vault, row.pseudonym, row.sealed)
    return RollRecord(row.pseudonym, voter_id, person, VotingStatus(row.status))


def _record_id(pseudonym: str) -> str:
    return f"roll_entry/{pseudonym}"


def _may_be_born(vault: Vault, day: DateOfBirth) -> list[ColumnElement[bool]]:
    if day.year is None:
        return []  # everybody; such cards are very few
    dates = {day, DateOfBirth(None, None, None), DateOfBirth(day.year, None, None)}
    if day.month is not None:
        dates.add(DateOfBirth(day.year, day.month, None))
    if not day.is_complete:
        dates |= {known for known in _year(day.year) if day.month in {None, known.month}}
    return [roll_entry.c.birth_index.in_([birth_index(vault, date) for date in dates])]


def _year(year: int) -> set[DateOfBirth]:
    months = {DateOfBirth(year, month, None) for month in range(1, 13)}
    first = date(year, 1, 1)
    days = (first + timedelta(days=number) for number in range(366))
    return months | {DateOfBirth(year, day.month, day.day) for day in days if day.year == year}
