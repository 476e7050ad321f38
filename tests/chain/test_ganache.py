"""The same bytecode, and the same refusals, on Ganache."""

from __future__ import annotations

import pytest

from chain import contract_errors as errors
from chain.connection import connect
from chain.node import start_node


@pytest.fixture
def booth(voting_on):
    with start_node("ganache") as node:
        yield voting_on(connect(node.rpc_url, node.chain_id))


def test_an_election_is_held_on_ganache(booth, reverts):
    ballot = booth.ballot(choice=1)
    booth.client.cast_vote(ballot, booth.sender)
    assert booth.client.tally() == (0, 1, 0)
    assert booth.client.leaves() == [voter.commitment for voter in booth.voters]
    with reverts(errors.NullifierAlreadySpentError, nullifier_hash=ballot.nullifier_hash):
        booth.cast(ballot)
    with reverts(errors.UnknownRootError, root=1):
        booth.cast(ballot, root=1)
    with reverts(errors.InvalidProofError):
        booth.cast(booth.ballot(1), choice=2)


def test_what_failed_after_all_says_why_on_ganache_too(booth):
    data = booth.cream.encode_abi("depositMany", [[1]])
    with pytest.raises(errors.NotRegistrarError):
        booth.sender.send({"to": booth.client.address, "data": data, "gas": 200_000})
