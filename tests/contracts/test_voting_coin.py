"""The count as ERC-20's read side."""

from __future__ import annotations

import pytest

from chain import contract_errors as errors
from chain.connection import typed_errors

ERC20_READ_SIDE = [
    {
        "type": "function",
        "stateMutability": "view",
        "name": name,
        "inputs": inputs,
        "outputs": [{"type": kind}],
    }
    for name, inputs, kind in (
        ("name", [], "string"),
        ("symbol", [], "string"),
        ("decimals", [], "uint8"),
        ("totalSupply", [], "uint256"),
        ("balanceOf", [{"type": "address"}], "uint256"),
    )
]


def test_a_wallet_that_knows_erc20_alone_can_count(voting):
    booth = voting()
    booth.cast(booth.ballot(0, choice=1))
    booth.cast(booth.ballot(1, choice=1))
    coin = booth.w3.eth.contract(address=booth.client.address, abi=ERC20_READ_SIDE).functions
    assert (coin.name().call(), coin.symbol().call(), coin.decimals().call()) == ("tohyo vote", "VOTE", 0)
    assert coin.totalSupply().call() == 3
    candidates = booth.client.config().candidates
    assert [coin.balanceOf(account).call() for account in candidates] == [0, 2, 0]
    assert coin.balanceOf(booth.client.address).call() == 1
    assert coin.balanceOf(booth.sender.address).call() == 0


def test_transfers_tell_every_coins_way(voting):
    booth = voting()
    booth.cast(booth.ballot(choice=2))
    zero, election, candidate = "0x" + 40 * "0", booth.client.address, booth.client.config().candidates[2]
    ways = [(event.sender, event.recipient, event.value) for event in booth.client.events(names={"Transfer"})]
    assert ways == [(zero, election, 1)] * 3 + [(election, candidate, 1)]


def test_coins_are_conserved(voting):
    booth = voting()
    for voter in range(3):
        candidates = booth.client.config().candidates
        held = sum(booth.client.balance_of(account) for account in (*candidates, booth.client.address))
        assert held == booth.client.total_supply() == booth.client.leaf_count()
        booth.cast(booth.ballot(voter, choice=voter))


def test_candidates_are_read_by_number(voting, reverts):
    booth = voting()
    booth.cast(booth.ballot(choice=2))
    functions = booth.cream.functions
    assert functions.candidateCount().call() == 3
    assert functions.candidate(2).call() == [booth.election.candidates[2].address, 1]
    with reverts(errors.UnknownCandidateError, choice=3), typed_errors():
        functions.candidate(3).call()


@pytest.mark.parametrize(
    "name", ["transfer", "transferFrom", "approve", "mint", "burn", "owner", "upgradeTo"]
)
def test_nobody_has_power_over_coins(voting, name):
    names = {entry["name"] for entry in voting().cream.abi if entry["type"] == "function"}
    assert name not in names
