"""Senders: many transactions under way, and failures that say why."""

from __future__ import annotations

import pytest
from eth_account import Account

from chain import contract_errors as errors
from chain.errors import RpcFailedError, TransactionFailedError
from chain.sender import AccountSender, UnlockedSender

KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"


@pytest.fixture
def own(w3):
    return AccountSender(w3, Account.from_key(KEY))


def test_an_account_sends_with_its_own_key(w3, own):
    receipt = own.send({"to": "0x" + 40 * "7", "value": 5})
    assert receipt["from"] == own.address
    assert w3.eth.get_balance("0x" + 40 * "7") == 5


def test_many_transactions_are_on_their_way_at_once(w3, own):
    w3.provider.make_request("evm_setAutomine", [False])
    try:
        sent = [own.send_nowait({"to": "0x" + 40 * "7", "value": 1}) for _ in range(5)]
        assert len(set(sent)) == 5
        w3.provider.make_request("evm_mine", [])
        assert len({own.wait(each)["blockNumber"] for each in sent}) == 1
    finally:
        w3.provider.make_request("evm_setAutomine", [True])


def test_a_transaction_the_node_refuses_does_not_cost_a_nonce(w3, own):
    own.send({"to": "0x" + 40 * "7", "value": 1})
    with pytest.raises(RpcFailedError):
        own.send({"to": "0x" + 40 * "7", "value": 10**40, "gas": 21_000})
    assert own.send({"to": "0x" + 40 * "7", "value": 1})["status"] == 1
    del w3


def test_what_the_contract_would_refuse_is_not_sent(registering):
    booth = registering()
    own = AccountSender(booth.w3, Account.from_key(KEY))
    before = booth.w3.eth.get_transaction_count(own.address)
    with pytest.raises(errors.NotRegistrarError):
        booth.client.deposit(5, own)
    assert booth.w3.eth.get_transaction_count(own.address) == before


def test_what_failed_after_all_says_why(registering):
    booth = registering()
    data = booth.cream.encode_abi("deposit(uint256)", [5])
    with pytest.raises(errors.NotRegistrarError):
        booth.sender.send({"to": booth.client.address, "data": data, "gas": 200_000})


def test_a_transaction_without_enough_gas_says_so(registering):
    booth = registering()
    data = booth.cream.encode_abi("deposit(uint256)", [5])
    with pytest.raises(TransactionFailedError, match="ran out"):
        booth.registrar.send({"to": booth.client.address, "data": data, "gas": 60_000})


def test_two_senders_of_one_ballot_see_it_counted_once(voting):
    booth = voting()
    ballot = booth.ballot()
    first, second = (UnlockedSender(booth.w3, booth.w3.eth.accounts[place]) for place in (2, 3))
    booth.w3.provider.make_request("evm_setAutomine", [False])
    try:
        words = (
            ballot.choice,
            ballot.root,
            ballot.nullifier_hash,
            ballot.relayer,
            ballot.fee,
            ballot.proof.to_evm(),
        )
        transaction = {
            "to": booth.client.address,
            "data": booth.cream.encode_abi("castVote", words),
            "gas": 400_000,
        }
        sent = [(sender, sender.send_nowait(transaction)) for sender in (first, second)]
        booth.w3.provider.make_request("evm_mine", [])
    finally:
        booth.w3.provider.make_request("evm_setAutomine", [True])
    outcomes = []
    for sender, transaction_hash in sent:
        try:
            outcomes.append(sender.wait(transaction_hash)["status"])
        except errors.NullifierAlreadySpentError as error:
            outcomes.append(error.code)
    assert sorted(outcomes, key=str) == [1, "nullifier_already_spent"]
    assert booth.client.tally() == (1, 0, 0)
