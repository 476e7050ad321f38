"""A new master key: every sealed record gets its key wrapped anew, in batches, while the rest goes on.

The file with both keys is written first, so whatever is killed when, every record opens; the next call goes
on where this one ended. The old key may be dropped once no record is under it and no service that still
knows only the old one runs.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select, update

from api.database.tables import lease, metadata
from api.database.vault import PREFIX, VARIABLE, Vault
from api.database.vault_check import bind_vault
from api.errors import KeyFileError, RotationRefusedError
from api.registry.log import OPERATOR, append

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection, Table

    from api.database.engine import Database

_BATCH = 500
SEALED = tuple(table for table in metadata.sorted_tables if "sealed" in table.c)


@dataclass(frozen=True)
class Rotation:
    """What was done: the current master key's id, how many records got it, which keys were dropped."""

    key_id: str
    rewrapped: int
    dropped: tuple[str, ...]


def rotate(
    database: Database,
    key_file: Path,
    *,
    at: int,
    retire: bool = False,
    environment: Mapping[str, str],
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Rotation:
    """Bring every record under the current master key, a new one unless a rotation was begun before.

    With `retire` the other keys are dropped from the file in the end.

    Raises:
        KeyFileError: the keys are in the environment, where they cannot be written.
        RotationRefusedError: another rotation runs, or a service that may still seal under an old key.
        VaultError: a record does not open with any key.

    """
    if environment.get(VARIABLE):
        raise KeyFileError(
            f"The master keys come from {VARIABLE}, which no command can change.",
            hint="Rotate with a key file, then set the variable to its text.",
        )
    with _alone(key_file):
        vault = Vault.load(key_file, environment)
        bind_vault(database, vault)
        if retire:
            require_no_service(database, at)
        if len(vault.keys) == 1 or (not retire and not remaining(database, vault)):
            vault = vault.with_new_key()
            vault.save(key_file)
        done = _rewrap_all(database, vault, on_progress)
        dropped = _retire(database, vault, key_file, at) if retire else ()
    with database.begin() as connection:
        details = {"key": vault.keys[0].id.hex(), "records": done, "dropped": list(dropped)}
        append(connection, at=at, actor=OPERATOR, action="master_key_rotated", details=details)
    return Rotation(vault.keys[0].id.hex(), done, dropped)


def remaining(database: Database, vault: Vault) -> int:
    """Return how many records are not under the current master key."""
    with database.read() as connection:
        return sum(_count(connection, table, vault) for table in SEALED)


def require_no_service(database: Database, at: int) -> None:
    """Raise RotationRefusedError while a service holds its lease."""
    with database.read() as connection:
        held = connection.execute(select(func.count()).where(lease.c.expires_at > at)).scalar_one()
    if held:
        raise RotationRefusedError(
            "A service is running on this database; it may still seal records under the old key.",
            hint="Stop the service, retire the old key, and start it again. Nothing was changed.",
        )


@contextmanager
def _alone(key_file: Path) -> Iterator[None]:
    """Let one rotation at a time write the key file: a second one would overwrite the first one's key."""
    folder = os.open(key_file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as failure:
        raise RotationRefusedError(
            "Another rotation is running.", hint="Wait for it; then try again."
        ) from failure
    finally:
        os.close(folder)


def _rewrap_all(database: Database, vault: Vault, on_progress: Callable[[int, int], None]) -> int:
    total, done = remaining(database, vault), 0
    for table in SEALED:
        key = table.primary_key.columns[0]
        last = ""
        while True:
            with database.begin() as connection:
                rows = connection.execute(
                    select(key, table.c.sealed)
                    .where(key > last, _is_behind(table, vault))
                    .order_by(key)
                    .limit(_BATCH)
                    .with_for_update()
                ).all()
                if not rows:
                    break
                statement = update(table).where(key == bindparam("which")).values(sealed=bindparam("blob"))
                changes = [{"which": row[0], "blob": vault.rewrap(row[1])} for row in rows]
                connection.execute(statement, changes)
            last, done = rows[-1][0], done + len(rows)
            on_progress(done, total)
    return done


def _retire(database: Database, vault: Vault, key_file: Path, at: int) -> tuple[str, ...]:
    require_no_service(database, at)
    if remaining(database, vault):
        raise RotationRefusedError(
            "Records were sealed under an old key meanwhile.", hint="Stop the service and try again."
        )
    database.erase_leftovers()  # keys of records wrapped under the old key may linger in free pages
    dropped = tuple(key.id.hex() for key in vault.keys[1:])
    vault.without_old_keys().save(key_file)
    return dropped


def _count(connection: Connection, table: Table, vault: Vault) -> int:
    query = select(func.count()).select_from(table).where(_is_behind(table, vault))
    return connection.execute(query).scalar_one()


def _is_behind(table: Table, vault: Vault) -> ColumnElement[bool]:
    """Whether a record is sealed under another master key; an erased one is not sealed at all."""
    begins = func.substr(table.c.sealed, 1, PREFIX, type_=table.c.sealed.type)
    return (begins != vault.prefix) & (func.length(table.c.sealed) > 0)
