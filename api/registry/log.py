"""The log in the database: entries are added at the end and never changed, which triggers enforce.

Whoever appends locks the end of the log until the transaction ends, so this comes last in a transaction:
locks are always taken in the order roll entry, registration, log.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update

from api.database.tables import log_entry, log_head
from identity.errors import RegistrarLogBrokenError
from identity.registrar_log import GENESIS, LogEntry, canonical_details, entry_hash, verify_chain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Row

# actors that are no officers: the service itself, and whoever works at its machine with the key file
SERVICE, OPERATOR = "service", "operator"
_PAGE = 1_000
# built once: every registration appends twice
_LAST = select(log_head).with_for_update()
_ADD = insert(log_entry)
_MOVE = update(log_head).values(sequence=bindparam("new_sequence"), hash=bindparam("new_hash"))


@dataclass(frozen=True)
class LogHead:
    """The end of the log: how many entries, and the last one's hash."""

    sequence: int
    hash: bytes


def append(
    connection: Connection,
    *,
    at: int,
    actor: str,
    action: str,
    subject: str | None = None,
    details: dict[str, Any] | None = None,
) -> int:
    """Add an entry and return its number; it stands when the transaction does.

    `subject` is a pseudonym or an id, `details` JSON values without personal data.
    """
    text = canonical_details(details or {})
    last = connection.execute(_LAST).one()
    entry = LogEntry(last.sequence + 1, at, actor, action, subject, details or {})
    digest = entry_hash(last.hash, entry)
    written = entry.to_json() | {"details": text, "previous": last.hash, "hash": digest}
    connection.execute(_ADD, written)
    connection.execute(_MOVE, {"new_sequence": entry.sequence, "new_hash": digest})
    return entry.sequence


def head(connection: Connection) -> LogHead:
    """Return the end of the log: what is anchored on chain."""
    last = connection.execute(select(log_head)).one()
    return LogHead(last.sequence, last.hash)


def read_log(connection: Connection, after: int = 0) -> Iterator[LogEntry]:
    """Yield the entries that follow number `after`, in order."""
    return map(_entry, _rows(connection, after))


def verify_log(connection: Connection) -> LogHead:
    """Follow the chain from its beginning and return its end; in one `Database.read`, which sees one moment.

    Raises:
        RegistrarLogBrokenError: an entry is missing, added or changed.

    """
    end = head(connection)
    count, reached = 0, GENESIS
    for row in _rows(connection, 0):
        previous, reached = reached, verify_chain([_entry(row)], count, reached)
        count += 1
        if (row.previous, row.hash) != (previous, reached):
            raise _broken(count)
    if LogHead(count, reached) != end:
        raise _broken(min(count, end.sequence))
    return end


def _rows(connection: Connection, after: int) -> Iterator[Row[*tuple[Any, ...]]]:
    while True:
        query = select(log_entry).where(log_entry.c.sequence > after).order_by(log_entry.c.sequence)
        page = connection.execute(query.limit(_PAGE)).all()
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].sequence


def _entry(row: Row[*tuple[Any, ...]]) -> LogEntry:
    return LogEntry(row.sequence, row.at, row.actor, row.action, row.subject, json.loads(row.details))


def _broken(sequence: int) -> RegistrarLogBrokenError:
    return RegistrarLogBrokenError(
        f"The registrar's log was changed: its chain breaks at entry {sequence}.",
        hint="Compare with an older copy of the database and with the heads on chain.",
    )
