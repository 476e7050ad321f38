from __future__ import annotations

import threading
from itertools import product

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import insert, update

from api.database.engine import open_database
from api.database.tables import VotingStatus, roll_entry
from api.errors import (
    LedgerError,
    LedgerTransitionRefusedError,
    RollEntryUnknownError,
    VotesByAnotherChannelError,
)
from api.registry.ledger import BY_OFFICER, BY_SERVICE, counts, locked_status, status, transition
from api.registry.log import SERVICE, read_log, verify_log
from tests.support.registry import AT, entries, put_on_roll

S = VotingStatus
BALLOTS = (S.PAPER_BALLOT_ISSUED, S.POSTAL_BALLOT_ISSUED, S.VOTED_IN_PERSON)


@pytest.fixture
def somebody(database):
    return put_on_roll(database, entries(1))[0]


def move(database, pseudonym, to, actor="counter-1", **more):
    with database.begin() as connection:
        return transition(connection, pseudonym, to, actor=actor, at=AT, **more)


def put(database, pseudonym, at_status):
    with database.begin() as connection:
        connection.execute(
            update(roll_entry).where(roll_entry.c.pseudonym == pseudonym).values(status=at_status.value)
        )


def status_of(database, pseudonym):
    with database.read() as connection:
        return status(connection, pseudonym)


@pytest.mark.parametrize("actor", [SERVICE, "counter-1"])
def test_exactly_the_steps_of_the_table_are_allowed(database, somebody, actor):
    """Every status, every wanted one; what is not in the table changes nothing and is not logged."""
    allowed = BY_SERVICE if actor == SERVICE else BY_OFFICER
    for before, to in product(S, S):
        put(database, somebody, before)
        if (before, to) in allowed:
            assert move(database, somebody, to, actor) is before
            assert status_of(database, somebody) is to
        else:
            with pytest.raises(LedgerError):
                move(database, somebody, to, actor)
            assert status_of(database, somebody) is before
    with database.read() as connection:
        moved = [entry for entry in read_log(connection) if entry.action == "status_changed"]
    assert {(S(entry.details["from"]), S(entry.details["to"])) for entry in moved} == allowed
    assert {(entry.actor, entry.subject) for entry in moved} == {(actor, somebody)}


def test_a_registered_internet_voter_gets_no_paper_ballot(database, somebody):
    move(database, somebody, S.INTERNET_REGISTERED, SERVICE)
    for ballot in BALLOTS:
        with pytest.raises(VotesByAnotherChannelError, match="internet_registered"):
            move(database, somebody, ballot)


def test_whoever_holds_a_ballot_cannot_register_until_it_comes_back(database, somebody):
    move(database, somebody, S.POSTAL_BALLOT_ISSUED)
    with pytest.raises(VotesByAnotherChannelError):
        move(database, somebody, S.INTERNET_REGISTERED, SERVICE)
    move(database, somebody, S.ELIGIBLE, reason="postal ballot returned")
    move(database, somebody, S.INTERNET_REGISTERED, SERVICE)
    assert status_of(database, somebody) is S.INTERNET_REGISTERED


def test_a_ballot_is_not_issued_twice(database, somebody):
    move(database, somebody, S.PAPER_BALLOT_ISSUED)
    with pytest.raises(LedgerTransitionRefusedError):
        move(database, somebody, S.PAPER_BALLOT_ISSUED)


def test_a_vote_in_person_is_the_end(database, somebody):
    move(database, somebody, S.VOTED_IN_PERSON)
    for to in S:
        for actor in (SERVICE, "counter-1"):
            with pytest.raises(LedgerError):
                move(database, somebody, to, actor)


def test_nobody_unknown_or_removed_has_a_status(database, somebody):
    with database.begin() as connection:
        connection.execute(update(roll_entry).values(removed_at=AT))
    for pseudonym in (somebody, "00" * 16):
        with pytest.raises(RollEntryUnknownError):
            move(database, pseudonym, S.PAPER_BALLOT_ISSUED)
        with pytest.raises(RollEntryUnknownError):
            status_of(database, pseudonym)


@pytest.mark.parametrize("reason", ["佐藤 陽子", "Sato", "x" * 101, "line\nend", 'a "mark"'])
def test_a_reason_that_could_be_a_name_stays_out_of_the_log(database, somebody, reason):
    with pytest.raises(LedgerTransitionRefusedError) as caught:
        move(database, somebody, S.PAPER_BALLOT_ISSUED, reason=reason)
    assert reason not in str(caught.value)
    assert status_of(database, somebody) is S.ELIGIBLE


def test_a_transaction_that_fails_later_moves_nobody(database, somebody):
    def fail():
        with database.begin() as connection:
            transition(connection, somebody, S.PAPER_BALLOT_ISSUED, actor="counter-1", at=AT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert status_of(database, somebody) is S.ELIGIBLE


def test_a_locked_status_stays_until_the_transaction_ends(database, database_url, somebody):
    other = open_database(database_url)
    moved = threading.Thread(target=move, args=(other, somebody, S.PAPER_BALLOT_ISSUED))
    with database.begin() as connection:
        assert locked_status(connection, somebody) is S.ELIGIBLE
        moved.start()
        moved.join(0.5)
        assert moved.is_alive()
        assert status(connection, somebody) is S.ELIGIBLE
    moved.join()
    other.close()
    assert status_of(database, somebody) is S.PAPER_BALLOT_ISSUED


def test_of_fifty_counters_in_the_same_second_exactly_one_issues_a_ballot(database, database_url, somebody):
    """Every way to vote at once, the internet too, over connections of ten programs."""
    programs = [open_database(database_url) for _ in range(10)]
    start, won, lost, broken = threading.Barrier(50), [], [], []
    wanted = [(to, "counter-1") for to in BALLOTS] + [(S.INTERNET_REGISTERED, SERVICE)]

    def race(number):
        to, actor = wanted[number % len(wanted)]
        start.wait()
        try:
            won.append((move(programs[number % 10], somebody, to, actor), to))
        except LedgerError:
            lost.append(number)
        except Exception as failure:  # noqa: BLE001  shown by the assertion
            broken.append(failure)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in programs:
        each.close()
    assert broken == []
    # a second step leads out of a ballot issued: handing it in. Nobody ever holds two.
    assert [before for before, _ in won].count(S.ELIGIBLE) == 1
    assert len(won) + len(lost) == 50
    steps = [(S(e.details["from"]), S(e.details["to"])) for e in logged(database)]
    assert sorted(steps) == sorted(won)
    assert steps[-1][1] is status_of(database, somebody)


def test_of_fifty_counters_that_issue_the_same_ballot_exactly_one_does(database, database_url, somebody):
    programs = [open_database(database_url) for _ in range(10)]
    start, outcomes = threading.Barrier(50), []

    def race(number):
        start.wait()
        try:
            outcomes.append(move(programs[number % 10], somebody, S.PAPER_BALLOT_ISSUED).value)
        except LedgerTransitionRefusedError:
            outcomes.append("refused")
        except Exception as failure:  # noqa: BLE001  shown by the assertion
            outcomes.append(repr(failure))

    threads = [threading.Thread(target=race, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in programs:
        each.close()
    assert sorted(outcomes) == ["eligible"] + ["refused"] * 49
    assert len(logged(database)) == 1


def logged(database):
    with database.read() as connection:
        verify_log(connection)
        return [entry for entry in read_log(connection) if entry.action == "status_changed"]


class Ledger(RuleBasedStateMachine):
    """Any steps by anybody: statuses are those of a dictionary, and the log tells how they came about."""

    database = None

    @initialize()
    def begin(self):
        self.prefix = f"{next(Ledger.numbers):030x}"
        self.model = {f"{self.prefix}{number:02x}": S.ELIGIBLE for number in range(3)}
        rows = [
            {
                "pseudonym": pseudonym,
                "voter_id_index": bytes.fromhex(pseudonym),
                "birth_index": b"",
                "sealed": b"",
                "status": S.ELIGIBLE.value,
                "changed_at": 0,
            }
            for pseudonym in self.model
        ]
        with self.database.begin() as connection:
            connection.execute(insert(roll_entry), rows)

    @rule(
        number=st.integers(0, 2),
        to=st.sampled_from(S),
        actor=st.sampled_from([SERVICE, "counter-1", "counter-2"]),
        fails=st.booleans(),
    )
    def step(self, number, to, actor, fails):
        pseudonym = f"{self.prefix}{number:02x}"
        allowed = (self.model[pseudonym], to) in (BY_SERVICE if actor == SERVICE else BY_OFFICER)
        try:
            with self.database.begin() as connection:
                before = transition(connection, pseudonym, to, actor=actor, at=AT)
                assert allowed
                assert before is self.model[pseudonym]
                _ = 1 // (not fails)
            self.model[pseudonym] = to
        except ZeroDivisionError:
            pass
        except LedgerError:
            assert not allowed

    @invariant()
    def the_ledger_is_the_model(self):
        with self.database.read() as connection:
            found = {pseudonym: status(connection, pseudonym) for pseudonym in getattr(self, "model", {})}
        assert found == getattr(self, "model", {})

    def teardown(self):
        replayed = dict.fromkeys(self.model, S.ELIGIBLE)
        for entry in logged(self.database):
            if entry.subject in replayed:
                assert replayed[entry.subject].value == entry.details["from"]
                replayed[entry.subject] = S(entry.details["to"])
        assert replayed == self.model


def test_the_ledger_keeps_its_rules_whatever_is_asked_of_it(database):
    Ledger.database, Ledger.numbers = database, iter(range(10_000))
    few = settings(
        max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Ledger, settings=few)
    with database.read() as connection:
        assert sum(counts(connection).values()) >= 3
