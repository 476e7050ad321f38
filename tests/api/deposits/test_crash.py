"""Kill −9 at random moments: every voter ends with exactly one deposit, and every receipt is kept."""

import random
import time
from collections import Counter

import pytest
from sqlalchemy import select

from api.database.tables import deposit_batch, registration, roll_entry
from api.registry.log import read_log, verify_log
from tests.support.databases import (  # noqa: F401
    database_url,
    new_database_url,
    postgresql_server,
)
from tests.support.killable_service import PATIENCE_SECONDS, trial


def wait_until_everything_is_final(running):
    deadline = time.monotonic() + PATIENCE_SECONDS
    wanted = select(registration.c.status)
    while True:
        with running.database.read() as connection:
            found = Counter(connection.execute(wanted).scalars())
        if found == {"deposited": len(running.voters)}:
            return
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def require_one_deposit_each(running):
    """Compare chain, database, receipts and notes with one another."""
    leaves = running.client.leaves()
    commitments = [running.notes[voter].commitment for voter in running.voters]
    assert Counter(leaves) == Counter(commitments), "each once, none else"
    config, receipts = running.client.config(), running.receipts()
    assert [receipt.commitment for receipt in receipts] == commitments
    signers = {receipt.signer(running.client.chain_id(), running.client.address) for receipt in receipts}
    assert signers == {config.registrar}
    assert len({receipt.roll_entry for receipt in receipts}) == len(running.voters)
    with running.database.read() as connection:
        rows = connection.execute(select(registration)).all()
        people = set(connection.execute(select(roll_entry.c.pseudonym)).scalars())
        states = Counter(connection.execute(select(deposit_batch.c.state)).scalars())
        verify_log(connection)
        logged = [
            one
            for entry in read_log(connection)
            if entry.action == "deposited"
            for one in entry.details["leaves"]
        ]
    assert {row.roll_entry for row in rows} == people
    assert {int(row.commitment): row.leaf_index for row in rows} == {
        commitment: index for index, commitment in enumerate(leaves)
    }
    assert {row.id for row in rows} == {receipt.registration_id for receipt in receipts}
    assert Counter(logged) == Counter(row.id for row in rows)
    assert set(states) <= {"final", "failed"}


def survive(tmp_path, url, voters, kills, seed):
    with trial(tmp_path, url, voters) as running:
        running.run(kills, random.Random(seed))  # noqa: S311  moments, no secrets
        wait_until_everything_is_final(running)
        require_one_deposit_each(running)


def test_a_registrar_that_is_killed_again_and_again_deposits_everybody_once(tmp_path):
    survive(tmp_path, f"sqlite:///{tmp_path}/registrar.sqlite", voters=40, kills=4, seed=4)


@pytest.mark.slow
def test_thirty_kills_during_five_hundred_registrations_cost_nobody_anything(
    tmp_path,
    database_url,  # noqa: F811
):
    survive(tmp_path, database_url, voters=500, kills=30, seed=30)
