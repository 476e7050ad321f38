from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from chain.contract_errors import (
    ContractError,
    FeeTooHighError,
    InvalidProofError,
    NullifierAlreadySpentError,
    RelayerMissingError,
    UnknownCandidateError,
    UnknownRootError,
    WrongPhaseError,
)
from election.address import ZERO_ADDRESS
from relayer.errors import FeeTooLowError, RelayerOfAnotherAccountError
from relayer.submitter import Submitter
from tests.support.small_election import (
    DENOMINATION,
    DEPOSITOR,
    FEE,
    RELAYER,
    VOTERS,
    SmallElection,
    open_election,
    undone,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from election.ballot import Ballot
    from zk.groth16 import Proof


@pytest.fixture(scope="module")
def election() -> Iterator[SmallElection]:
    with open_election() as running:
        running.register(VOTERS)
        running.open_voting()
        yield running


@pytest.fixture(scope="module")
def ballot(election: SmallElection) -> Ballot:
    return election.ballot(election.notes[0], 1, fee=FEE)


@pytest.fixture(scope="module")
def free_ballot(election: SmallElection) -> Ballot:
    return election.ballot(election.notes[1], 2)


@pytest.fixture
def submitter(election: SmallElection) -> Submitter:
    return Submitter.for_election(election.client, election.sender(RELAYER))


@pytest.fixture(autouse=True)
def _undone(election: SmallElection) -> Iterator[None]:
    with undone(election.w3):
        yield


def test_a_good_ballot_is_cast_and_the_relayer_paid(
    election: SmallElection, submitter: Submitter, ballot: Ballot
) -> None:
    before = election.w3.eth.get_balance(election.relayer)
    result = submitter.submit(ballot)
    receipt = election.w3.eth.get_transaction_receipt(result.hash)
    spent = receipt["gasUsed"] * receipt["effectiveGasPrice"]
    assert receipt["from"] == election.relayer
    assert election.client.tally() == (0, 1, 0)
    assert election.w3.eth.get_balance(election.relayer) == before - spent + FEE


def test_a_ballot_without_fee_is_carried_by_anyone(election: SmallElection, free_ballot: Ballot) -> None:
    for account in (RELAYER, DEPOSITOR):
        Submitter.for_election(election.client, election.sender(account)).check(free_ballot)


def test_checking_changes_nothing(election: SmallElection, submitter: Submitter, ballot: Ballot) -> None:
    block = election.w3.eth.block_number
    submitter.check(ballot)
    assert election.w3.eth.block_number == block


def other_proof(ballot: Ballot) -> Proof:
    return dataclasses.replace(ballot.proof, c=ballot.proof.a)


REFUSALS: list[tuple[str, Callable[[Ballot], Ballot], type[ContractError]]] = [
    ("an unknown candidate", lambda b: dataclasses.replace(b, choice=3), UnknownCandidateError),
    ("a fee above the deposit", lambda b: dataclasses.replace(b, fee=DENOMINATION + 1), FeeTooHighError),
    ("a fee for nobody", lambda b: dataclasses.replace(b, relayer=ZERO_ADDRESS), RelayerMissingError),
    ("an unknown root", lambda b: dataclasses.replace(b, root=b.root ^ 1), UnknownRootError),
    ("another choice", lambda b: dataclasses.replace(b, choice=0), InvalidProofError),
    ("another fee", lambda b: dataclasses.replace(b, fee=FEE - 1), InvalidProofError),
    ("another nullifier hash", lambda b: dataclasses.replace(b, nullifier_hash=7), InvalidProofError),
    ("another proof", lambda b: dataclasses.replace(b, proof=other_proof(b)), InvalidProofError),
]  # fmt: skip


@pytest.mark.parametrize(("_what", "change", "error"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_what_the_contract_would_refuse_is_refused_here_with_the_same_error(
    election: SmallElection,
    submitter: Submitter,
    ballot: Ballot,
    _what: str,
    change: Callable[[Ballot], Ballot],
    error: type[ContractError],
) -> None:
    bad, block = change(ballot), election.w3.eth.block_number
    with pytest.raises(error):
        submitter.submit(bad)
    assert election.w3.eth.block_number == block
    with pytest.raises(error):
        election.client.cast_vote(bad, election.sender(RELAYER))


def test_a_proof_that_is_no_point_of_the_curve_is_refused(submitter: Submitter, ballot: Ballot) -> None:
    x, y = ballot.proof.a
    off_curve = dataclasses.replace(ballot.proof, a=(x, y ^ 1))
    with pytest.raises(InvalidProofError):
        submitter.check(dataclasses.replace(ballot, proof=off_curve))


def test_a_ballot_that_was_counted_is_refused(
    election: SmallElection, submitter: Submitter, ballot: Ballot
) -> None:
    submitter.submit(ballot)
    again = election.ballot(election.notes[0], 0, fee=FEE)
    for repeated in (ballot, again):
        with pytest.raises(NullifierAlreadySpentError):
            submitter.submit(repeated)


def test_a_fee_for_another_relayer_is_not_worked_for(election: SmallElection, ballot: Ballot) -> None:
    stranger = Submitter.for_election(election.client, election.sender(DEPOSITOR))
    with pytest.raises(RelayerOfAnotherAccountError):
        stranger.submit(ballot)


def test_a_relayer_may_ask_a_minimum_fee(
    election: SmallElection, ballot: Ballot, free_ballot: Ballot
) -> None:
    greedy = Submitter.for_election(election.client, election.sender(RELAYER), minimum_fee=FEE + 1)
    for poor in (ballot, free_ballot):
        with pytest.raises(FeeTooLowError):
            greedy.submit(poor)
    modest = Submitter.for_election(election.client, election.sender(RELAYER), minimum_fee=FEE)
    modest.check(ballot)


def test_after_the_close_nothing_is_carried(
    election: SmallElection, submitter: Submitter, ballot: Ballot
) -> None:
    election.close()
    with pytest.raises(WrongPhaseError):
        submitter.submit(ballot)
