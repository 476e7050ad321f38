"""Bringing the tables up to date: the same steps, in order, on SQLite and PostgreSQL, in one transaction."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from api.errors import DatabaseDamagedError, DatabaseTooNewError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from api.database.engine import Database

_SCRIPTS = Path(__file__).with_name("migrations")
_LOCK = 0x746F_6879_6F01  # "tohyo": two processes that open one database take turns


def migrate(database: Database) -> None:
    """Run the steps that the database has not had yet.

    Raises:
        DatabaseTooNewError: it had steps that this program does not know.
        DatabaseDamagedError: it holds tables of something else.

    """
    with database.read() as connection:
        if _is_current(connection, database.name):
            return
    with database.begin() as connection:
        if database.dialect == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        if not _is_current(connection, database.name):
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _is_current(connection: Connection, name: str) -> bool:
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None and inspect(connection).get_table_names():
        raise DatabaseDamagedError(
            f"{name} holds tables, but they are not a registrar's.",
            hint="Name a new file, or an empty database of PostgreSQL.",
        )
    if revision is not None and revision not in _known():
        raise DatabaseTooNewError(
            f"{name} was made by a newer version of tohyo (its tables are of revision {revision}).",
            hint="Use that version, or a newer one.",
        )
    return revision == _newest()


@cache
def _known() -> frozenset[str]:
    return frozenset(step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions())


@cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
