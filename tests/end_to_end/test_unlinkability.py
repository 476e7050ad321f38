"""Who has the registrar's records, opened, and everything on chain still cannot tell whose a ballot is."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing

import pytest

from api.database.vault import Vault
from chain.events import BallotCast
from chain.node import stop_detached
from chain.paths import EXAMPLE, KEYS_DIR
from election.file import load_election_file
from election.roll import load_roll
from scripts.tohyo.demo.plan import make_plan
from scripts.tohyo.demo.state import start_state
from scripts.tohyo.demo.steps import STEPS, DemoRun

VOTERS = 5
SEALED = {
    "roll_entry": ("pseudonym", "roll_entry"),
    "registration": ("id", "registration"),
    "change_list": ("id", "change_list"),
}
_NUMBER = re.compile(r"0x[0-9a-f]{16,}|[0-9a-f]{16,}|[0-9]{12,}", re.IGNORECASE)


@pytest.fixture(scope="module")
def election(tmp_path_factory):
    """Run an election until everybody has voted."""
    directory = tmp_path_factory.mktemp("unlinkable") / "demo"
    roll = load_roll(EXAMPLE / "roll.csv")
    plan = make_plan(load_election_file(EXAMPLE / "election.json"), roll, voters=VOTERS, candidates=2, seed=3)
    run = DemoRun(start_state(directory, plan, roll), KEYS_DIR)
    for name, step in STEPS:
        step(run, lambda _done, _total: None)
        if name == "vote":
            break
    yield run
    run.close()
    stop_detached(directory / "chain")


@pytest.fixture(scope="module")
def records(election):
    """Return every row of the registrar's database, what is sealed opened with the master key."""
    directory = election.state.directory
    vault = Vault.load(directory / "registrar.key")
    with closing(sqlite3.connect(directory / "registrar.sqlite")) as database:
        database.row_factory = sqlite3.Row
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [_opened(vault, name, row) for row in _rows(database, name)] for name in names}


def _rows(database, table):
    return database.execute(f"SELECT * FROM {table}")  # noqa: S608  the schema's own name


def _opened(vault, table, row):
    values = dict(row)
    if values.get("sealed") is not None and table in SEALED:
        column, kind = SEALED[table]
        values["sealed"] = vault.open(f"{kind}/{values[column]}", values["sealed"]).decode()
    return {name: _numeric(value) for name, value in values.items()}


def _numeric(value):
    return value.hex() if isinstance(value, bytes) else str(value)


def _numbers(text):
    """Return every number in a text that is long enough to identify something, as an integer."""
    found = set()
    for match in _NUMBER.findall(text):
        digits = match.lower().removeprefix("0x")
        found.add(int(digits, 16))
        if digits.isdecimal():
            found.add(int(digits))
    return found


def _of_ballot(election, ballot):
    """Return whatever is on chain about one ballot, and about nothing else."""
    transaction = election.w3.eth.get_transaction(ballot.transaction_hash)
    words = [
        int.from_bytes(transaction["input"][i : i + 32]) for i in range(4, len(transaction["input"]), 32)
    ]
    proof = [number for point in ballot.proof.to_evm() for number in _flat(point)]
    return {ballot.nullifier_hash, int(ballot.transaction_hash, 16), *words, *proof}


def _flat(value):
    return (
        [number for part in value for number in _flat(part)] if isinstance(value, list | tuple) else [value]
    )


def test_the_records_are_all_there(election, records):
    assert len(records["registration"]) == VOTERS
    assert {row["commitment"] for row in records["registration"]} == {
        str(leaf) for leaf in election.client.leaves()
    }
    opened = json.loads(records["roll_entry"][0]["sealed"])
    assert opened["person"]["name"]


def test_nothing_that_the_registrar_keeps_occurs_in_a_ballot(election, records):
    kept = _numbers(json.dumps(records)) | _numbers((election.state.directory / "registrar.log").read_text())
    ballots = election.client.events(names={"BallotCast"})
    assert len(ballots) == VOTERS
    assert all(isinstance(ballot, BallotCast) for ballot in ballots)
    roots = {ballot.root for ballot in ballots}
    for ballot in ballots:
        identifying = {number for number in _of_ballot(election, ballot) if number > 2**64} - roots
        assert len(identifying) > 8
        assert not identifying & kept


def test_every_ballot_stands_before_the_same_crowd(election):
    """A root that covered some of the voters only would tell them from the others."""
    ballots = election.client.events(names={"BallotCast"})
    assert len({ballot.root for ballot in ballots}) == 1
    assert len({(ballot.relayer, ballot.fee) for ballot in ballots}) == 1


def test_who_deposits_and_who_relays_are_different_accounts(election):
    senders = {
        name: {election.w3.eth.get_transaction(event.transaction_hash)["from"] for event in events}
        for name in ("Deposited", "BallotCast")
        if (events := election.client.events(names={name}))
    }
    assert len(senders) == 2
    assert senders["Deposited"].isdisjoint(senders["BallotCast"])


def test_the_search_would_find_a_link(election, records):
    """The same search finds what the two sides do share: the commitments, on the side of deposits."""
    kept = _numbers(json.dumps(records))
    assert set(election.client.leaves()) <= kept
