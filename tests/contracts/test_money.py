"""Deposits with money: fee to the relayer, the rest to the treasury, and payees that misbehave."""

from __future__ import annotations

import pytest

from chain import contract_errors as errors
from chain.time import travel_to

COIN = 10**15
FEE = COIN // 10
RELAYER = "0x976EA74026E726554dB657fA54763abd0C3a0aa9"
TREASURY = "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955"
CALL_GAS = 3_000_000


def balances(booth, *accounts):
    return [booth.w3.eth.get_balance(account) for account in accounts]


@pytest.mark.parametrize("fee", [0, FEE, COIN])
def test_a_vote_pays_the_relayer_its_fee_and_the_treasury_the_rest(voting, fee):
    booth = voting(denomination=COIN, treasury=TREASURY)
    relayer, treasury = balances(booth, RELAYER, TREASURY)
    booth.cast(booth.ballot(relayer=RELAYER, fee=fee))
    assert balances(booth, RELAYER, TREASURY) == [relayer + fee, treasury + COIN - fee]
    assert balances(booth, booth.client.address) == [2 * COIN]


def test_a_vote_without_relayer_or_fee_pays_the_treasury_all(voting):
    booth = voting(denomination=COIN, treasury=TREASURY)
    (treasury,) = balances(booth, TREASURY)
    booth.cast(booth.ballot())
    assert balances(booth, TREASURY) == [treasury + COIN]


def test_a_fee_above_the_denomination_is_refused(voting, reverts):
    booth = voting(denomination=COIN, treasury=TREASURY)
    with reverts(errors.FeeTooHighError, fee=COIN + 1, denomination=COIN):
        booth.cast(booth.ballot(relayer=RELAYER, fee=COIN), fee=COIN + 1)


def test_a_fee_needs_a_relayer(voting, reverts):
    booth = voting(denomination=COIN, treasury=TREASURY)
    with reverts(errors.RelayerMissingError, fee=FEE):
        booth.cast(booth.ballot(), fee=FEE)


@pytest.mark.parametrize("changes", [{"fee": FEE + 1}, {"fee": FEE - 1}, {"relayer": TREASURY}])
def test_another_fee_or_relayer_than_the_voters_is_refused(voting, reverts, changes):
    booth = voting(denomination=COIN, treasury=TREASURY)
    with reverts(errors.InvalidProofError):
        booth.cast(booth.ballot(relayer=RELAYER, fee=FEE), **changes)


def test_a_relayer_that_refuses_its_fee_does_not_cast_the_ballot(voting, deploy, reverts):
    booth = voting(denomination=COIN, treasury=TREASURY)
    relayer = deploy("RefusingPayee").address
    with reverts(errors.RelayerPaymentRefusedError, relayer=relayer, fee=FEE):
        booth.cast(booth.ballot(relayer=relayer, fee=FEE))
    assert not booth.client.is_spent(booth.ballot(relayer=relayer, fee=FEE).nullifier_hash)


@pytest.mark.parametrize("name", ["RefusingPayee", "GasBurningPayee", "ReturnBombPayee"])
def test_a_treasury_that_fails_does_not_stop_votes_and_its_money_waits(voting, deploy, name):
    booth = voting(denomination=COIN, treasury=deploy(name).address)
    used = booth.cast(booth.ballot(relayer=RELAYER, fee=FEE))["gasUsed"]
    assert booth.client.tally() == (1, 0, 0)
    assert booth.client.releasable() == COIN - FEE
    assert [event.amount for event in booth.client.events(names={"TreasuryPaymentDeferred"})] == [COIN - FEE]
    assert used < 450_000


def test_release_sends_what_the_treasury_had_refused_and_no_more(voting, deploy, reverts):
    treasury = deploy("RefusingPayee")
    booth = voting(denomination=COIN, treasury=treasury.address)
    for voter in range(2):
        booth.cast(booth.ballot(voter, relayer=RELAYER, fee=FEE))
    with reverts(errors.TreasuryPaymentRefusedError, treasury=treasury.address, amount=2 * (COIN - FEE)):
        booth.client.release(booth.sender)
    treasury.functions.accept().transact({"from": booth.sender.address})
    booth.client.release(booth.sender)
    assert balances(booth, treasury.address, booth.client.address) == [2 * (COIN - FEE), COIN]
    assert [event.amount for event in booth.client.events(names={"Released"})] == [2 * (COIN - FEE)]
    with reverts(errors.NothingToReleaseError):
        booth.client.release(booth.sender)


def test_deposits_that_never_voted_go_to_the_treasury_only_after_the_close(voting, reverts):
    booth = voting(denomination=COIN, treasury=TREASURY)
    booth.cast(booth.ballot())
    assert booth.client.releasable() == 0
    with reverts(errors.NothingToReleaseError):
        booth.client.release(booth.sender)
    travel_to(booth.w3, booth.closes)
    (before,) = balances(booth, TREASURY)
    assert booth.client.releasable() == 2 * COIN
    booth.client.release(booth.sender)
    assert balances(booth, TREASURY, booth.client.address) == [before + 2 * COIN, 0]


def test_money_forced_upon_the_contract_belongs_to_the_treasury(voting):
    booth = voting(denomination=COIN, treasury=TREASURY)
    held = booth.w3.eth.get_balance(booth.client.address)
    booth.w3.provider.make_request("anvil_setBalance", [booth.client.address, hex(held + 7)])
    assert booth.client.releasable() == 7
    booth.client.release(booth.sender)
    booth.cast(booth.ballot())
    assert booth.w3.eth.get_balance(booth.client.address) == 2 * COIN


def test_plain_money_is_not_taken(voting, reverts):
    booth = voting(denomination=COIN, treasury=TREASURY)
    with pytest.raises(errors.UnknownRevertError):
        booth.sender.send({"to": booth.client.address, "value": 1})
    del reverts


def prepared_vote(booth, ballot):
    words = (
        ballot.choice,
        ballot.root,
        ballot.nullifier_hash,
        ballot.relayer,
        ballot.fee,
        ballot.proof.to_evm(),
    )
    return booth.cream.encode_abi("castVote", words)


def reverted_with(answer):
    return errors.error_from_revert(answer)


@pytest.mark.parametrize("again", ["the same ballot", "another ballot", "release"])
def test_a_relayer_that_calls_back_gains_nothing(voting, deploy, again):
    booth = voting(denomination=COIN, treasury=TREASURY)
    relayer = deploy("ReentrantPayee")
    ballot = booth.ballot(0, relayer=relayer.address, fee=FEE)
    data, error = {
        "the same ballot": (prepared_vote(booth, ballot), errors.NullifierAlreadySpentError),
        "another ballot": (
            prepared_vote(booth, booth.ballot(1, relayer=relayer.address, fee=FEE)),
            errors.ReentrancyGuardReentrantCallError,
        ),
        "release": (booth.cream.encode_abi("release"), errors.ReentrancyGuardReentrantCallError),
    }[again]
    relayer.functions.prepare(booth.client.address, data).transact({"from": booth.sender.address})
    booth.call_with_gas(prepared_vote(booth, ballot), CALL_GAS)
    called_back, succeeded, answer = relayer.functions.outcome().call()
    assert (called_back, succeeded) == (True, False)
    assert type(reverted_with(answer)) is error
    assert booth.client.tally() == (1, 0, 0)
    assert balances(booth, relayer.address, booth.client.address) == [FEE, 2 * COIN]


def test_a_treasury_that_calls_back_gains_nothing(voting, deploy):
    treasury = deploy("ReentrantPayee")
    booth = voting(denomination=COIN, treasury=treasury.address)
    booth.cast(booth.ballot())
    travel_to(booth.w3, booth.closes)
    data = booth.cream.encode_abi("release")
    treasury.functions.prepare(booth.client.address, data).transact({"from": booth.sender.address})
    booth.call_with_gas(data, CALL_GAS)
    called_back, succeeded, answer = treasury.functions.outcome().call()
    assert (called_back, succeeded) == (True, False)
    assert type(reverted_with(answer)) is errors.ReentrancyGuardReentrantCallError
    assert balances(booth, treasury.address, booth.client.address) == [3 * COIN, 0]
