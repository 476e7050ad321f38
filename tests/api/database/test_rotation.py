from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update

from api.database.rotation import SEALED, remaining, rotate
from api.database.tables import lease, roll_entry
from api.database.vault import VARIABLE, Vault, create_key_file
from api.errors import KeyFileError, MasterKeyMissingError, RotationRefusedError
from api.registry.log import read_log
from api.registry.roll import find, size
from tests.support.crashing import in_the_middle, kill_in_the_middle
from tests.support.registry import AT, entries, person, put_on_roll

PEOPLE, CROWD = 30, 1200


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "registrar.key"
    create_key_file(path)
    return path


@pytest.fixture
def people(database, key_file):
    return put_on_roll(database, entries(PEOPLE), keys=Vault.load(key_file, {}))


@pytest.fixture
def crowd(database, key_file):
    return put_on_roll(database, entries(CROWD), keys=Vault.load(key_file, {}))


def turn(database, key_file, **options):
    return rotate(database, key_file, at=AT, environment={}, **options)


def everybody_opens(database, key_file):
    vault = Vault.load(key_file, {})
    with database.read() as connection:
        return all(
            find(connection, vault, f"v{number:06}").person == person(number)
            for number in range(0, size(connection), 97)
        )


def test_every_table_with_something_sealed_is_rotated():
    assert {table.name for table in SEALED} >= {"roll_entry", "registration", "refusal", "change_list"}


def test_after_a_rotation_every_record_is_under_the_new_key(database, key_file, people):
    told = []
    done = turn(database, key_file, on_progress=lambda *each: told.append(each))
    assert done.rewrapped == PEOPLE + 1  # and the list that they came with
    assert told[-1] == (PEOPLE + 1, PEOPLE + 1)
    vault = Vault.load(key_file, {})
    assert (len(vault.keys), vault.keys[0].id.hex()) == (2, done.key_id)
    assert remaining(database, vault) == 0
    assert everybody_opens(database, key_file)


def test_a_running_service_opens_and_seals_under_the_new_key(database, key_file, people):
    running = Vault.load(key_file, {})
    done = turn(database, key_file)
    with database.read() as connection:
        assert find(connection, running, "v000000").person == person(0)
    assert running.keys[0].id.hex() == done.key_id
    turn(database, key_file, retire=True)
    assert Vault.load(key_file, {}).open("a", running.seal("a", b"data")) == b"data"


@pytest.mark.parametrize("spoil", ["other", "open", "broken", "gone"])
def test_a_running_service_keeps_its_keys_if_the_file_is_spoilt(tmp_path, key_file, spoil):
    running = Vault.load(key_file, {})
    key_file.unlink()
    if spoil != "gone":
        create_key_file(key_file)
    if spoil == "open":
        key_file.chmod(0o644)
    if spoil == "broken":
        key_file.write_text("{")
    assert running.open("a", running.seal("a", b"data")) == b"data"
    if spoil == "other":
        with pytest.raises(MasterKeyMissingError):
            Vault.load(key_file, {}).open("a", running.seal("a", b"data"))


def test_the_old_key_opens_what_a_running_service_sealed_meanwhile(database, key_file, people):
    old = Vault.load(key_file, {}).without_old_keys()  # of another machine, with a file of its own
    turn(database, key_file)
    assert Vault.load(key_file, {}).open("a", old.seal("a", b"data")) == b"data"


def test_a_retired_key_is_gone_and_nothing_needs_it(database, key_file, people):
    old = Vault.load(key_file, {}).without_old_keys()
    turn(database, key_file)
    done = turn(database, key_file, retire=True)
    assert done.dropped == (old.keys[0].id.hex(),)
    assert len(Vault.load(key_file, {}).keys) == 1
    assert everybody_opens(database, key_file)
    with database.read() as connection, pytest.raises(MasterKeyMissingError):
        find(connection, old, "v000000")


def test_one_call_may_add_wrap_and_retire(database, key_file, people):
    done = turn(database, key_file, retire=True)
    assert (done.rewrapped, len(done.dropped)) == (PEOPLE + 1, 1)
    assert everybody_opens(database, key_file)


def test_a_second_rotation_takes_a_third_key(database, key_file, people):
    first, second = turn(database, key_file), turn(database, key_file)
    assert first.key_id != second.key_id
    assert len(Vault.load(key_file, {}).keys) == 3


def test_keys_are_not_retired_under_a_running_service(database, key_file, people):
    with database.begin() as connection:
        connection.execute(insert(lease).values(name="depositor", holder="x", expires_at=AT + 1))
    before = key_file.read_bytes()
    with pytest.raises(RotationRefusedError) as caught:
        turn(database, key_file, retire=True)
    assert "Stop the service" in caught.value.hint
    assert key_file.read_bytes() == before


def test_an_erased_record_stays_erased(database, key_file, people):
    with database.begin() as connection:
        gone = update(roll_entry).where(roll_entry.c.pseudonym == people[0])
        connection.execute(gone.values(sealed=b""))
    assert turn(database, key_file, retire=True).rewrapped == PEOPLE
    with database.read() as connection:
        row = connection.execute(select(roll_entry.c.sealed).where(roll_entry.c.pseudonym == people[0]))
        assert row.scalar_one() == b""


def test_keys_from_the_environment_cannot_be_rotated(database, key_file):
    with pytest.raises(KeyFileError, match=VARIABLE):
        rotate(database, key_file, at=AT, environment={VARIABLE: key_file.read_text()})


def test_another_databases_key_file_is_refused_and_left_alone(database, key_file, people, tmp_path):
    create_key_file(tmp_path / "other.key")
    before = (tmp_path / "other.key").read_bytes()
    with pytest.raises(KeyFileError):
        turn(database, tmp_path / "other.key")
    assert (tmp_path / "other.key").read_bytes() == before


def test_a_rotation_is_in_the_log_with_counts(database, key_file, people):
    done = turn(database, key_file)
    with database.read() as connection:
        last = list(read_log(connection))[-1]
    assert (last.action, last.details["key"], last.details["records"]) == (
        "master_key_rotated",
        done.key_id,
        PEOPLE + 1,
    )


def test_a_rotation_that_is_killed_loses_nothing_and_the_next_one_ends_it(
    database, database_url, key_file, crowd
):
    kill_in_the_middle("rotate", database_url, str(key_file))
    vault = Vault.load(key_file, {})
    assert len(vault.keys) == 2
    assert 0 < remaining(database, vault) < CROWD + 1
    assert everybody_opens(database, key_file)
    done = turn(database, key_file, retire=True)
    assert done.key_id == vault.keys[0].id.hex()
    assert 0 < done.rewrapped < CROWD + 1
    assert everybody_opens(database, key_file)


def test_two_rotations_at_once_do_not_overwrite_each_others_key(database, database_url, key_file, crowd):
    with in_the_middle("rotate", database_url, str(key_file)):
        before = key_file.read_bytes()
        with pytest.raises(RotationRefusedError, match="Another rotation"):
            turn(database, key_file)
        assert key_file.read_bytes() == before
    turn(database, key_file)
    assert everybody_opens(database, key_file)
