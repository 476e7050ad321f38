"""Gas of a classic election as a committed snapshot, beside that of `cream` (tests/contracts/test_gas.py).

`TOHYO_UPDATE_GAS_SNAPSHOT=1 make test` writes it anew. Whole transactions, Anvil's default rules; zero bytes
in proofs and hashes make the small differences.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from chain.time import travel_to
from tests.support.small_election import CLASSIC, CLOSES, FEE, open_election, undone

SNAPSHOT = Path(__file__).with_name("gas_snapshot.json")
TOLERANCE = 200
HASH_TOLERANCE = 400  # an insertion is one of many words
KEY_TOLERANCE = 3_000  # a verifying key's words are random: one that begins with a zero byte is shorter code
CREAM_2020_DEPOSIT, CREAM_2020_VOTE = 953_702, 405_300  # as published by its authors


@pytest.fixture(scope="module")
def measured(whole_booth):
    with open_election(**CLASSIC) as fresh:
        used = {f"deploy {step}": gas for step, gas in fresh.deployment.gas.items()}
        leaf = 2**250 + 1
        deposits = [fresh.client.deposit(leaf + i, fresh.sender(0)).gas_used for i in range(8)]
    used["deposit, first"], used["deposit, second"], used["deposit, eighth"] = (
        deposits[0],
        deposits[1],
        deposits[-1],
    )
    with undone(whole_booth.w3):
        used["withdraw, the candidate's first"] = whole_booth.withdraw(whole_booth.ballot())["gasUsed"]
        with undone(whole_booth.w3):
            used["withdraw, sent directly"] = whole_booth.withdraw(whole_booth.ballot(voter=2))["gasUsed"]
        relayed = whole_booth.ballot(voter=1, relayer=whole_booth.running.relayer, fee=FEE)
        used["withdraw, fee to a relayer"] = whole_booth.withdraw(relayed)["gasUsed"]
        travel_to(whole_booth.w3, CLOSES)
        used["release"] = whole_booth.client.release(whole_booth.sender).gas_used
    return used


def tolerance(name: str) -> int:
    if name == "deploy verifier":
        return KEY_TOLERANCE
    return HASH_TOLERANCE if name.startswith("deposit") else TOLERANCE


def test_gas_is_as_committed(measured):
    if os.environ.get("TOHYO_UPDATE_GAS_SNAPSHOT"):
        SNAPSHOT.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    committed = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert measured.keys() == committed.keys()
    changed = {
        name: (committed[name], gas)
        for name, gas in measured.items()
        if abs(gas - committed[name]) > tolerance(name)
    }
    assert not changed, "gas changed (committed, measured); see the head of this file"


def test_a_classic_election_costs_less_than_the_original(measured):
    deposits = [gas for name, gas in measured.items() if name.startswith("deposit")]
    assert max(deposits) < CREAM_2020_DEPOSIT
    assert measured["withdraw, fee to a relayer"] < CREAM_2020_VOTE
