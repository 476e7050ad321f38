"""An election office run by hand: test cards, two officers, the service, a voter, and an auditor."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chain.connection import connect
from chain.paths import PROJECT_ROOT
from election.roll import load_roll
from identity.testpki.card_file import DEFAULT_PASSWORD
from tests.cli.test_by_hand import advance, new_election, vote

ELECTION = ("--deployment", "deployment.json")


@pytest.fixture
def program(here):
    """Run a command of tohyo that goes on until it is told to stop; gives its first line."""
    running = []

    def start(*arguments):
        child = [sys.executable, "-m", "scripts.tohyo.demo.child", str(os.getpid())]
        with (here / f"{arguments[0]}.log").open("w") as log:
            process = subprocess.Popen(
                [*child, *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
            )
        running.append(process)
        return process.stdout.readline().strip()

    yield start
    for process in running:
        process.terminate()
        assert process.wait(timeout=30) == 0
        process.stdout.close()


@pytest.fixture
def deployed(tohyo, here, rpc):
    now = connect(rpc).eth.get_block("latest")["timestamp"]
    assert new_election(tohyo, now).code == 0
    assert tohyo("zk", "setup", "vote", "--depth", 4).code == 0
    outcome = tohyo("election", "deploy", "election.json", "--dev-account", 0, "--json")
    assert outcome.code == 0, outcome.err
    return outcome.json["contract"]


def officer(name):
    return (
        "--config",
        "office/registrar.toml",
        "--officer",
        name,
        "--officer-key",
        f"office/officer-{name}.pem",
    )


def put_two_voters_on_the_roll(tohyo):
    assert tohyo("testpki", "roll", "roll.csv", "--voters", 2).code == 0
    proposed = tohyo("roll", "import", "roll.csv", *officer("hanako"), "--json")
    assert proposed.code == 0, proposed.err
    alone = tohyo("roll", "approve", proposed.json["id"], *officer("hanako"))
    assert alone.code == 2
    assert tohyo("roll", "show", "--config", "office/registrar.toml", "--json").json["people"] == 0
    approved = tohyo("roll", "approve", proposed.json["id"], *officer("taro"), "--json")
    assert (approved.code, approved.json["state"]) == (0, "applied")
    return list(load_roll(Path("roll.csv")))


def register(tohyo, service, voter, note):
    made = tohyo("voter", "note", "--out", note, *ELECTION)
    assert made.code == 0, made.err
    card = ("--card", f"cards/cards/{voter}", "--password-file", "password")
    receipt = ("--receipt", note.replace(".txt", ".receipt.json"))
    return tohyo("voter", "register", "--api", service, "--note", note, *card, *receipt, *ELECTION, "--json")


def wait_until_deposited(tohyo, service, receipt):
    for _ in range(150):
        asked = tohyo("voter", "registration", "--receipt", receipt, "--api", service, *ELECTION, "--json")
        if asked.json["status"] == "deposited":
            return asked.json
        assert asked.json["status"] in {"queued", "submitted"}
        assert asked.code == 1
        time.sleep(0.2)
    pytest.fail("the registration is not in the tree")


def test_an_office_registers_voters_and_an_auditor_checks_them(tohyo, here, deployed, program):
    (here / "password").write_text(DEFAULT_PASSWORD + "\n")
    officers = ("--officer", "hanako", "--officer", "taro", "--registrar-dev-account", 0)
    begun = tohyo("api", "new", "office", "--mode", "test", *officers, "--root", "cards/roots.pem", *ELECTION)
    assert begun.code == 0, begun.err
    again = tohyo("api", "new", "office", "--mode", "test", *officers, "--root", "cards/roots.pem", *ELECTION)
    assert again.code == 2
    first, second = put_two_voters_on_the_roll(tohyo)
    assert tohyo("testpki", "new", "cards", "--roll", "roll.csv", "--next-generation", 100).code == 0
    responder = program("testpki", "serve", "cards", "--port", 0).split()[-1]
    settings = ("--config", "office/registrar.toml", "--ocsp-url", responder)
    service = program("api", "serve", *settings, "--port", 0)

    registered = register(tohyo, service, first, "first.txt")
    assert registered.code == 0, registered.err
    assert "test cards: not for a real election" in registered.err
    standing = wait_until_deposited(tohyo, service, "first.receipt.json")
    assert standing["leaf_index"] == 0
    other_note = register(tohyo, service, first, "other.txt")
    assert (other_note.code, "already_deposited" in other_note.err) == (2, True)
    contested = ("voter", "contest", "--refusal", "other.receipt-refusal.json", "--api", service, *ELECTION)
    assert tohyo(*contested, "--json").json["outcome"] == "open"
    assert register(tohyo, service, second, "second.txt").code == 0
    wait_until_deposited(tohyo, service, "second.receipt.json")

    advance(tohyo)
    assert vote(tohyo, "first.txt", "Melon", "--dev-account", 3).code == 0
    assert vote(tohyo, "second.txt", "Peach", "--dev-account", 3).code == 0
    audited = tohyo("audit", "--contract", deployed, "--json", "-")
    assert (audited.code, audited.json["verdict"]) == (0, "consistent")
