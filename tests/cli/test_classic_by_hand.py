"""A classic election run by hand, one command after another."""

import json
from datetime import UTC, datetime

import pytest

from chain.connection import connect
from voter.note import Note

DENOMINATION, FEE = 10**15, 10**14
TREASURY = "0x" + 40 * "7"
RELAYER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"  # the chain's account 2
ELECTION = ("--deployment", "deployment.json")


def new_election(tohyo, rpc, **options):
    now = connect(rpc).eth.get_block("latest")["timestamp"]
    times = {
        name: datetime.fromtimestamp(now + wait, UTC).isoformat()
        for name, wait in (("registration-opens", -60), ("voting-opens", 3600), ("voting-closes", 7200))
    }
    given = {
        "scheme": "cream-classic",
        "title": "Which fruit?",
        "electorate": 2,
        "denomination": DENOMINATION,
        "treasury": TREASURY,
    }
    arguments = [part for name, value in (given | times | options).items() for part in (f"--{name}", value)]
    candidates = ("--candidate", "いちご", "--candidate", "Melon")
    return tohyo("election", "new", "election.json", *arguments, *candidates, "--json")


@pytest.fixture
def deployed(tohyo, here, rpc):
    made = new_election(tohyo, rpc)
    assert made.code == 0, made.err
    assert "nobody can take out the coins" in made.err
    assert tohyo("zk", "setup", "withdraw", "--depth", 16).code == 0
    outcome = tohyo("election", "deploy", "election.json", "--dev-account", 0, "--json")
    assert outcome.code == 0, outcome.err
    assert "development keys: not for a real election" in outcome.err
    return outcome.json["contract"]


def test_a_classic_election_by_hand_from_file_to_audit(tohyo, here, deployed, rpc, permitted):
    for voter in ("v1", "v2"):
        permitted(f"{voter}.txt")
        assert tohyo("voter", "note", "--show", f"{voter}.txt", "--json").json["scheme"] == "cream-classic"
    status = tohyo("election", "status", *ELECTION, "--json").json
    assert (status["scheme"], status["phase"], status["deposits"]) == ("cream-classic", "registration", 2)
    advance = ("election", "advance", *ELECTION, "--dev-account", 0, "--time-travel", "--json")
    assert tohyo(*advance).json["phase"] == "voting"

    paid = ("--relayer", RELAYER, "--fee", FEE, "--out", "ballot.json")
    written = tohyo("voter", "vote", "--note", "v1.txt", "--choice", "Melon", *paid, *ELECTION, "--json")
    assert written.code == 0, written.err
    relayed = tohyo("relayer", "send", "ballot.json", *ELECTION, "--dev-account", 2, "--json")
    assert "development keys: not for a real election" in relayed.err
    assert relayed.code == 0, relayed.err
    assert relayed.json["operation"] == "withdraw"
    again = tohyo("relayer", "send", "ballot.json", *ELECTION, "--dev-account", 2)
    assert (again.code, "nullifier_already_spent" in again.err) == (2, True)
    direct = tohyo("voter", "vote", "--note", "v2.txt", "--choice", 1, *ELECTION, "--dev-account", 3)
    assert direct.code == 0, direct.err
    assert tohyo("voter", "check", "--note", "v1.txt", *ELECTION, "--json").json["candidate"] == "Melon"

    closing = ("election", "close", *ELECTION, "--dev-account", 0, "--time-travel", "--json")
    assert tohyo(*closing).json["phase"] == "closed"
    assert tohyo("election", "result", *ELECTION, "--json").json["result"] == {"いちご": 0, "Melon": 2}
    audited = tohyo("audit", "--contract", deployed, "--json", "audit.json")
    assert audited.code == 0, audited.out
    assert json.loads((here / "audit.json").read_text())["verdict"] == "consistent"
    assert connect(rpc).eth.get_balance(deployed) == 0


def test_a_note_of_the_other_scheme_is_named_as_such(tohyo, here, deployed, rpc):
    Note.create(connect(rpc).eth.chain_id, deployed).save(here / "other.txt")
    outcome = tohyo("voter", "vote", "--note", "other.txt", "--choice", 0, *ELECTION, "--dev-account", 3)
    assert outcome.code == 2
    assert "note_of_another_scheme" in outcome.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"denomination": 0}, "denomination cannot be 0"),
        ({"depth": 10}, "depth 16, not 10"),
        ({"treasury": "0x" + 40 * "0"}, "needs a treasury"),
        ({"electorate": 70_000}, "room for 65,536 voters"),
        ({"scheme": "open-vote"}, "open-vote"),
    ],
)
def test_a_file_that_the_scheme_does_not_allow_is_not_written(tohyo, here, rpc, options, message):
    outcome = new_election(tohyo, rpc, **options)
    assert outcome.code == 2
    assert message in outcome.err
    assert not (here / "election.json").exists()


def test_a_candidate_with_an_account_needs_no_warning(tohyo, here, rpc):
    new_election(tohyo, rpc)
    document = json.loads((here / "election.json").read_text())
    document["candidates"][0]["address"] = "0x" + 40 * "a"
    (here / "election.json").write_text(json.dumps(document))
    outcome = tohyo("election", "deploy", "election.json", "--dev-account", 0)
    (warning,) = [line for line in outcome.err.splitlines() if "nobody can take out" in line]
    assert "Melon" in warning
    assert "いちご" not in warning
