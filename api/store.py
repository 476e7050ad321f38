"""What the registrar remembers: one permit for each voter of one election, in one SQLite file.

The file says which voter has which commitment, so only its owner can read it. It holds no note, and
nothing in it can be connected with a ballot. A permit is on disk before it is given out.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from api.errors import StoreDamagedError, StoreOfAnotherElectionError
from election.permit import DepositPermit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS election (
    only INTEGER PRIMARY KEY CHECK (only = 1), chain_id TEXT NOT NULL, contract TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS permit (
    voter_id TEXT PRIMARY KEY, commitment TEXT NOT NULL UNIQUE, deadline TEXT NOT NULL, signature BLOB NOT
    NULL
) STRICT;
"""
_BUSY_SECONDS = 30.0


class PermitStore:
    """Permits given so far; numbers are decimal text because SQLite's integers end at 63 bits."""

    def __init__(self, path: Path, chain_id: int, contract: str) -> None:
        self._path = path
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        with self.transaction() as database:
            for statement in _SCHEMA.split(";"):
                database.execute(statement)
            election = (str(chain_id), contract)
            database.execute("INSERT OR IGNORE INTO election VALUES (1, ?, ?)", election)
            found = database.execute("SELECT chain_id, contract FROM election").fetchone()
        if tuple(found) != election:
            raise StoreOfAnotherElectionError(
                f"{path} holds the permits of contract {found[1]} on chain {found[0]}.",
                hint="Keep one store for each election.",
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open one transaction that no other process can come between; all of it is kept, or nothing."""
        try:
            with closing(
                sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            ) as database:
                database.execute("PRAGMA synchronous = FULL")
                database.execute("BEGIN IMMEDIATE")
                yield database
                database.execute("COMMIT")
        except sqlite3.DatabaseError as failure:
            raise StoreDamagedError(
                f"{self._path} cannot be used as a store of permits: {failure}",
                hint="Restore the last copy, or name another file if this is not the store.",
            ) from failure

    @staticmethod
    def find(database: sqlite3.Connection, voter_id: str) -> DepositPermit | None:
        """Return the voter's permit, if one was given."""
        row = database.execute(
            "SELECT commitment, deadline, signature FROM permit WHERE voter_id = ?", (voter_id,)
        ).fetchone()
        return DepositPermit(int(row[0]), int(row[1]), row[2]) if row else None

    @staticmethod
    def has_commitment(database: sqlite3.Connection, commitment: int) -> bool:
        """Whether any voter has a permit for this commitment."""
        row = database.execute("SELECT 1 FROM permit WHERE commitment = ?", (str(commitment),)).fetchone()
        return row is not None

    @staticmethod
    def keep(database: sqlite3.Connection, voter_id: str, permit: DepositPermit) -> None:
        """Remember a voter's permit; a renewed one for the same commitment takes the place of the old one."""
        database.execute(
            "INSERT INTO permit VALUES (?, ?, ?, ?)"
            " ON CONFLICT (voter_id)"
            " DO UPDATE SET deadline = excluded.deadline, signature = excluded.signature",
            (voter_id, str(permit.commitment), str(permit.deadline), permit.signature),
        )

    def count(self) -> int:
        """Return how many voters have a permit."""
        with self.transaction() as database:
            row: tuple[int] = database.execute("SELECT count(*) FROM permit").fetchone()
            return row[0]
