"""Applying a change of the roll inside one transaction, and refusing what does not fit the roll as it is.

Nobody may be on the roll twice: neither a number, nor a person under two numbers (the same name, date of
birth and address as they are compared with a card). Nobody leaves it who holds a ballot or a registration.
Whoever calls holds a lock that lets one change of the roll through at a time (`require_own_vault`).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import bindparam, func, insert, select, update

from api.database.tables import VotingStatus, roll_entry
from api.errors import ChangeListRefusedError
from api.registry.changes import ChangeKind
from api.registry.roll import birth_index, born_on_any, seal_person, voter_id_index
from election.roll import MAX_PROBLEMS, voter_id_key
from identity.matching import same_person_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Row

    from api.database.vault import Vault
    from api.registry.changes import Changes
    from election.roll import RollEntry

_CHUNK = 1_000
_T = TypeVar("_T")
_ADVICE = {
    ChangeKind.IMPORT: "Propose the corrected file again; later changes are `tohyo roll add` and the like.",
    ChangeKind.ADD: "Leave out who is on the roll already, or use `tohyo roll correct`.",
    ChangeKind.REMOVE: "A ballot must come back unused first; a registration on the internet stays.",
    ChangeKind.CORRECT: "Check the numbers; `tohyo roll add` puts people on the roll.",
}


def require_changes_fit(connection: Connection, vault: Vault, changes: Changes) -> None:
    """Lock the people that a list is about, and raise ChangeListRefusedError if it does not fit the roll."""
    problems = list(_problems(connection, vault, changes))
    if problems:
        lines = problems[:MAX_PROBLEMS]
        if len(problems) > MAX_PROBLEMS:
            lines.append(f"… and {len(problems) - MAX_PROBLEMS:,} more")
        text = lines[0] if len(lines) == 1 else "".join(f"\n  {line}" for line in lines)
        raise ChangeListRefusedError(
            f"The list does not fit the roll; nothing was changed: {text}", hint=_ADVICE[changes.kind]
        )


def apply_changes(
    connection: Connection,
    vault: Vault,
    changes: Changes,
    *,
    at: int,
    on_progress: Callable[[int, int], None],
) -> None:
    """Apply a list that fits."""
    done = 0
    for chunk in _chunks(changes.voter_ids):
        indexes = [voter_id_index(vault, voter_id) for voter_id in chunk]
        leaving = update(roll_entry).where(roll_entry.c.voter_id_index.in_(indexes))
        connection.execute(leaving.values(removed_at=at, changed_at=at))
        done += len(chunk)
        on_progress(done, len(changes))
    for people in _chunks(changes.entries):
        if changes.kind is ChangeKind.CORRECT:
            _rewrite(connection, vault, people, _rows(connection, vault, people), {})
        else:
            _put_on(connection, vault, people, at)
        done += len(people)
        on_progress(done, len(changes))


def _put_on(connection: Connection, vault: Vault, people: Sequence[RollEntry], at: int) -> None:
    """Add people; somebody who was removed before comes back under the same pseudonym."""
    known = _rows(connection, vault, people)
    back = [entry for entry in people if voter_id_index(vault, entry.voter_id) in known]
    new = [entry for entry in people if voter_id_index(vault, entry.voter_id) not in known]
    if back:
        _rewrite(connection, vault, back, known, {"removed_at": None, "changed_at": at})
    if new:
        connection.execute(insert(roll_entry), [_new_row(vault, entry, at) for entry in new])


def _new_row(vault: Vault, entry: RollEntry, at: int) -> dict[str, Any]:
    pseudonym = secrets.token_hex(16)
    return {
        "pseudonym": pseudonym,
        "voter_id_index": voter_id_index(vault, entry.voter_id),
        "birth_index": birth_index(vault, entry.person.date_of_birth),
        "sealed": seal_person(vault, pseudonym, entry.voter_id, entry.person),
        "status": VotingStatus.ELIGIBLE.value,
        "changed_at": at,
        "removed_at": None,
    }


def _rewrite(
    connection: Connection,
    vault: Vault,
    people: Sequence[RollEntry],
    rows: dict[bytes, Row[*tuple[Any, ...]]],
    also: dict[str, Any],
) -> None:
    """Seal people anew under the pseudonyms that they have."""
    statement = update(roll_entry).where(roll_entry.c.pseudonym == bindparam("who"))
    changes = []
    for entry in people:
        pseudonym = rows[voter_id_index(vault, entry.voter_id)].pseudonym
        sealed = seal_person(vault, pseudonym, entry.voter_id, entry.person)
        born = birth_index(vault, entry.person.date_of_birth)
        changes.append({"who": pseudonym, "sealed": sealed, "birth_index": born} | also)
    connection.execute(statement, changes)


def _problems(connection: Connection, vault: Vault, changes: Changes) -> Iterator[str]:
    if changes.kind is ChangeKind.IMPORT and _anybody(connection):
        yield "people were on the roll before, and a whole roll is imported once"
        return
    yield from _twice_in_list(changes.entries)
    if changes.kind is ChangeKind.REMOVE:
        yield from _cannot_leave(connection, vault, changes.voter_ids)
    if changes.kind in {ChangeKind.ADD, ChangeKind.CORRECT}:
        yield from _misnumbered(connection, vault, changes)
        yield from _same_as_others(connection, vault, changes.entries)


def _anybody(connection: Connection) -> bool:
    return connection.execute(select(func.count()).select_from(roll_entry)).scalar_one() > 0


def _twice_in_list(entries: Sequence[RollEntry]) -> Iterator[str]:
    first: dict[tuple[str, ...], str] = {}
    for number, entry in enumerate(entries, 1):
        where, who = _where(number, entry), same_person_key(entry.person)
        if who is not None and who in first:
            yield f"{where}: the same person as on {first[who]}"
        elif who is not None:
            first[who] = where


def _cannot_leave(connection: Connection, vault: Vault, voter_ids: Sequence[str]) -> Iterator[str]:
    number = 0
    for chunk in _chunks(voter_ids):
        rows = _rows_by_index(connection, [voter_id_index(vault, voter_id) for voter_id in chunk])
        for voter_id in chunk:
            number += 1
            row = rows.get(voter_id_index(vault, voter_id))
            if row is None or row.removed_at is not None:
                yield f"number {number} of the list: nobody on the roll has it"
            elif row.status != VotingStatus.ELIGIBLE.value:
                yield f"number {number} of the list: {row.pseudonym} has the status {row.status}"


def _misnumbered(connection: Connection, vault: Vault, changes: Changes) -> Iterator[str]:
    number = 0
    for people in _chunks(changes.entries):
        rows = _rows(connection, vault, people)
        for entry in people:
            number += 1
            row = rows.get(voter_id_index(vault, entry.voter_id))
            is_on_roll = row is not None and row.removed_at is None
            if is_on_roll and changes.kind is ChangeKind.ADD:
                yield f"{_where(number, entry)}: the voter_id is on the roll already"
            if not is_on_roll and changes.kind is ChangeKind.CORRECT:
                yield f"{_where(number, entry)}: nobody on the roll has this voter_id"


def _same_as_others(connection: Connection, vault: Vault, entries: Sequence[RollEntry]) -> Iterator[str]:
    """Compare with everybody on the roll whose entry the list does not replace."""
    own = {voter_id_key(entry.voter_id) for entry in entries}
    dates = {entry.person.date_of_birth for entry in entries}
    taken: dict[tuple[str, ...] | None, str] = {}
    for chunk in _chunks(sorted(dates, key=str)):
        for record in born_on_any(connection, vault, chunk):
            if voter_id_key(record.voter_id) not in own:
                taken[same_person_key(record.person)] = record.pseudonym
    for number, entry in enumerate(entries, 1):
        who = same_person_key(entry.person)
        if who is not None and who in taken:
            yield f"{_where(number, entry)}: the same person as {taken[who]}, who is on the roll already"


def _where(number: int, entry: RollEntry) -> str:
    return f"line {entry.line}" if entry.line else f"entry {number}"


def _rows(
    connection: Connection, vault: Vault, people: Iterable[RollEntry]
) -> dict[bytes, Row[*tuple[Any, ...]]]:
    return _rows_by_index(connection, [voter_id_index(vault, entry.voter_id) for entry in people])


def _rows_by_index(connection: Connection, indexes: list[bytes]) -> dict[bytes, Row[*tuple[Any, ...]]]:
    """Return and lock entries, always in the same order; those who were removed too."""
    table = roll_entry.c
    query = select(table.pseudonym, table.voter_id_index, table.status, table.removed_at)
    found = query.where(table.voter_id_index.in_(indexes)).order_by(table.pseudonym).with_for_update()
    return {row.voter_id_index: row for row in connection.execute(found)}


def _chunks(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
