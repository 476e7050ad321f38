"""The typed client: reads, events in chain order, and results of writes."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from chain import events, logs
from chain.errors import NoContractError
from chain.time import travel_to
from election.permit import DepositPermit
from election.phase import Phase


@pytest.fixture
def story(registering):
    """An election with a deposit of each kind, a checkpoint, a vote."""
    booth = registering()
    commitments = [voter.commitment for voter in booth.voters]
    booth.client.deposit(commitments[0], booth.registrar)
    booth.client.deposit_with_permit(DepositPermit(*booth.permit(commitments[1])), booth.sender)
    booth.client.deposit_many(commitments[2:], booth.registrar)
    booth.client.checkpoint(booth.sender)
    booth.tree.extend(commitments)
    travel_to(booth.w3, booth.voting)
    booth.client.advance(booth.sender)
    booth.client.cast_vote(booth.ballot(choice=1), booth.sender)
    return booth


def test_events_tell_the_story_in_order(story):
    told = story.client.events()
    kinds = [type(event) for event in told]
    assert kinds == [
        events.ElectionDeployed,
        *[events.Deposited, events.Transfer] * 3,
        events.Checkpointed,
        events.PhaseAdvanced,
        events.Transfer,
        events.BallotCast,
    ]
    assert [(event.block_number, event.log_index) for event in told] == sorted(
        (event.block_number, event.log_index) for event in told
    )


def test_events_carry_their_blocks_time(story):
    for event in story.client.events():
        assert event.timestamp == story.w3.eth.get_block(event.block_number)["timestamp"]


def test_events_are_the_same_however_they_are_asked_for(story, monkeypatch):
    whole = story.client.events()
    monkeypatch.setattr(logs, "BLOCKS_PER_REQUEST", 1)
    asked = []
    assert story.client.events(on_progress=lambda done, total: asked.append((done, total))) == whole
    blocks = story.w3.eth.block_number - story.client.deployment_block() + 1
    assert asked == [(done, blocks) for done in range(1, blocks + 1)]


def test_another_contracts_events_are_not_ours(story, deploy):
    before = story.client.events()
    other = deploy("TreeHarness", 4, story.deployment.hasher)
    other.functions.insertAndCheckpoint([5]).transact({"from": story.sender.address})
    assert story.client.events() == before


def test_events_of_one_kind_or_of_some_blocks(story):
    client = story.client
    (cast,) = client.events(names={"BallotCast"})
    assert client.events(from_block=cast.block_number) == client.events()[-2:]
    assert client.events(to_block=client.deployment_block()) == client.events(names={"ElectionDeployed"})
    assert client.events(from_block=5, to_block=4) == []


def test_the_deployments_block_is_found(story):
    assert story.client.deployment_block() == story.deployment.block_number


def test_leaves_come_in_order(story):
    assert story.client.leaves() == [voter.commitment for voter in story.voters]


def test_reads_agree_with_the_story(story):
    client, ballot = story.client, story.ballot(choice=1)
    assert client.phase() is Phase.VOTING
    assert client.leaf_count() == client.total_supply() == 3
    assert client.latest_root() == story.tree.root
    assert client.is_known_root(story.tree.root)
    assert not client.is_known_root(1)
    assert client.is_spent(ballot.nullifier_hash)
    assert not client.is_spent(1)
    assert client.tally() == (0, 1, 0)
    assert client.transcript_hash() == bytes(32)
    assert client.chain_id() == 31337


def test_a_result_is_its_transactions(story):
    result = story.client.cast_vote(story.ballot(1), story.sender)
    receipt = story.w3.eth.get_transaction_receipt(result.hash)
    time = story.w3.eth.get_block(receipt["blockNumber"])["timestamp"]
    assert astuple(result) == (
        "castVote",
        receipt["transactionHash"].to_0x_hex(),
        receipt["gasUsed"],
        receipt["blockNumber"],
        time,
    )


def test_many_deposits_report_progress(registering):
    booth = registering(depth=6, electorate=50)
    seen = []
    results = booth.client.deposit_each(
        range(1, 41), booth.registrar, lambda done, total: seen.append((done, total))
    )
    assert seen == [(done, 40) for done in range(1, 41)]
    assert {result.operation for result in results} == {"deposit"}
    assert booth.client.leaves() == list(range(1, 41))


def test_many_ballots_are_cast_at_once(voting):
    booth = voting()
    booth.client.cast_votes([booth.ballot(voter, choice=2) for voter in range(3)], booth.sender)
    assert booth.client.tally() == (0, 0, 3)


def test_deposits_in_one_block_have_gas_for_the_merges_their_estimates_did_not_see(registering):
    booth = registering()
    booth.w3.provider.make_request("evm_setAutomine", [False])
    try:
        sent = [
            booth.registrar.send_nowait(
                booth.client._prepared(
                    "deposit", booth.client._fn("deposit(uint256)", leaf), booth.registrar, 0
                )
            )
            for leaf in range(1, 17)
        ]
        booth.w3.provider.make_request("evm_mine", [])
        assert len({booth.registrar.wait(each)["blockNumber"] for each in sent}) == 1
    finally:
        booth.w3.provider.make_request("evm_setAutomine", [True])
    assert booth.client.leaf_count() == 16


def test_a_contract_that_is_gone_is_told(w3, story):
    w3.provider.make_request("anvil_setCode", [story.client.address, "0x"])
    with pytest.raises(NoContractError):
        type(story.client)(w3, story.client.address)
