"""Gas as a committed snapshot: a change shows in review.

`TOHYO_UPDATE_GAS_SNAPSHOT=1 make test` writes it anew. Whole transactions at depth 4, Anvil's default rules;
a zero byte in a proof or a hash costs 12 less than another, hence the tolerance.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from chain.time import travel_to

SNAPSHOT = Path(__file__).with_name("gas_snapshot.json")
TOLERANCE = 150
KEY_TOLERANCE = 2_000  # a verifying key's words are random: one that begins with a zero byte is shorter code
COIN = 10**15
TREASURY = "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955"
RELAYER = "0x976EA74026E726554dB657fA54763abd0C3a0aa9"


@pytest.fixture
def measured(registering, voting):
    standing = voting()
    vote = standing.cast(standing.ballot())["gasUsed"]
    booth = registering()
    used = {f"deploy {step}": gas for step, gas in booth.deployment.gas.items()}
    leaf = 2**250 + 1
    deposits = [booth.client.deposit(leaf + i, booth.registrar).gas_used for i in range(8)]
    used["deposit, first"], used["deposit, eighth"] = deposits[0], deposits[-1]
    used["deposit with permit, ninth"] = booth.call(
        "deposit(uint256,uint256,bytes)", *booth.permit(leaf + 8)
    )["gasUsed"]
    used["depositMany of 4"] = booth.client.deposit_many(
        [leaf + 9 + i for i in range(4)], booth.registrar
    ).gas_used
    used["checkpoint"] = booth.client.checkpoint(booth.sender).gas_used
    travel_to(booth.w3, booth.voting)
    used["advance to voting"] = booth.client.advance(booth.sender).gas_used
    used["castVote, no money"] = vote
    anchoring = registering()
    for which, entries in (("first", 12), ("second", 15)):
        anchored = anchoring.client.anchor_log(bytes(range(1, 33)), entries, 1000, anchoring.registrar)
        used[f"anchorLog, {which}"] = anchored.gas_used
    paying = voting(denomination=COIN, treasury=TREASURY)
    used["castVote, fee to a relayer"] = paying.cast(paying.ballot(relayer=RELAYER, fee=COIN // 10))[
        "gasUsed"
    ]
    travel_to(paying.w3, paying.closes)
    used["release"] = paying.client.release(paying.sender).gas_used
    return used


def test_gas_is_as_committed(measured):
    if os.environ.get("TOHYO_UPDATE_GAS_SNAPSHOT"):
        SNAPSHOT.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    committed = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert measured.keys() == committed.keys()
    changed = {
        name: (committed[name], gas)
        for name, gas in measured.items()
        if abs(gas - committed[name]) > (KEY_TOLERANCE if name == "deploy verifier" else TOLERANCE)
    }
    assert not changed, "gas changed (committed, measured); see the head of this file"


def test_a_vote_costs_less_than_its_bar(measured):
    assert measured["castVote, no money"] <= 270_000
