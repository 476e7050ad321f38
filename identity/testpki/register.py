"""What a test PKI issued and took back: one SQLite file that processes and threads share.

The responder answers from it, so a revocation counts the moment it is written. Whoever owns a card stands
here in the clear, as the roll did: made-up people belong in a test PKI.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from election.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUSY_SECONDS = 60.0
_TABLES = """
CREATE TABLE IF NOT EXISTS card (name TEXT PRIMARY KEY, generation TEXT NOT NULL, person TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS certificate (
    authority TEXT NOT NULL,
    serial TEXT NOT NULL,
    card TEXT NOT NULL,
    revoked_at INTEGER,
    reason TEXT,
    PRIMARY KEY (authority, serial)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS certificate_card ON certificate (card);
CREATE INDEX IF NOT EXISTS certificate_revoked ON certificate (authority) WHERE revoked_at IS NOT NULL;
"""


@dataclass(frozen=True)
class Revocation:
    """That a certificate was taken back."""

    serial: int
    revoked_at: int
    reason: str


@dataclass(frozen=True, repr=False)
class IssuedCard:
    """The newest card of a name: whose it is, and the generation of its keys."""

    generation: str
    person: Person


class Register:
    """The file; safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def create(self) -> None:
        """Make the tables."""
        with self._lock:
            self._connection.executescript(_TABLES)

    def add(self, name: str, generation: str, person: Person, certificates: list[tuple[str, int]]) -> None:
        """Record a card and its certificates (authority, serial number)."""
        document = json.dumps(person.to_json(), ensure_ascii=False)
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO card VALUES (?, ?, ?)", (name, generation, document))
            connection.executemany(
                "INSERT INTO certificate (authority, serial, card) VALUES (?, ?, ?)",
                [(authority, _text(serial), name) for authority, serial in certificates],
            )

    def card(self, name: str) -> IssuedCard | None:
        """Return who owns a card."""
        rows = self._read("SELECT generation, person FROM card WHERE name = ?", (name,))
        return IssuedCard(rows[0][0], Person.from_json(json.loads(rows[0][1]))) if rows else None

    def revoke(self, name: str, at: int, reason: str) -> int:
        """Take back the certificates of a card; return how many were not yet."""
        with self._writing() as connection:
            return connection.execute(
                "UPDATE certificate SET revoked_at = ?, reason = ? WHERE card = ? AND revoked_at IS NULL",
                (at, reason, name),
            ).rowcount

    def is_issued(self, authority: str, serial: int) -> bool:
        """Whether an authority issued a certificate of that number."""
        found = self._read(
            "SELECT 1 FROM certificate WHERE authority = ? AND serial = ?", (authority, _text(serial))
        )
        return bool(found)

    def revocation(self, authority: str, serial: int) -> Revocation | None:
        """Return when and why a certificate was taken back."""
        rows = self._read(
            "SELECT revoked_at, reason FROM certificate"
            " WHERE authority = ? AND serial = ? AND revoked_at IS NOT NULL",
            (authority, _text(serial)),
        )
        return Revocation(serial, *rows[0]) if rows else None

    def revocations(self, authority: str) -> list[Revocation]:
        """Return everything an authority took back."""
        rows = self._read(
            "SELECT serial, revoked_at, reason FROM certificate"
            " WHERE authority = ? AND revoked_at IS NOT NULL ORDER BY serial",
            (authority,),
        )
        return [Revocation(int(serial, 16), revoked_at, reason) for serial, revoked_at, reason in rows]

    def _read(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _text(serial: int) -> str:
    return f"{serial:x}"
