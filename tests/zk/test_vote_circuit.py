from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.zk.conftest import DEPTH, make_vote
from zk.circuit import R1CS, Circuit, UnsatisfiedConstraintError
from zk.circuits import CircuitName, compile_named
from zk.field import SCALAR_FIELD
from zk.groth16.proving_key import qap_coefficients, qap_domain_size
from zk.merkle import TreeDepthError
from zk.statement import nullifier_hash_of
from zk.vote_circuit import vote_constraints, vote_inputs

if TYPE_CHECKING:
    from zk.keys import CircuitKeys


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    return compile_named(CircuitName.VOTE, DEPTH)


def valid_inputs() -> dict[str, int]:
    vote = make_vote()
    return vote_inputs(vote.statement, vote.witness)


@pytest.mark.parametrize(("depth", "constraints"), [(1, 761), (3, 1245), (16, 4391), (20, 5359), (32, 8263)])
def test_the_cost_of_a_vote_is_exact(depth: int, constraints: int) -> None:
    assert compile_named(CircuitName.VOTE, depth).n_constraints == vote_constraints(depth) == constraints


def zkey_points_and_entries(r1cs: R1CS) -> int:
    """Bytes of a proving key apart from headers: its points (G1 64, G2 128), and 44 for each matrix entry."""
    points = 64 * (r1cs.n_wires * 3 + qap_domain_size(r1cs)) + 128 * r1cs.n_wires
    return points + 44 * len(qap_coefficients(r1cs))


def test_the_proving_key_is_small_enough_for_a_browser(keys: CircuitKeys) -> None:
    made = compile_named(CircuitName.VOTE, keys.depth).r1cs
    assert abs(keys.zkey_path.stat().st_size - zkey_points_and_entries(made)) < 2000
    assert (
        zkey_points_and_entries(compile_named(CircuitName.VOTE, 20).r1cs) < 3_500_000
    )  # of the 5 MB that a page may load


def test_public_inputs_stand_in_the_order_of_the_contract(circuit: Circuit) -> None:
    assert circuit.public_names == ("root", "nullifier_hash", "election_id", "signal")


@pytest.mark.parametrize("depth", [0, 33])
def test_depths_without_a_tree_have_no_circuit(depth: int) -> None:
    with pytest.raises(TreeDepthError):
        compile_named(CircuitName.VOTE, depth)


@pytest.mark.parametrize("leaf_index", range(5))
def test_every_voter_can_vote(circuit: Circuit, leaf_index: int) -> None:
    vote = make_vote(leaf_index=leaf_index)
    circuit.checked_witness(vote_inputs(vote.statement, vote.witness))


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("root", "the path leads from the leaf to the root"),
        ("nullifier_hash", "the nullifier hash is that of the nullifier in this election"),
        ("election_id", "the nullifier hash is that of the nullifier in this election"),
        ("nullifier", "the path leads from the leaf to the root"),
        ("secret", "the path leads from the leaf to the root"),
        *((f"path_elements[{i}]", "the path leads from the leaf to the root") for i in range(DEPTH)),
    ],
)
def test_a_changed_input_is_refused_and_the_reason_said(circuit: Circuit, name: str, meaning: str) -> None:
    inputs = valid_inputs()
    inputs[name] = (inputs[name] + 1) % SCALAR_FIELD
    with pytest.raises(UnsatisfiedConstraintError, match=meaning):
        circuit.checked_witness(inputs)


@pytest.mark.parametrize("level", range(DEPTH))
def test_a_flipped_path_bit_is_refused(circuit: Circuit, level: int) -> None:
    inputs = valid_inputs()
    inputs[f"path_bits[{level}]"] ^= 1
    with pytest.raises(UnsatisfiedConstraintError, match="the path leads"):
        circuit.checked_witness(inputs)


@pytest.mark.parametrize("value", [2, SCALAR_FIELD - 1])
def test_a_path_bit_that_is_no_bit_is_refused(circuit: Circuit, value: int) -> None:
    inputs = valid_inputs()
    inputs["path_bits[1]"] = value
    with pytest.raises(UnsatisfiedConstraintError, match="membership / level 1 / is_right is 0 or 1"):
        circuit.checked_witness(inputs)


def test_the_signal_is_bound_by_a_constraint(circuit: Circuit) -> None:
    witness = circuit.checked_witness(valid_inputs())
    signal_wire = 1 + circuit.public_names.index("signal")
    witness[signal_wire] = (witness[signal_wire] + 1) % SCALAR_FIELD
    with pytest.raises(UnsatisfiedConstraintError, match="signal²"):
        circuit.r1cs.require_satisfied(witness)


def without(r1cs: R1CS, meaning: str) -> R1CS:
    kept = tuple(row for row in r1cs.constraints if not row.meaning.endswith(meaning))
    assert len(kept) == r1cs.n_constraints - 1
    return replace(r1cs, constraints=kept)


def test_without_the_nullifier_row_one_note_votes_twice(circuit: Circuit) -> None:
    inputs = valid_inputs()
    inputs["nullifier_hash"] = nullifier_hash_of(1, inputs["election_id"])
    witness = circuit.witness(inputs)
    assert circuit.r1cs.broken_constraint(witness) is not None
    weakened = without(circuit.r1cs, "the nullifier hash is that of the nullifier in this election")
    assert weakened.broken_constraint(witness) is None


def test_without_the_root_row_a_stranger_votes(circuit: Circuit) -> None:
    inputs = valid_inputs()
    inputs["nullifier"], inputs["secret"] = 1, 2
    inputs["nullifier_hash"] = nullifier_hash_of(1, inputs["election_id"])
    witness = circuit.witness(inputs)
    assert circuit.r1cs.broken_constraint(witness) is not None
    weakened = without(circuit.r1cs, "the path leads from the leaf to the root")
    assert weakened.broken_constraint(witness) is None


def test_no_computed_wire_can_be_changed_alone(circuit: Circuit) -> None:
    honest = circuit.checked_witness(valid_inputs())
    first_computed = 1 + len(circuit.public_names) + len(circuit.private_names)
    for wire in range(first_computed, len(honest), 7):
        witness = list(honest)
        witness[wire] = (witness[wire] + 1) % SCALAR_FIELD
        assert circuit.r1cs.broken_constraint(witness) is not None, circuit.wire_names[wire]
