from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, delete, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from api.database.engine import Database, open_database
from api.database.tables import election, lease, log_entry, metadata, registration, token_use
from api.errors import (
    DatabaseDamagedError,
    DatabaseOfAnotherElectionError,
    DatabaseTooNewError,
    DatabaseUnavailableError,
)
from api.registry.log import append, head
from identity.credential import Mode
from identity.registrar_log import GENESIS

CONTRACT = "0x" + "ab" * 20
USE = {"id": "one", "expires_at": 5}


def uses(opened: Database) -> list[str]:
    with opened.read() as connection:
        return list(connection.execute(select(token_use.c.id)).scalars())


def test_what_a_write_transaction_changed_is_kept(database, database_url):
    with database.begin() as connection:
        connection.execute(insert(token_use).values(USE))
    database.close()
    again = open_database(database_url)
    assert uses(again) == ["one"]
    again.close()


def test_an_exception_undoes_the_whole_transaction(database):
    def fail_halfway():
        with database.begin() as connection:
            connection.execute(insert(token_use).values(USE))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert uses(database) == []


def test_the_migrated_tables_are_those_of_the_program(database):
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def shape_of(connection):
    """Everything that a database says about its tables, conditions of checks and indexes included."""
    looked_at = inspect(connection)
    readers = (
        looked_at.get_columns,
        looked_at.get_pk_constraint,
        looked_at.get_indexes,
        looked_at.get_unique_constraints,
        looked_at.get_check_constraints,
        looked_at.get_foreign_keys,
    )
    names = sorted(set(looked_at.get_table_names()) - {"alembic_version"})
    return {name: [sorted(map(_plain, _listed(read(name)))) for read in readers] for name in names}


def _plain(found):
    if isinstance(found, dict):
        return str({name: _plain(value) for name, value in found.items()})
    return str(found)


def _listed(found):
    return found if isinstance(found, list) else [found]


def test_the_migrated_tables_have_the_same_conditions_too(database, new_database_url):
    plain = create_engine(new_database_url(database.dialect).replace("postgresql:", "postgresql+psycopg:"))
    with plain.begin() as connection:
        metadata.create_all(connection)
        expected = shape_of(connection)
    plain.dispose()
    with database.read() as connection:
        assert shape_of(connection) == expected
    assert "replaced" in str(expected["registration"])  # the condition of a partial index


def test_a_new_database_has_an_empty_log(database):
    with database.read() as connection:
        assert (head(connection).sequence, head(connection).hash) == (0, GENESIS)


def test_opening_again_changes_nothing(database, database_url):
    with database.begin() as connection:
        append(connection, at=1, actor="service", action="begun")
    again = open_database(database_url)
    with again.read() as connection:
        assert head(connection).sequence == 1
    again.close()


def test_many_who_open_a_new_database_at_once_prepare_it_once(database_url):
    opened, failed = [], []

    def open_it():
        try:
            opened.append(open_database(database_url))
        except Exception as failure:  # noqa: BLE001  shown by the assertion
            failed.append(failure)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in opened:
        each.close()
    assert failed == []
    assert len(opened) == 8


def test_a_database_of_a_newer_program_is_refused(database, database_url):
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNewError, match="9999"):
        open_database(database_url)


def test_a_database_with_other_tables_is_refused_and_left_alone(new_database_url, database_url):
    opened = open_database(database_url)
    with opened.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        connection.execute(text("CREATE TABLE diary (page TEXT)"))
    opened.close()
    with pytest.raises(DatabaseDamagedError, match="not a registrar's"):
        open_database(database_url)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "notes.sqlite"
    path.write_bytes(b"not a database, " * 100)
    with pytest.raises(DatabaseDamagedError):
        open_database(f"sqlite:///{path}")
    assert path.read_bytes() == b"not a database, " * 100


def test_a_damaged_file_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "registrar.sqlite"
    open_database(f"sqlite:///{path}").close()
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = os.urandom(len(damaged) - 4096)
    path.write_bytes(damaged)
    with pytest.raises(DatabaseDamagedError) as caught:
        uses(open_database(f"sqlite:///{path}"))
    assert "Restore" in caught.value.hint


def test_a_folder_that_is_not_there_is_an_error_with_a_hint(tmp_path):
    with pytest.raises(DatabaseUnavailableError, match="No such file"):
        open_database(f"sqlite:///{tmp_path}/missing/registrar.sqlite")


@pytest.mark.parametrize(
    "url",
    [
        "registrar.sqlite",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://user:hunter2@host/name",
        "postgresql+asyncpg://user:hunter2@host/name",
        "postgresql://user:hunter2@host:port/name",
    ],
)
def test_a_url_of_no_usable_database_is_refused_without_its_password(url):
    with pytest.raises(DatabaseUnavailableError) as caught:
        open_database(url)
    assert "hunter2" not in str(caught.value)
    assert "postgresql://USER@HOST/NAME" in caught.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hunter2@127.0.0.1:1/name",
        "postgres://user:hunter2@127.0.0.1:1/name",
        "postgresql://user@127.0.0.1:1/name?password=hunter2",
        "postgresql://user:hunter2@127.0.0.1:1/name?nonsense=hunter2",
    ],
)
def test_a_server_that_does_not_answer_is_an_error_without_the_password(url):
    with pytest.raises(DatabaseUnavailableError) as caught:
        open_database(url)
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_a_refused_password_is_not_shown(postgresql_server):
    url = postgresql_server.create()
    wrong = url.replace("postgres:@", "nobody:hunter2@")
    assert wrong != url
    with pytest.raises(DatabaseUnavailableError) as caught:
        open_database(wrong)
    postgresql_server.drop(url)
    assert "hunter2" not in str(caught.value)


def test_a_server_that_goes_away_is_an_error_and_it_may_come_back(new_database_url):
    opened = open_database(new_database_url("postgresql"))
    end_own_connection = text("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(DatabaseUnavailableError), opened.read() as connection:
        connection.execute(end_own_connection)
    assert uses(opened) == []
    opened.close()


def test_a_file_of_sqlite_is_for_its_owner_only(tmp_path):
    path = tmp_path / "registrar.sqlite"
    path.touch(mode=0o644)
    opened = open_database(f"sqlite:///{path}")
    with opened.begin() as connection:
        connection.execute(insert(token_use).values(USE))
        modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    opened.close()
    assert modes == {0o600}


def test_sqlite_writes_ahead_waits_for_the_disk_and_checks_references(tmp_path):
    opened = open_database(f"sqlite:///{tmp_path}/registrar.sqlite")
    with opened.read() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    opened.close()
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 30_000,
    }


def test_a_registration_of_nobody_on_the_roll_breaks_a_reference(database):
    row = dict.fromkeys(("id", "roll_entry", "kind", "commitment", "status"), "x")
    row |= {"issued_at": 0, "deposit_by": 0, "receipt_signature": b"", "sealed": b""}
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(insert(registration).values(row))


def test_an_error_of_the_database_does_not_show_what_was_written(database):
    row = {"name": "hunter2", "holder": "hunter3", "expires_at": 0}
    with database.begin() as connection:
        connection.execute(insert(lease).values(row))
    with pytest.raises(IntegrityError) as caught, database.begin() as connection:
        connection.execute(insert(lease).values(row))
    assert "hunter3" not in str(caught.value)


def test_a_reader_sees_one_moment_and_waits_for_no_writer(database):
    with database.begin() as writing:
        writing.execute(insert(token_use).values(USE))
        with database.read() as reading:
            assert reading.execute(select(token_use.c.id)).all() == []


def test_sqlite_lets_one_writer_in_from_the_beginning_on(tmp_path):
    opened = open_database(f"sqlite:///{tmp_path}/registrar.sqlite")
    other = sqlite3.connect(tmp_path / "registrar.sqlite", timeout=0)
    with opened.begin(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()
    opened.close()


def test_a_database_belongs_to_the_election_that_it_was_begun_for(database):
    database.bind(1, CONTRACT, Mode.TEST)
    database.bind(1, CONTRACT, Mode.TEST)
    for other in (
        (2, CONTRACT, Mode.TEST),
        (1, CONTRACT[:-1] + "0", Mode.TEST),
        (1, CONTRACT, Mode.PRODUCTION),
    ):
        with pytest.raises(DatabaseOfAnotherElectionError, match=CONTRACT):
            database.bind(*other)
    with database.read() as connection:
        assert len(connection.execute(select(election)).all()) == 1


@pytest.mark.parametrize("change", [update(log_entry).values(actor="somebody"), delete(log_entry)])
def test_the_log_cannot_be_changed_behind_the_programs_back(database, change):
    with database.begin() as connection:
        append(connection, at=1, actor="service", action="begun")
    with pytest.raises(DBAPIError, match="append-only"), database.begin() as connection:
        connection.execute(change)


def test_the_log_cannot_be_emptied_at_once(new_database_url):
    opened = open_database(new_database_url("postgresql"))
    with pytest.raises(DBAPIError, match="append-only"), opened.begin() as connection:
        connection.execute(text("TRUNCATE log_entry"))
    opened.close()


def test_no_table_could_hold_a_ballot(database):
    with database.read() as connection:
        names = {
            column["name"]
            for table in inspect(connection).get_table_names()
            for column in inspect(connection).get_columns(table)
        }
    assert not {name for name in names if "nullifier" in name or "choice" in name or "note" in name}


def test_a_writer_that_is_killed_leaves_nothing_half_done(database, database_url):
    program = (
        "import sys, time\n"
        "from sqlalchemy import insert\n"
        "from api.database.engine import open_database\n"
        "from api.database.tables import token_use\n"
        "with open_database(sys.argv[1]).begin() as connection:\n"
        "    connection.execute(insert(token_use), [{'id': str(n), 'expires_at': 0} for n in range(5000)])\n"
        "    print('written', flush=True)\n"
        "    time.sleep(60)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", program, database_url], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert writer.stdout.readline() == b"written\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    with database.begin() as connection:
        connection.execute(insert(token_use).values(USE))
    assert uses(database) == ["one"]
