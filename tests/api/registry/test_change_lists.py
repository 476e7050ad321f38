from __future__ import annotations

import json
import threading

import pytest
from sqlalchemy import select, update

from api.database.engine import open_database
from api.database.tables import VotingStatus, change_list, log_entry, roll_entry
from api.database.vault import Vault
from api.errors import (
    ChangeListDecidedError,
    ChangeListRefusedError,
    ChangeListUnknownError,
    KeyFileError,
    OfficerRoleMissingError,
    OfficerSignatureInvalidError,
    SealBrokenError,
    SecondOfficerNeededError,
)
from api.office.roles import Role
from api.registry.change_lists import ChangeState, approve, pending, propose, read_changes, reject
from api.registry.changes import ChangeKind, Changes
from api.registry.ledger import transition
from api.registry.log import SERVICE, read_log, verify_log
from api.registry.roll import find, size
from api.registry.signing import Signer
from election.person import DateOfBirth
from election.roll import RollEntry
from identity.officer import OfficerKey
from tests.support.registry import AT, Officers, entries, person, put_on_roll, vault

S = VotingStatus


@pytest.fixture(scope="module")
def officers():
    return Officers()


class Book:
    """A database with its officers, in few words."""

    def __init__(self, database, officers):
        self.database, self.officers = database, officers

    def propose(self, kind, people=(), ids=(), by="aoki"):
        changes = Changes(kind, tuple(people), tuple(ids))
        return propose(self.database, vault(), changes, self.officers.signer(by), AT)

    def approve(self, proposal, by="baba", officers=None):
        return approve(
            self.database,
            vault(),
            proposal.id,
            self.officers.signer(by),
            AT + 1,
            officers=officers or self.officers.settings,
        )

    def change(self, kind, people=(), ids=()):
        return self.approve(self.propose(kind, people, ids))

    def find(self, voter_id):
        with self.database.read() as connection:
            return find(connection, vault(), voter_id)

    def size(self):
        with self.database.read() as connection:
            return size(connection)

    def log(self):
        with self.database.read() as connection:
            verify_log(connection)
            return list(read_log(connection))

    def set_status(self, voter_id, to):
        actor = SERVICE if to is S.INTERNET_REGISTERED else "counter-1"
        with self.database.begin() as connection:
            transition(connection, find(connection, vault(), voter_id).pseudonym, to, actor=actor, at=AT)


@pytest.fixture
def book(database, officers):
    return Book(database, officers)


@pytest.fixture
def full_book(book):
    put_on_roll(book.database, entries(5))
    return book


def test_nothing_happens_until_a_second_officer_approves(book):
    proposal = book.propose(ChangeKind.IMPORT, entries(3))
    assert book.size() == 0
    with book.database.read() as connection:
        assert pending(connection) == [proposal]
    decided = book.approve(proposal)
    assert decided.state is ChangeState.APPLIED
    assert book.size() == 3
    with book.database.read() as connection:
        assert pending(connection) == []


def test_a_rejected_list_changes_nothing_and_stays_rejected(book):
    proposal = book.propose(ChangeKind.IMPORT, entries(3))
    decided = reject(book.database, proposal.id, book.officers.signer("baba"), AT)
    assert decided.state is ChangeState.REJECTED
    with pytest.raises(ChangeListDecidedError, match="rejected by baba"):
        book.approve(proposal)
    assert book.size() == 0


def test_a_list_is_applied_once(book):
    proposal = book.propose(ChangeKind.IMPORT, entries(3))
    book.approve(proposal)
    with pytest.raises(ChangeListDecidedError):
        book.approve(proposal)
    assert book.size() == 3


def test_nobody_approves_or_rejects_their_own_list(book):
    proposal = book.propose(ChangeKind.IMPORT, entries(3), by="chiba")
    with pytest.raises(SecondOfficerNeededError):
        book.approve(proposal, by="chiba")
    with pytest.raises(SecondOfficerNeededError):
        reject(book.database, proposal.id, book.officers.signer("chiba"), AT)
    assert book.size() == 0


def test_each_half_needs_its_role(book):
    with pytest.raises(OfficerRoleMissingError):
        book.propose(ChangeKind.IMPORT, entries(1), by="baba")
    proposal = book.propose(ChangeKind.IMPORT, entries(1), by="chiba")
    with pytest.raises(OfficerRoleMissingError):
        book.approve(proposal, by="aoki")


def test_an_officer_signs_with_the_key_of_the_settings_only(officers):
    with pytest.raises(OfficerSignatureInvalidError):
        Signer.of(officers.settings, "aoki", OfficerKey.create())
    with pytest.raises(OfficerSignatureInvalidError):
        Signer.of(officers.settings, "nobody", officers.keys["aoki"])


def test_a_list_that_was_not_proposed_is_unknown(book):
    with pytest.raises(ChangeListUnknownError):
        approve(book.database, vault(), "00" * 16, book.officers.signer("baba"), AT, officers=())


@pytest.mark.parametrize(
    "forged",
    [
        {"kind": "add"},
        {"size": 4},
        {"digest": b"x" * 32},
        {"proposed_by": "chiba"},
        {"proposal_signature": b"x" * 64},
    ],
)
def test_a_list_that_was_changed_after_it_was_signed_is_not_applied(book, forged):
    proposal = book.propose(ChangeKind.IMPORT, entries(3))
    with book.database.begin() as connection:
        connection.execute(update(change_list).values(forged))
    with pytest.raises(OfficerSignatureInvalidError):
        book.approve(proposal)
    assert book.size() == 0


def test_a_list_sealed_for_another_id_does_not_open(book):
    one, two = (book.propose(ChangeKind.IMPORT, entries(count)) for count in (1, 2))
    with book.database.begin() as connection:
        other = connection.execute(
            select(change_list.c.sealed).where(change_list.c.id == two.id)
        ).scalar_one()
        connection.execute(update(change_list).where(change_list.c.id == one.id).values(sealed=other))
    with pytest.raises(SealBrokenError):
        book.approve(one)


def test_a_proposal_lapses_with_the_proposers_role_or_key(book):
    proposal = book.propose(ChangeKind.IMPORT, entries(1))
    others = Officers({"aoki": {Role.COUNTER}, "baba": {Role.APPROVER}})
    for settings in (others.settings, Officers().settings, book.officers.settings[1:]):
        with pytest.raises(OfficerSignatureInvalidError):
            book.approve(proposal, officers=settings)
    assert book.size() == 0


def test_another_key_file_is_refused_before_anything_is_sealed_with_it(full_book):
    changes = Changes(ChangeKind.ADD, entries(1, first=9))
    with pytest.raises(KeyFileError):
        propose(full_book.database, Vault.generate(), changes, full_book.officers.signer("aoki"), AT)
    with full_book.database.read() as connection:
        assert pending(connection) == []


def test_a_second_import_is_refused(full_book):
    with pytest.raises(ChangeListRefusedError) as caught:
        full_book.propose(ChangeKind.IMPORT, entries(2, first=50))
    assert "tohyo roll add" in caught.value.hint


def test_of_two_imports_that_wait_one_is_applied(book):
    one, two = (book.propose(ChangeKind.IMPORT, entries(2, first)) for first in (0, 50))
    book.approve(one)
    with pytest.raises(ChangeListRefusedError):
        book.approve(two)
    assert book.size() == 2


@pytest.mark.parametrize(
    "same",
    [
        {"name": "佐藤陽子"},
        {"name": "佐藤　陽子"},
        {"address": "茨城県つくば市吾妻一丁目１番１号"},
        {"name": "佐藤陽子", "address": "つくば市吾妻1-1-1"},
    ],
)
def test_a_person_under_two_numbers_is_refused_by_line(book, same):
    first = RollEntry("a", person(0), line=2)
    again = RollEntry("b", person(0, **same), line=7)
    with pytest.raises(ChangeListRefusedError, match="line 7: the same person as on line 2") as caught:
        book.propose(ChangeKind.IMPORT, [first, again])
    assert "佐藤" not in str(caught.value)


@pytest.mark.parametrize(
    "other",
    [
        {"name": "佐藤 陽"},
        {"date_of_birth": DateOfBirth(1931, 1, 1)},
        {"address": "茨城県つくば市吾妻1丁目1番地2"},
    ],
)
def test_two_people_who_differ_in_anything_are_two(book, other):
    book.change(ChangeKind.IMPORT, [RollEntry("a", person(0)), RollEntry("b", person(0, **other))])
    assert book.size() == 2


def test_two_namesakes_born_on_one_day_may_both_live_abroad(book):
    people = [RollEntry(str(n), person(0, address=f"国外 Paris {n}")) for n in range(2)]
    book.change(ChangeKind.IMPORT, people)
    assert book.size() == 2


def test_a_character_nobody_can_write_leaves_it_open_whether_two_are_one(book):
    book.change(ChangeKind.IMPORT, [RollEntry(str(n), person(0, name="〓田 陽子")) for n in range(2)])
    assert book.size() == 2


def test_all_problems_of_a_list_are_named_at_once_up_to_a_limit(book):
    people = [RollEntry(str(n), person(0), line=n + 2) for n in range(40)]
    with pytest.raises(ChangeListRefusedError) as caught:
        book.propose(ChangeKind.IMPORT, people)
    assert "line 3:" in str(caught.value)
    assert "line 22:" in str(caught.value)
    assert "line 23:" not in str(caught.value)
    assert "… and 19 more" in str(caught.value)


def test_people_are_added(full_book):
    full_book.change(ChangeKind.ADD, entries(2, first=5))
    assert full_book.size() == 7
    assert full_book.find("v000006").person == person(6)


def test_a_number_or_a_person_on_the_roll_is_not_added_again(full_book):
    pseudonym = full_book.find("v000001").pseudonym
    with pytest.raises(ChangeListRefusedError) as caught:
        full_book.propose(ChangeKind.ADD, [RollEntry("v000000", person(99)), RollEntry("new", person(1))])
    assert "entry 1: the voter_id is on the roll already" in str(caught.value)
    assert f"entry 2: the same person as {pseudonym}" in str(caught.value)


def test_what_fits_no_longer_when_it_is_approved_is_refused_whole(full_book):
    proposal = full_book.propose(ChangeKind.ADD, entries(3, first=10))
    full_book.change(ChangeKind.ADD, entries(1, first=12))
    with pytest.raises(ChangeListRefusedError, match="entry 3"):
        full_book.approve(proposal)
    assert full_book.size() == 6


def test_two_lists_with_the_same_person_approved_at_once_add_them_once(full_book, database_url):
    people = [RollEntry(number, person(77)) for number in ("a", "b")]
    proposals = [full_book.propose(ChangeKind.ADD, [entry]) for entry in people]
    books = [Book(open_database(database_url), full_book.officers) for _ in proposals]
    outcomes = []

    def decide(book, proposal):
        try:
            book.approve(proposal)
            outcomes.append("applied")
        except ChangeListRefusedError:
            outcomes.append("refused")

    threads = [threading.Thread(target=decide, args=pair) for pair in zip(books, proposals, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for book in books:
        book.database.close()
    assert sorted(outcomes) == ["applied", "refused"]
    assert full_book.size() == 6


def test_people_are_removed(full_book):
    full_book.change(ChangeKind.REMOVE, ids=["v000001", "ｖ000003"])
    assert full_book.size() == 3
    assert full_book.find("v000003") is None


def test_whoever_comes_back_has_the_same_pseudonym(full_book):
    before = full_book.find("v000001").pseudonym
    full_book.change(ChangeKind.REMOVE, ids=["v000001"])
    full_book.change(ChangeKind.ADD, [RollEntry("v000001", person(1, name="新 姓")), *entries(1, first=9)])
    again = full_book.find("v000001")
    assert (again.pseudonym, again.person.name) == (before, "新 姓")
    assert full_book.size() == 6


@pytest.mark.parametrize("to", [status for status in S if status is not S.ELIGIBLE])
def test_whoever_registered_or_holds_a_ballot_is_not_removed(full_book, to):
    proposal = full_book.propose(ChangeKind.REMOVE, ids=["v000000", "v000001"])
    full_book.set_status("v000001", to)
    pseudonym = full_book.find("v000001").pseudonym
    with pytest.raises(ChangeListRefusedError, match=f"number 2 .*{pseudonym} has the status {to}") as caught:
        full_book.approve(proposal)
    assert "unused" in caught.value.hint
    assert full_book.size() == 5


def test_nobody_unknown_is_removed_or_corrected(full_book):
    with pytest.raises(ChangeListRefusedError, match="number 1 of the list: nobody"):
        full_book.propose(ChangeKind.REMOVE, ids=["v999999"])
    with pytest.raises(ChangeListRefusedError, match="entry 1: nobody"):
        full_book.propose(ChangeKind.CORRECT, [RollEntry("v999999", person(50))])


def test_a_correction_keeps_pseudonym_and_status(full_book):
    full_book.set_status("v000002", S.INTERNET_REGISTERED)
    before = full_book.find("v000002")
    moved = person(2, name="鈴木 花", date_of_birth=DateOfBirth(1980, 5, 5), address="東京都千代田区1-1")
    full_book.change(ChangeKind.CORRECT, [RollEntry("v000002", moved)])
    after = full_book.find("v000002")
    assert (after.pseudonym, after.status) == (before.pseudonym, S.INTERNET_REGISTERED)
    assert after.person == moved


def test_a_correction_makes_nobody_into_somebody_else_on_the_roll(full_book):
    with pytest.raises(ChangeListRefusedError, match="the same person as"):
        full_book.propose(ChangeKind.CORRECT, [RollEntry("v000002", person(3))])


def test_two_people_may_change_places(full_book):
    """Each is compared with those whom the list leaves as they are."""
    full_book.change(ChangeKind.CORRECT, [RollEntry("v000002", person(3)), RollEntry("v000003", person(2))])
    assert full_book.find("v000003").person == person(2)


def test_the_second_officer_can_read_what_the_list_says(full_book):
    proposal = full_book.propose(ChangeKind.ADD, entries(2, first=8))
    with full_book.database.read() as connection:
        assert read_changes(connection, vault(), proposal.id).entries == entries(2, first=8)


def test_the_log_says_who_with_digest_and_counts_and_names_nobody(full_book):
    proposal = full_book.propose(ChangeKind.ADD, entries(2, first=8))
    full_book.approve(proposal)
    told = [(e.action, e.actor, e.subject, e.details) for e in full_book.log()[-2:]]
    details = {"kind": "add", "count": 2, "digest": proposal.digest}
    assert told == [
        ("change_list_proposed", "aoki", proposal.id, details),
        ("change_list_applied", "baba", proposal.id, details),
    ]
    with full_book.database.read() as connection:
        texts = connection.execute(select(log_entry.c.details)).scalars().all()
    for entry in entries(10):
        assert not any(entry.voter_id in text or entry.name in text for text in texts)


def test_two_lists_that_say_the_same_have_different_digests(full_book):
    one, two = (full_book.propose(ChangeKind.REMOVE, ids=["v000001"]) for _ in range(2))
    assert one.digest != two.digest


def test_a_list_is_kept_sealed(full_book):
    proposal = full_book.propose(ChangeKind.ADD, entries(1, first=8))
    with full_book.database.read() as connection:
        row = connection.execute(select(change_list).where(change_list.c.id == proposal.id)).one()
    assert b"v000008" not in row.sealed
    assert json.dumps(person(8).name).encode() not in row.sealed


def test_progress_is_told_to_the_end(book):
    proposal = book.propose(ChangeKind.IMPORT, entries(2500))
    told = []
    approve(
        book.database,
        vault(),
        proposal.id,
        book.officers.signer("baba"),
        AT,
        officers=book.officers.settings,
        on_progress=lambda *done: told.append(done),
    )
    assert told == [(1000, 2500), (2000, 2500), (2500, 2500)]


def test_the_roll_is_never_changed_in_part(book, monkeypatch):
    """A failure after the first thousand leaves nobody of them."""
    proposal = book.propose(ChangeKind.IMPORT, entries(1500))

    def fail(done, _total):
        if done > 1000:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        approve(
            book.database,
            vault(),
            proposal.id,
            book.officers.signer("baba"),
            AT,
            officers=book.officers.settings,
            on_progress=fail,
        )
    with book.database.read() as connection:
        assert connection.execute(select(roll_entry)).first() is None
    assert book.approve(proposal).state is ChangeState.APPLIED
