from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.zk.conftest import make_vote
from zk.circuits import CircuitName, compile_named
from zk.domain import domain_tag
from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError
from zk.merkle import IncrementalMerkleTree
from zk.statement import VoteStatement, VoteWitness, commitment_of, nullifier_hash_of
from zk.vote_circuit import vote_inputs

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors/vote.json").read_text())


@pytest.mark.parametrize("use", ["commitment", "nullifier", "empty"])
def test_domain_tags_are_those_of_the_shared_vectors(use: str) -> None:
    assert domain_tag(use) == int(VECTORS["domainTags"][use])


@pytest.mark.parametrize("case", VECTORS["votes"], ids=lambda case: f"depth-{case['depth']}")
def test_a_vote_is_that_of_the_shared_vectors(case: dict[str, Any]) -> None:
    nullifier, secret, election_id = (int(case[name]) for name in ("nullifier", "secret", "electionId"))
    tree = IncrementalMerkleTree.from_leaves(case["depth"], map(int, case["leaves"]))
    path = tree.path(case["leafIndex"])
    nullifier_hash = nullifier_hash_of(nullifier, election_id)
    statement = VoteStatement(tree.root, nullifier_hash, election_id, int(case["signal"]))
    assert commitment_of(nullifier, secret) == int(case["commitment"]) == tree.leaves[path.leaf_index]
    assert path.elements == tuple(map(int, case["pathElements"]))
    assert statement.public_inputs() == tuple(map(int, case["publicInputs"]))
    circuit = compile_named(CircuitName.VOTE, case["depth"])
    witness = circuit.checked_witness(
        vote_inputs(statement, VoteWitness(nullifier, secret, path.leaf_index, path.elements))
    )
    assert tuple(witness[1:5]) == statement.public_inputs()


@pytest.mark.parametrize("position", range(4))
def test_a_statement_refuses_the_second_name_of_each_public_input(position: int) -> None:
    inputs = [1, 2, 3, 4]
    inputs[position] += SCALAR_FIELD
    with pytest.raises(FieldElementOutOfRangeError):
        VoteStatement(*inputs)


def test_a_witness_refuses_values_out_of_range_and_never_shows_its_own() -> None:
    with pytest.raises(FieldElementOutOfRangeError):
        VoteWitness(1, 2, 0, (SCALAR_FIELD,))
    witness = make_vote().witness
    assert str(witness.nullifier) not in repr(witness)
    assert str(witness.secret) not in repr(witness)


def test_two_elections_give_one_note_two_nullifier_hashes() -> None:
    assert nullifier_hash_of(7, 1) != nullifier_hash_of(7, 2)
    assert commitment_of(1, 2) != commitment_of(2, 1)
