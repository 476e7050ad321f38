from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from api.database.engine import open_database
from api.database.tables import (
    challenge_use,
    change_list,
    office_credential,
    refusal,
    registration,
    roll_entry,
    token_use,
)
from api.errors import RecordErasedError, RetentionTooEarlyError
from api.registry.change_lists import pending
from api.registry.ledger import counts
from api.registry.log import read_log, verify_log
from api.registry.retention import Erased, count_erasable, erase, require_contest_period_over
from api.registry.roll import find, record
from tests.support.registry import AT, ELIGIBLE, entries, put_on_roll, vault

DAY = 86_400
EVERYTHING = Erased(people=3, evidence=1, refused_people=1, change_lists=1, credential_secrets=1, used_once=2)


def end_election(database):
    """Bring a database to where it is after an election, with something in every table that is erased."""
    pseudonym = put_on_roll(database, entries(3))[0]
    rows = {
        registration: {
            "id": "r",
            "roll_entry": pseudonym,
            "kind": "jpki",
            "commitment": "7",
            "status": "deposited",
            "issued_at": 1,
            "deposit_by": 2,
            "receipt_signature": b"receipt",
            "sealed": vault().seal("registration/r", b"evidence"),
        },
        refusal: {
            "id": "f",
            "request_digest": b"d",
            "reason": "certificate_expired",
            "refused_at": 1,
            "signature": b"s",
            "sealed": vault().seal("refusal/f", b"person"),
        },
        office_credential: {
            "id": "o",
            "roll_entry": pseudonym,
            "reason": "no_card",
            "secret_hash": b"hash of a secret",
            "issued_by": "aoki",
            "issued_at": 1,
            "issue_signature": b"s",
            "expires_at": 2,
        },
        challenge_use: {"nonce": "n", "request_digest": b"d", "used_at": 1, "expires_at": 2},
        token_use: {"id": "t", "expires_at": 2},
    }
    with database.begin() as connection:
        for table, row in rows.items():
            known = {name: value for name, value in row.items() if name in table.c}
            connection.execute(insert(table).values(known))
    return pseudonym


@pytest.fixture
def over(database):
    return database, end_election(database)


def test_counting_erases_nothing(over):
    database, pseudonym = over
    with database.read() as connection:
        assert count_erasable(connection) == EVERYTHING
        assert record(connection, vault(), pseudonym).voter_id == "v000000"


def test_what_is_erased_cannot_be_read_and_the_rest_is_kept(over):
    database, pseudonym = over
    with database.read() as connection:
        before = list(read_log(connection))
    assert erase(database, actor="baba", at=AT) == EVERYTHING
    with database.read() as connection:
        with pytest.raises(RecordErasedError):
            record(connection, vault(), pseudonym)
        assert find(connection, vault(), "v000000") is None
        assert counts(connection)[ELIGIBLE] == 3
        kept = connection.execute(select(registration)).one()
        assert (kept.roll_entry, kept.commitment, kept.receipt_signature) == (pseudonym, "7", b"receipt")
        assert connection.execute(select(refusal.c.reason, refusal.c.signature)).one() == (
            "certificate_expired",
            b"s",
        )
        assert connection.execute(select(change_list.c.digest)).scalar_one() != b""
        assert connection.execute(select(office_credential.c.issued_by)).scalar_one() == "aoki"
        assert pending(connection) == []
        assert list(read_log(connection))[:-1] == before
        verify_log(connection)


def test_erasing_is_logged_with_counts_and_once_done_there_is_nothing_left(over):
    database, _ = over
    erase(database, actor="baba", at=AT)
    with database.read() as connection:
        last = list(read_log(connection))[-1]
        assert (last.actor, last.action, last.details["people"]) == ("baba", "personal_data_erased", 3)
        assert count_erasable(connection) == Erased(0, 0, 0, 0, 0, 0)
    erase(database, actor="baba", at=AT)


def test_the_files_of_sqlite_no_longer_hold_what_was_erased(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/registrar.sqlite")
    end_election(database)
    with database.read() as connection:
        rows = connection.execute(select(roll_entry.c.sealed, roll_entry.c.voter_id_index)).all()
    secrets = [bytes(cell) for row in rows for cell in row]
    written = b"".join(path.read_bytes() for path in tmp_path.glob("*.sqlite*"))
    assert all(secret in written for secret in secrets)
    erase(database, actor="baba", at=AT)
    written = b"".join(path.read_bytes() for path in tmp_path.glob("*.sqlite*"))
    database.close()
    assert not any(secret in written for secret in secrets)


def test_nothing_is_erased_before_the_time_to_contest_is_over():
    require_contest_period_over(AT, 30, AT + 30 * DAY)
    with pytest.raises(RetentionTooEarlyError, match="1 more days"):
        require_contest_period_over(AT, 30, AT + 30 * DAY - 1)
    with pytest.raises(RetentionTooEarlyError):
        require_contest_period_over(AT, 0, AT - 1)
