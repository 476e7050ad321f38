from __future__ import annotations

import threading

import pytest

from api.database.engine import open_database
from api.registry.log import append, head, read_log, verify_log
from identity.errors import RegistrarLogBrokenError
from identity.registrar_log import verify_chain

TRIGGERS_OFF = {
    "sqlite": ("DROP TRIGGER log_entry_update", "DROP TRIGGER log_entry_delete"),
    "postgresql": ("ALTER TABLE log_entry DISABLE TRIGGER USER",),
}


def write(database, count, actor="service"):
    for number in range(count):
        with database.begin() as connection:
            append(connection, at=number, actor=actor, action="counted", details={"number": number})


def tamper(database, statement):
    """Do what somebody with the rights of the database's owner could."""
    with database.begin() as connection:
        for off in TRIGGERS_OFF[database.dialect]:
            connection.exec_driver_sql(off)
        connection.exec_driver_sql(statement)


def test_entries_are_numbered_from_one_and_read_back_as_they_were(database):
    write(database, 3)
    with database.read() as connection:
        entries = list(read_log(connection))
        assert [entry.sequence for entry in entries] == [1, 2, 3]
        assert entries[2].details == {"number": 2}
        assert [entry.sequence for entry in read_log(connection, 2)] == [3]
        assert verify_chain(entries) == head(connection).hash
        assert verify_log(connection) == head(connection)


def test_a_long_log_is_read_to_its_end(database):
    with database.begin() as connection:
        for number in range(2001):
            append(connection, at=number, actor="service", action="counted")
    with database.read() as connection:
        assert verify_log(connection).sequence == 2001


def test_an_entry_of_a_transaction_that_fails_is_no_gap(database):
    def fail():
        with database.begin() as connection:
            append(connection, at=1, actor="service", action="never")
            raise ZeroDivisionError

    write(database, 1)
    with pytest.raises(ZeroDivisionError):
        fail()
    write(database, 1)
    with database.read() as connection:
        assert [entry.action for entry in read_log(connection)] == ["counted", "counted"]
        assert verify_log(connection).sequence == 2


def test_those_who_append_at_once_share_one_chain(database, database_url):
    others = [open_database(database_url) for _ in range(4)]
    threads = [
        threading.Thread(target=write, args=(each, 10, f"writer-{number}"))
        for number, each in enumerate(others)
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in others:
        each.close()
    with database.read() as connection:
        assert verify_log(connection).sequence == 80


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE log_entry SET actor = 'somebody' WHERE sequence = 2", 2),
        ("UPDATE log_entry SET details = '{\"number\":9}' WHERE sequence = 3", 3),
        ("UPDATE log_entry SET previous = hash WHERE sequence = 2", 2),
        ("DELETE FROM log_entry WHERE sequence = 2", 2),
        ("DELETE FROM log_entry WHERE sequence = 4", 3),
        ("UPDATE log_head SET sequence = 3", 3),
        ("UPDATE log_head SET hash = (SELECT hash FROM log_entry WHERE sequence = 3)", 4),
        ("UPDATE log_entry SET sequence = sequence + 10 WHERE sequence = 4", 4),
    ],
)
def test_a_log_that_was_changed_is_found_out_with_the_place(database, statement, place):
    write(database, 4)
    tamper(database, statement)
    with database.read() as connection, pytest.raises(RegistrarLogBrokenError, match=f"ntry {place}"):
        verify_log(connection)
