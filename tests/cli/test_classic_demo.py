"""`tohyo demo --scheme cream-classic`: from the roll to an audited result."""

import json

import pytest

from chain.connection import connect
from chain.node import stop_detached
from chain.paths import EXAMPLE
from election.errors import ElectionFileError
from election.file import load_election_file, parse_election_document
from election.roll import load_roll
from election.scheme import Scheme
from scripts.tohyo.demo.plan import DENOMINATION, TREASURY, make_plan
from tests.support.small_election import CLASSIC, document
from voter.note import Note

VOTERS = 2


@pytest.fixture
def directory(tmp_path):
    folder = tmp_path / "demo"
    yield folder
    stop_detached(folder / "chain")


def test_it_runs_from_the_roll_to_an_audited_result(tohyo, directory):
    size = ("--voters", VOTERS, "--candidates", 2, "--dir", directory)
    outcome = tohyo("demo", "--scheme", "cream-classic", *size, "--json", "-")
    assert outcome.code == 0, outcome.err
    report = outcome.json
    assert (report["scheme"], report["depth"]) == ("cream-classic", 16)
    assert report["audit"]["verdict"] == "consistent"
    assert report["as_cast"] is True
    assert sum(report["result"].values()) == VOTERS
    assert {"deposit", "depositMany"} & set(report["gas"])
    assert "withdraw" in report["gas"]
    assert report["gas"]["withdraw"]["count"] == VOTERS
    assert report["keys_warning"] == "development keys: not for a real election"
    assert report["cards_warning"] == "test cards: not for a real election"
    assert "test cards: not for a real election" in outcome.err
    chain = connect(report["rpc"])
    assert chain.eth.get_balance(report["contract"]) == 0
    notes = json.loads((directory / f"notes-{report['contract']}.json").read_text())
    assert {Note.parse(text).scheme for text in notes.values()} == {Scheme.CREAM_CLASSIC}
    again = tohyo("audit", "--rpc", report["rpc"], "--contract", report["contract"])
    assert again.code == 0, again.out


def plan(base=None, **options):
    file = base or load_election_file(EXAMPLE / "election.json")
    return make_plan(file, load_roll(EXAMPLE / "roll.csv"), **options).election


def test_a_plan_for_a_file_of_cream_gets_what_classic_needs():
    election = plan(scheme=Scheme.CREAM_CLASSIC, voters=3)
    assert (election.scheme, election.depth, election.electorate) == (Scheme.CREAM_CLASSIC, 16, 3)
    assert (election.denomination, election.treasury) == (DENOMINATION, TREASURY)


def test_a_plan_keeps_the_files_own_scheme_and_money():
    base = parse_election_document(document(**CLASSIC))
    election = plan(base)
    assert (election.scheme, election.denomination) == (Scheme.CREAM_CLASSIC, base.denomination)
    assert election.treasury == base.treasury
    assert plan().scheme is Scheme.CREAM
    assert plan().denomination == 0


def test_a_plan_for_another_depth_or_too_many_voters_is_refused():
    with pytest.raises(ElectionFileError, match="depth 16, not 10"):
        plan(scheme=Scheme.CREAM_CLASSIC, depth=10)
    with pytest.raises(ElectionFileError, match="room for 65,536"):
        plan(scheme=Scheme.CREAM_CLASSIC, voters=65_537)


def test_a_scheme_that_is_none_is_told(tohyo):
    outcome = tohyo("demo", "--scheme", "open-vote")
    assert outcome.code == 2
    assert "cream-classic" in outcome.err
