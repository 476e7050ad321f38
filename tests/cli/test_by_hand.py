"""An election run by hand, one command after another, as the operations guide tells it."""

import json
import stat
from datetime import UTC, datetime

import pytest
from eth_account import Account

from chain.connection import connect
from chain.development import development_account

NAMES = ["いちご", "Melon", "Peach"]


def iso(timestamp):
    return datetime.fromtimestamp(timestamp, UTC).isoformat()


def new_election(tohyo, now, **options):
    arguments = {
        "--title": "Which fruit?",
        "--electorate": 2,
        "--depth": 4,
        "--registration-opens": iso(now - 60),
        "--voting-opens": iso(now + 3600),
        "--voting-closes": iso(now + 7200),
    } | {f"--{key}": value for key, value in options.items()}
    flat = [part for pair in arguments.items() for part in pair]
    return tohyo(
        "election", "new", "election.json", *flat, *[p for n in NAMES for p in ("--candidate", n)], "--json"
    )


@pytest.fixture
def deployed(tohyo, here, rpc):

    now = connect(rpc).eth.get_block("latest")["timestamp"]
    assert new_election(tohyo, now).code == 0
    tohyo("zk", "setup", "vote", "--depth", 4)
    outcome = tohyo("election", "deploy", "election.json", "--dev-account", 0, "--json")
    assert outcome.code == 0, outcome.err
    assert "development keys: not for a real election" in outcome.err
    return outcome.json["contract"]


def advance(tohyo):
    return tohyo(
        "election",
        "advance",
        "--deployment",
        "deployment.json",
        "--dev-account",
        0,
        "--time-travel",
        "--json",
    )


def vote(tohyo, note, choice, *sender):
    return tohyo(
        "voter",
        "vote",
        "--note",
        note,
        "--choice",
        choice,
        "--deployment",
        "deployment.json",
        *sender,
        "--json",
    )


def test_an_election_by_hand_from_file_to_audit(tohyo, here, deployed, permitted):
    permitted("first.txt")
    permitted("second.txt")
    assert stat.S_IMODE((here / "first.txt").stat().st_mode) == 0o600

    status = tohyo("election", "status", "--deployment", "deployment.json", "--json").json
    assert (status["phase"], status["deposits"], status["ballots"]) == ("registration", 2, 0)

    moved = advance(tohyo)
    assert (moved.code, moved.json["phase"]) == (0, "voting")

    written = vote(tohyo, "first.txt", "いちご", "--out", "ballot.json")
    assert written.code == 0, written.err
    relayed = tohyo(
        "relayer", "send", "ballot.json", "--deployment", "deployment.json", "--dev-account", 2, "--json"
    )
    assert relayed.code == 0, relayed.err
    assert vote(tohyo, "second.txt", "2", "--dev-account", 3).code == 0

    found = tohyo(
        "voter",
        "check",
        "--nullifier-hash",
        written.json["nullifier_hash"],
        "--deployment",
        "deployment.json",
    )
    assert found.code == 0
    assert tohyo("voter", "check", "--note", "first.txt", "--deployment", "deployment.json").code == 0
    absent = tohyo("voter", "check", "--nullifier-hash", "12345", "--deployment", "deployment.json")
    assert absent.code == 1

    unfinished = tohyo("election", "result", "--deployment", "deployment.json", "--json").json
    assert unfinished["final"] is False
    closed = tohyo(
        "election", "close", "--deployment", "deployment.json", "--dev-account", 0, "--time-travel", "--json"
    )
    assert (closed.code, closed.json["phase"]) == (0, "closed")
    counted = tohyo("election", "result", "--deployment", "deployment.json", "--json").json
    assert counted["final"] is True
    assert counted["result"] == {"いちご": 1, "Melon": 0, "Peach": 1}

    audited = tohyo("audit", "--contract", deployed, "--json", "audit.json")
    assert audited.code == 0, audited.err
    assert json.loads((here / "audit.json").read_text())["verdict"] == "consistent"
    on_stdout = tohyo("audit", "--contract", deployed, "--json", "-")
    assert on_stdout.json["verdict"] == "consistent"


def test_an_audit_of_tampered_contracts_says_where_and_fails(tohyo, here, deployed, rpc):
    hasher = json.loads((here / "deployment.json").read_text())["hasher"]
    connect(rpc).provider.make_request("anvil_setCode", [hasher, "0x00"])
    audited = tohyo("audit", "--contract", deployed, "--json", "audit.json")
    assert audited.code == 1
    assert hasher in audited.out
    assert json.loads((here / "audit.json").read_text())["verdict"] == "inconsistent"


def test_nothing_a_voter_runs_prints_the_note(tohyo, here, deployed, permitted):
    outcome = permitted("note.txt")
    advance(tohyo)
    cast = vote(tohyo, "note.txt", "0", "--dev-account", 2)
    again = vote(tohyo, "note.txt", "1", "--dev-account", 2)
    secret_parts = [part for part in (here / "note.txt").read_text().strip().split("-") if len(part) >= 32]
    assert secret_parts
    said = outcome.out + outcome.err + cast.out + cast.err + again.out + again.err
    assert not any(part in said for part in secret_parts)


def test_a_note_votes_once(tohyo, here, deployed, permitted):
    permitted("note.txt")
    advance(tohyo)
    assert vote(tohyo, "note.txt", "0", "--dev-account", 2).code == 0
    again = vote(tohyo, "note.txt", "1", "--dev-account", 2)
    assert again.code == 2
    assert "note" in again.err


def test_a_note_of_another_election_is_named_as_such(tohyo, here, deployed, permitted):
    permitted("note.txt")
    (here / "deployment.json").rename(here / "first.json")
    second = tohyo("election", "deploy", "election.json", "--dev-account", 0, "--json")
    assert second.code == 0, second.err
    advance(tohyo)
    outcome = vote(tohyo, "note.txt", "0", "--dev-account", 2)
    assert outcome.code == 2
    assert "note_of_another_election" in outcome.err


def test_a_note_is_never_overwritten(tohyo, here, deployed):
    first = tohyo("voter", "note", "--deployment", "deployment.json")
    assert first.code == 0
    before = (here / "note.txt").read_text()
    assert tohyo("voter", "note", "--deployment", "deployment.json").code == 2
    assert (here / "note.txt").read_text() == before


def test_a_keystore_signs_and_a_wrong_password_is_told(tohyo, here, deployed, rpc):

    keystore = Account.encrypt(development_account(4).key, "correct", iterations=2)
    (here / "key.json").write_text(json.dumps(keystore))
    (here / "right").write_text("correct\n")
    (here / "wrong").write_text("guess\n")
    options = ("--deployment", "deployment.json", "--keystore", "key.json")
    bad = tohyo("election", "advance", *options, "--password-file", "wrong", "--time-travel")
    assert bad.code == 2
    assert "password" in bad.err
    good = tohyo("election", "advance", *options, "--password-file", "right", "--time-travel", "--json")
    assert good.code == 0, good.err
