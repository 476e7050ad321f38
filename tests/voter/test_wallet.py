from __future__ import annotations

import dataclasses
import json
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from web3 import Web3

from chain.contract_errors import FeeTooHighError, RelayerMissingError, WrongPhaseError
from chain.cream import CreamClient
from election.cryptography import CRYPTOGRAPHY
from election.errors import UnknownCandidateError
from election.phase import Phase
from election.scheme import Scheme
from tests.support.lying_node import LyingProvider, lying_w3
from tests.support.small_election import (
    DENOMINATION,
    FEE,
    RELAYER,
    VOTERS,
    SmallElection,
    open_election,
    prover,
    undone,
    vote_keys,
)
from voter.errors import (
    NodeContradictsItselfError,
    NotCheckpointedYetError,
    NotDepositedYetError,
    NoteAlreadyUsedError,
    NoteOfAnotherElectionError,
    VoterError,
)
from voter.note import Note
from voter.wallet import check_ballot, prepare_ballot, unproven_ballot
from zk.circuit import UnsatisfiedConstraintError
from zk.merkle import IncrementalMerkleTree
from zk.proving import StatementVerifier

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def election() -> Iterator[SmallElection]:
    """Registration is done; voting has opened."""
    with open_election() as running:
        running.register(VOTERS)
        running.open_voting()
        yield running


@pytest.fixture
def note(election: SmallElection) -> Note:
    return election.notes[3]


@pytest.fixture(autouse=True)
def _undone(election: SmallElection) -> Iterator[None]:
    with undone(election.w3):
        yield


def test_a_prepared_ballot_is_proven_and_the_contract_takes_it(election: SmallElection, note: Note) -> None:
    ballot = prepare_ballot(note, election.client, prover(), 2, election.relayer, FEE)
    identity = election.deployment.election_id
    assert StatementVerifier(vote_keys().verifying_key).verify(
        ballot.proof, CRYPTOGRAPHY[Scheme.CREAM].statement(ballot, identity, [])
    )
    assert ballot.root == election.client.latest_root()
    election.client.cast_vote(ballot, election.sender(RELAYER))
    assert election.client.tally() == (0, 0, 1)


def test_a_voter_finds_the_ballot_by_its_nullifier_hash(election: SmallElection, note: Note) -> None:
    ballot = prepare_ballot(note, election.client, prover(), 1)
    before = check_ballot(election.client, ballot.nullifier_hash)
    assert not before.counted
    result = election.client.cast_vote(ballot, election.sender(RELAYER))
    status = check_ballot(election.client, note.nullifier_hash(election.deployment.election_id))
    assert (status.counted, status.choice) == (True, 1)
    assert (status.block_number, status.transaction_hash) == (result.block_number, result.hash)
    assert status.to_json()["nullifier_hash"] == str(ballot.nullifier_hash)


def test_a_note_votes_once(election: SmallElection, note: Note) -> None:
    ballot = prepare_ballot(note, election.client, prover(), 1)
    election.client.cast_vote(ballot, election.sender(RELAYER))
    with pytest.raises(NoteAlreadyUsedError):
        prepare_ballot(note, election.client, prover(), 2)


def test_a_note_that_was_not_deposited_is_told_so(election: SmallElection) -> None:
    with pytest.raises(NotDepositedYetError) as caught:
        prepare_ballot(election.new_note(), election.client, prover(), 0)
    assert "tohyo voter deposit" in caught.value.hint


def test_a_note_of_another_election_is_told_so(election: SmallElection, note: Note) -> None:
    for other in (Note.create(1, note.contract), Note.create(note.chain_id, "0x" + 40 * "1")):
        with pytest.raises(NoteOfAnotherElectionError):
            prepare_ballot(other, election.client, prover(), 0)


@pytest.mark.parametrize("choice", [-1, 3, 2**256])
def test_an_unknown_candidate_is_refused(election: SmallElection, note: Note, choice: int) -> None:
    with pytest.raises(UnknownCandidateError):
        prepare_ballot(note, election.client, prover(), choice)


def test_a_fee_the_contract_would_not_pay_is_refused(election: SmallElection, note: Note) -> None:
    with pytest.raises(FeeTooHighError):
        prepare_ballot(note, election.client, prover(), 0, election.relayer, DENOMINATION + 1)
    with pytest.raises(RelayerMissingError):
        prepare_ballot(note, election.client, prover(), 0, fee=1)


def test_the_wallet_never_names_the_voter_to_the_node(election: SmallElection, note: Note) -> None:
    provider = LyingProvider(election.rpc_url)
    client = CreamClient(Web3(provider), election.deployment.contract)
    ballot = prepare_ballot(note, client, prover(), 1)
    check_ballot(client, ballot.nullifier_hash)
    asked = str(provider.asked).lower()
    assert "eth_getlogs" in asked
    for number in (note.commitment, ballot.nullifier_hash):
        assert f"{number:x}" not in asked
        assert str(number) not in asked


def test_deposits_that_do_not_add_up_to_the_root_are_noticed(election: SmallElection, note: Note) -> None:
    first = f"{election.notes[0].commitment:064x}"

    def lie(_method: str, _params: object, result: Any) -> Any:
        return json.loads(json.dumps(result).replace(first, f"{12345:064x}"))

    client = CreamClient(lying_w3(election.rpc_url, lie), election.deployment.contract)
    with pytest.raises(NodeContradictsItselfError):
        prepare_ballot(note, client, prover(), 0)


def test_no_error_of_the_wallet_shows_a_secret(election: SmallElection, note: Note) -> None:
    ballot = prepare_ballot(note, election.client, prover(), 1)
    tree = IncrementalMerkleTree.from_leaves(4, election.client.leaves())
    unproven = unproven_ballot(note, tree, election.client.config(), 1)
    false = dataclasses.replace(unproven.witness, leaf_index=unproven.witness.leaf_index ^ 1)
    election.client.cast_vote(ballot, election.sender(RELAYER))
    shown = [repr(unproven), str(unproven), repr(unproven.witness), repr(ballot), str(ballot.to_json())]
    for fail in (
        lambda: prepare_ballot(note, election.client, prover(), 1),
        lambda: prepare_ballot(note, election.client, prover(), 9),
        lambda: unproven_ballot(note, IncrementalMerkleTree(4), election.client.config(), 1),
        lambda: prover().prove(unproven.statement, false),
    ):
        with pytest.raises((VoterError, UnknownCandidateError, UnsatisfiedConstraintError)) as caught:
            fail()
        shown += traceback.format_exception(caught.value)
        shown.append(caught.value.hint)
    text = "\n".join(shown)
    for number in (note.nullifier, note.secret):
        assert str(number) not in text
        assert f"{number:x}" not in text.lower()


def test_before_and_after_voting_the_wallet_says_wait_or_too_late() -> None:
    with open_election() as early:
        early.register(2)
        with pytest.raises(WrongPhaseError) as caught:
            prepare_ballot(early.notes[0], early.client, prover(), 0)
        assert caught.value.values["actual"] == Phase.REGISTRATION
        early.open_voting()
        early.close()
        with pytest.raises(WrongPhaseError):
            prepare_ballot(early.notes[0], early.client, prover(), 0)


def test_a_deposit_without_checkpoint_waits_for_one() -> None:
    """Voting opens by the clock; until somebody announces it, the last deposits are under no root."""
    with open_election() as slow:
        slow.register(3)
        slow.travel_to_voting()
        covered = prepare_ballot(slow.notes[0], slow.client, prover(), 0)
        with pytest.raises(NotCheckpointedYetError) as caught:
            prepare_ballot(slow.notes[2], slow.client, prover(), 0)
        assert "advance" in caught.value.hint
        slow.client.advance(slow.sender(1))
        late = prepare_ballot(slow.notes[2], slow.client, prover(), 1)
        assert late.root != covered.root
        for ballot in (late, covered):
            slow.client.cast_vote(ballot, slow.sender(RELAYER))
        assert slow.client.tally() == (1, 1, 0)
