"""Whether a key file is the one that a database was begun with.

With another file's index secret nobody would be found on the roll, and nothing would say why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from api.database.tables import vault_check
from api.errors import KeyFileError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from api.database.engine import Database
    from api.database.vault import Vault


def bind_vault(database: Database, vault: Vault) -> None:
    """Keep the database for one key file, or check that it is this one. Raises KeyFileError."""
    with database.begin() as connection:
        require_own_vault(connection, vault)


def require_own_vault(connection: Connection, vault: Vault) -> None:
    """Do what `bind_vault` does, inside a write transaction."""
    wanted = vault.index("vault_check", "tohyo")
    found = connection.execute(select(vault_check.c.index_check).with_for_update()).scalar_one_or_none()
    if found is None:
        connection.execute(insert(vault_check).values(only=1, index_check=wanted))
    elif found != wanted:
        raise KeyFileError(
            "The key file is not the one that this database was begun with.",
            hint="Use the key file that belongs to this database, or a copy of it.",
        )
