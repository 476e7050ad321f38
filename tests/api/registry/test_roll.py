from __future__ import annotations

import pytest
from sqlalchemy import select, update

from api.database.tables import roll_entry
from api.database.vault import Vault
from api.errors import MasterKeyMissingError, RollEntryUnknownError, SealBrokenError
from api.registry.roll import born_on, candidates, find, record, size
from election.person import DateOfBirth
from election.roll import RollEntry
from identity.matching import MatchOutcome, match
from tests.support.registry import entries, person, put_on_roll, vault

DATES = ["1990-01-31", "1990-01-30", "1990-01-??", "1990-02-??", "1990-??-??", "1991-??-??", "????-??-??"]


@pytest.fixture
def by_date(database):
    """One person for each date; gives their dates by pseudonym."""
    people = [
        RollEntry(f"v{number}", person(number, date_of_birth=DateOfBirth.parse(date)))
        for number, date in enumerate(DATES)
    ]
    return dict(zip(put_on_roll(database, people), DATES, strict=True))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("1990-01-31", {"1990-01-31", "1990-01-??", "1990-??-??", "????-??-??"}),
        ("1990-01-??", {"1990-01-31", "1990-01-30", "1990-01-??", "1990-??-??", "????-??-??"}),
        ("1990-??-??", set(DATES) - {"1991-??-??"}),
        ("1992-02-29", {"????-??-??"}),
        ("????-??-??", set(DATES)),
    ],
)
def test_candidates_are_all_who_may_be_born_that_day(database, by_date, asked, expected):
    with database.read() as connection:
        found = candidates(connection, vault(), DateOfBirth.parse(asked))
    assert {by_date[candidate.pseudonym] for candidate in found} == expected
    assert all(str(candidate.person.date_of_birth) in expected for candidate in found)


def test_a_person_is_found_by_number_in_any_width_and_by_pseudonym(database):
    pseudonyms = put_on_roll(database, entries(3))
    with database.read() as connection:
        found = find(connection, vault(), "ｖ000001")
        assert found.pseudonym == pseudonyms[1]
        assert found.person == person(1)
        assert record(connection, vault(), pseudonyms[1]).voter_id == "v000001"
        assert find(connection, vault(), "v000009") is None
        assert size(connection) == 3


def test_a_card_of_somebody_on_the_roll_finds_exactly_them(database):
    pseudonyms = put_on_roll(database, entries(200))
    with database.read() as connection:
        for number in (0, 57, 199):
            card = person(number)
            found = match(card, candidates(connection, vault(), card.date_of_birth))
            assert (found.outcome, found.pseudonyms) == (MatchOutcome.ONE, (pseudonyms[number],))


def test_whoever_was_removed_is_found_no_longer(database):
    pseudonyms = put_on_roll(database, entries(2))
    with database.begin() as connection:
        gone = roll_entry.c.pseudonym == pseudonyms[0]
        connection.execute(update(roll_entry).where(gone).values(removed_at=1))
        assert find(connection, vault(), "v000000") is None
        assert born_on(connection, vault(), person(0).date_of_birth) == []
        assert size(connection) == 1
        with pytest.raises(RollEntryUnknownError):
            record(connection, vault(), pseudonyms[0])


def test_pseudonyms_are_random_and_nothing_else_is_readable(database):
    people = entries(50)
    pseudonyms = put_on_roll(database, people)
    with database.read() as connection:
        rows = connection.execute(select(roll_entry)).all()
    stored = b"".join(cell if isinstance(cell, bytes) else str(cell).encode() for row in rows for cell in row)
    for entry in people:
        for secret in (entry.voter_id, entry.name, entry.person.address, str(entry.person.date_of_birth)):
            assert secret.encode() not in stored
    assert len(set(pseudonyms)) == 50
    assert pseudonyms != sorted(pseudonyms)


def test_two_databases_give_one_person_different_pseudonyms(database, new_database_url):
    from api.database.engine import open_database  # noqa: PLC0415

    other = open_database(new_database_url("sqlite"))
    assert put_on_roll(database, entries(1)) != put_on_roll(other, entries(1))
    other.close()


def test_an_entry_put_in_anothers_place_does_not_open(database):
    one, two = put_on_roll(database, entries(2))
    with database.begin() as connection:
        blob = connection.execute(
            select(roll_entry.c.sealed).where(roll_entry.c.pseudonym == one)
        ).scalar_one()
        connection.execute(update(roll_entry).where(roll_entry.c.pseudonym == two).values(sealed=blob))
    with database.read() as connection, pytest.raises(SealBrokenError):
        record(connection, vault(), two)


def test_without_the_master_key_nobody_can_be_read(database):
    pseudonym = put_on_roll(database, entries(1))[0]
    with database.read() as connection, pytest.raises(MasterKeyMissingError):
        record(connection, Vault.generate(), pseudonym)


def test_a_record_never_prints_the_person(database):
    put_on_roll(database, entries(1))
    with database.read() as connection:
        found = find(connection, vault(), "v000000")
    assert person(0).name not in repr(found)
    assert "v000000" not in repr(found)
