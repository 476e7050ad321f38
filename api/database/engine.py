"""The registrar's database: SQLite in one file, or PostgreSQL by URL, with the same tables.

Opening brings the tables up to date. What a write transaction changed is on disk when `begin` returns; an
exception inside undoes all of it. Errors never show a password or a statement's parameters.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from sqlalchemy import create_engine, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import DatabaseError as SqlDatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api.database.migrate import migrate
from api.database.tables import election
from api.errors import (
    DatabaseDamagedError,
    DatabaseError,
    DatabaseOfAnotherElectionError,
    DatabaseUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine

    from identity.credential import Mode

_BUSY_SECONDS = 30
_CONNECT_SECONDS = 10
_CONNECTIONS = 10
_BEGINS = "tohyo_begins"  # how a transaction of SQLite begins; None: there is none
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Database:
    """An open database. Transactions may be begun from any thread, but never one inside another."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**{_BEGINS: "BEGIN IMMEDIATE"})
        one_moment = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading = engine.execution_options(**({} if self.dialect == "sqlite" else one_moment))
        # Writers of one process queue here, in order: SQLite's own way of waiting is sleep and try again.
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else None

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def name(self) -> str:
        """The database as errors name it: without a password."""
        return _shown(self._engine.url)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a write transaction: kept whole when the block ends, undone when it raises.

        SQLite lets one writer in at a time, from the beginning on; on PostgreSQL lock the rows that decide.

        Raises:
            DatabaseUnavailableError: the database does not answer in time.
            DatabaseDamagedError: the file is damaged.
            sqlalchemy.exc.IntegrityError: a row breaks a constraint; nothing is changed.

        """
        with self._explained(), self._in_turn(), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction to read; it sees one moment and waits for nobody. Raises as `begin` does."""
        with self._explained(), self._reading.connect() as connection:
            yield connection

    def bind(self, chain_id: int, contract: str, mode: Mode) -> None:
        """Keep the database for one election, or check that it is this one.

        Raises:
            DatabaseOfAnotherElectionError: it belongs to another one, or to another mode.

        """
        wanted = {"chain_id": chain_id, "contract": contract, "mode": mode.value}
        with self.begin() as connection:
            found = connection.execute(select(*election.c[*wanted]).with_for_update()).one_or_none()
            if found is None:
                connection.execute(insert(election).values(only=1, **wanted))
            elif found._asdict() != wanted:
                raise DatabaseOfAnotherElectionError(
                    f"The database is for contract {found.contract} on chain {found.chain_id} in {found.mode}"
                    f" mode, not for {contract} on chain {chain_id} in {mode.value} mode.",
                    hint="Keep one database for each election.",
                )

    def erase_leftovers(self) -> None:
        """Overwrite what deleted and replaced rows left behind in the files."""
        sqlite = self.dialect == "sqlite"
        option = {_BEGINS: None} if sqlite else {"isolation_level": "AUTOCOMMIT"}
        steps = ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)") if sqlite else ("VACUUM FULL",)
        outside_transactions = self._engine.execution_options(**option)
        with self._explained(), self._in_turn(), outside_transactions.connect() as connection:
            for step in steps:
                connection.exec_driver_sql(step)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=_BUSY_SECONDS):
            raise DatabaseUnavailableError(f"{self.name} is busy.", hint="Try again.")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (SqlDatabaseError, InterfaceError) as failure:
            if not isinstance(failure, OperationalError | InterfaceError) and not _is_damage(failure):
                raise
            _explain(self._engine.url, failure)
        except PoolTimeoutError as failure:
            raise DatabaseUnavailableError(
                f"{self.name} has no connection free.", hint="Try again; perhaps the load is too high."
            ) from failure


def open_database(url: str) -> Database:
    """Open a database, made if it is an SQLite file that is not there, and bring its tables up to date.

    Raises:
        DatabaseUnavailableError: it cannot be reached, or the URL names none.
        DatabaseDamagedError: it is no registrar's database.
        DatabaseTooNewError: a newer version of the program made it.

    """
    parsed = _parse(url)
    engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    database = Database(engine)
    try:
        migrate(database)
    except DBAPIError as failure:
        database.close()
        _explain(parsed, failure)
    except DatabaseError:
        database.close()
        raise
    return database


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError):  # its text may hold a password
        parsed = None
    kinds = {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}
    if parsed is None or parsed.drivername not in kinds or _is_in_memory(parsed):
        raise DatabaseUnavailableError(
            "The database's URL names no database that tohyo can use.",
            hint="Write sqlite:///FILE or postgresql://USER@HOST/NAME.",
        ) from None
    return parsed


def _is_in_memory(url: URL) -> bool:
    return url.get_backend_name() == "sqlite" and (url.database or ":memory:") == ":memory:"


def _sqlite(url: URL) -> Engine:
    path = Path(url.database or "")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as failure:
        raise DatabaseUnavailableError(
            f"{path} cannot be opened: {failure.strerror}.", hint="Check the path and its permissions."
        ) from failure
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=_CONNECTIONS,
        max_overflow=-1,
        connect_args={"timeout": _BUSY_SECONDS},
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  the driver's own
    connection.isolation_level = None  # transactions begin below, not when the driver thinks fit
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {setting}").close()


def _begin_sqlite(connection: Connection) -> None:
    begins = connection.get_execution_options().get(_BEGINS, "BEGIN")
    if begins is not None:
        connection.exec_driver_sql(begins)


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_size=_CONNECTIONS,
        max_overflow=2 * _CONNECTIONS,
        pool_timeout=_BUSY_SECONDS,
        connect_args={"connect_timeout": _CONNECT_SECONDS},
    )
    event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _set_up_postgresql(connection: Any, _record: object) -> None:  # noqa: ANN401  the driver's own
    connection.execute(f"SET lock_timeout = '{_BUSY_SECONDS}s'")
    connection.execute("SET synchronous_commit = on")
    connection.commit()


def _is_damage(failure: DBAPIError) -> bool:
    code = getattr(failure.orig, "sqlite_errorcode", 0)
    return isinstance(code, int) and code & 0xFF in _DAMAGED


def _explain(url: URL, failure: DBAPIError) -> NoReturn:
    said = str(failure.orig).strip().partition("\n")[0]
    if url.password:
        said = said.replace(str(url.password), "…")
    if _is_damage(failure):
        raise DatabaseDamagedError(
            f"{_shown(url)} is no database of a registrar, or it is damaged: {said}",
            hint="Restore the last copy, or name another file if this is not the database.",
        ) from failure
    raise DatabaseUnavailableError(
        f"{_shown(url)} cannot be used: {said}",
        hint="Check that the database runs, its URL, and free space; then try again.",
    ) from failure


def _shown(url: URL) -> str:
    return url.set(query={}).render_as_string(hide_password=True)
