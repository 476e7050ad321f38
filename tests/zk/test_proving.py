from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.zk.conftest import DEPTH, Vote, make_vote
from zk.circuit import InvalidWitnessError, UnsatisfiedConstraintError
from zk.groth16 import Proof, ProofMalformedError
from zk.groth16.reference import ReferenceBackend
from zk.proving import StatementProver, StatementVerifier

if TYPE_CHECKING:
    from zk.keys import CircuitKeys


@pytest.fixture(scope="module")
def verifier(keys: CircuitKeys) -> StatementVerifier:
    return StatementVerifier(keys.verifying_key)


@pytest.mark.parametrize("leaf_index", range(8))
def test_every_leaf_of_a_full_tree_can_vote(
    prover: StatementProver, verifier: StatementVerifier, leaf_index: int
) -> None:
    vote = make_vote(leaf_index=leaf_index, size=8)
    assert verifier.verify(prover.prove(vote.statement, vote.witness), vote.statement)


def test_a_proof_holds_for_its_own_statement_only(
    verifier: StatementVerifier, proof: Proof, vote: Vote
) -> None:
    for name in ("root", "nullifier_hash", "election_id", "signal"):
        assert not verifier.verify(proof, replace(vote.statement, **{name: 1}))


def test_a_path_of_another_length_is_refused(prover: StatementProver, vote: Vote) -> None:
    short = replace(vote.witness, path_elements=vote.witness.path_elements[:-1])
    with pytest.raises(InvalidWitnessError, match=f"these keys are for depth {DEPTH}"):
        prover.prove(vote.statement, short)


@pytest.mark.parametrize("leaf_index", [-1, 1 << DEPTH])
def test_a_leaf_index_outside_the_tree_is_refused_without_being_shown(
    prover: StatementProver, vote: Vote, leaf_index: int
) -> None:
    with pytest.raises(InvalidWitnessError, match="leaf index"):
        prover.prove(vote.statement, replace(vote.witness, leaf_index=leaf_index))


def test_a_false_statement_is_explained(prover: StatementProver, vote: Vote) -> None:
    with pytest.raises(
        UnsatisfiedConstraintError, match="the path leads from the leaf to the root"
    ) as caught:
        prover.prove(replace(vote.statement, root=5), vote.witness)
    assert str(vote.witness.secret) not in str(caught.value)
    with pytest.raises(UnsatisfiedConstraintError, match="the nullifier hash is that of the nullifier"):
        prover.prove(replace(vote.statement, nullifier_hash=5), vote.witness)


def test_a_prover_goes_through_pickle(
    prover: StatementProver, verifier: StatementVerifier, vote: Vote
) -> None:
    again: StatementProver = pickle.loads(pickle.dumps(prover))  # noqa: S301  made in the line itself
    assert verifier.verify(again.prove(vote.statement, vote.witness), vote.statement)


def test_many_votes_are_verified_in_order(prover: StatementProver, verifier: StatementVerifier) -> None:
    votes = [make_vote() for _ in range(3)]
    claims = [(prover.prove(v.statement, v.witness), v.statement) for v in votes]
    claims.insert(1, (claims[0][0], claims[1][1]))
    seen: list[tuple[int, int]] = []
    answers = verifier.verify_many(claims, on_progress=lambda *step: seen.append(step))
    assert answers == [True, False, True, True]
    assert seen == [(4, 4)]


def test_what_is_no_proof_is_no_answer(verifier: StatementVerifier, proof: Proof, vote: Vote) -> None:
    malformed = replace(proof, c=(1, 1))
    with pytest.raises(ProofMalformedError):
        verifier.verify(malformed, vote.statement)
    with pytest.raises(ProofMalformedError) as caught:
        verifier.verify_many([(proof, vote.statement), (malformed, vote.statement)])
    assert caught.value.__notes__ == ["at position 1 of the batch"]


def test_the_reference_back_end_can_be_asked_instead(keys: CircuitKeys, proof: Proof, vote: Vote) -> None:
    verifier = StatementVerifier(keys.verifying_key, ReferenceBackend())
    assert verifier.verify(proof, vote.statement)
    assert not verifier.verify(proof, replace(vote.statement, signal=1))


@pytest.mark.slow
def test_the_reference_back_end_proves_a_whole_vote(
    keys: CircuitKeys, vote: Vote, verifier: StatementVerifier
) -> None:
    slow = StatementProver(keys, ReferenceBackend())
    assert verifier.verify(slow.prove(vote.statement, vote.witness), vote.statement)
