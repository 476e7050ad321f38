from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from tests.support.gadgets import loose_wires, without
from zk.circuit import Circuit, UnsatisfiedConstraintError
from zk.circuits import CircuitName, compile_named
from zk.field import SCALAR_FIELD
from zk.merkle import IncrementalMerkleTree
from zk.mimc import mimc_compress
from zk.withdraw_circuit import withdraw_constraints, withdraw_inputs
from zk.withdraw_statement import (
    NOTE_BITS,
    WithdrawStatement,
    WithdrawWitness,
    classic_commitment,
    classic_nullifier_hash,
)

DEPTH = 3
ROOT_MEANING = "the path leads from the leaf to the root"
HASH_MEANING = "the nullifier hash is that of the nullifier"


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    return compile_named(CircuitName.WITHDRAW, DEPTH)


def valid_inputs(leaf_index: int = 2, size: int = 5) -> dict[str, int]:
    nullifier, secret = secrets.randbits(NOTE_BITS), secrets.randbits(NOTE_BITS)
    leaves = [secrets.randbelow(SCALAR_FIELD) for _ in range(size)]
    leaves[leaf_index] = classic_commitment(nullifier, secret)
    tree = IncrementalMerkleTree.from_leaves(DEPTH, leaves, mimc_compress)
    recipient, relayer = secrets.randbits(160), secrets.randbits(160)
    return withdraw_inputs(
        WithdrawStatement(tree.root, classic_nullifier_hash(nullifier), recipient, 10**15, relayer),
        WithdrawWitness(nullifier, secret, leaf_index, tree.path(leaf_index).elements),
    )


@pytest.mark.parametrize(("depth", "constraints"), [(1, 3138), (3, 5782), (16, 22968)])
def test_the_cost_of_a_withdrawal_is_exact(depth: int, constraints: int) -> None:
    compiled = compile_named(CircuitName.WITHDRAW, depth)
    assert compiled.n_constraints == withdraw_constraints(depth) == constraints


def test_public_inputs_stand_in_the_order_of_the_contract(circuit: Circuit) -> None:
    assert circuit.public_names == ("root", "nullifier_hash", "recipient", "fee", "relayer")


@pytest.mark.parametrize("leaf_index", range(5))
def test_every_depositor_can_withdraw(circuit: Circuit, leaf_index: int) -> None:
    circuit.checked_witness(valid_inputs(leaf_index))


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("root", ROOT_MEANING),
        ("nullifier_hash", HASH_MEANING),
        ("nullifier", ROOT_MEANING),
        ("secret", ROOT_MEANING),
        *((f"path_elements[{i}]", ROOT_MEANING) for i in range(DEPTH)),
    ],
)
def test_a_changed_input_is_refused_and_the_reason_said(circuit: Circuit, name: str, meaning: str) -> None:
    inputs = valid_inputs()
    inputs[name] ^= 1
    with pytest.raises(UnsatisfiedConstraintError, match=meaning):
        circuit.checked_witness(inputs)


@pytest.mark.parametrize("level", range(DEPTH))
def test_a_flipped_path_bit_and_one_that_is_no_bit_are_refused(circuit: Circuit, level: int) -> None:
    inputs = valid_inputs()
    with pytest.raises(UnsatisfiedConstraintError, match=ROOT_MEANING):
        circuit.checked_witness({**inputs, f"path_bits[{level}]": 1 - inputs[f"path_bits[{level}]"]})
    with pytest.raises(UnsatisfiedConstraintError, match=f"level {level} / is_right is 0 or 1"):
        circuit.checked_witness({**inputs, f"path_bits[{level}]": 2})


@pytest.mark.parametrize("name", ["nullifier", "secret"])
@pytest.mark.parametrize("number", [1 << NOTE_BITS, SCALAR_FIELD - 1])
def test_a_note_of_more_than_248_bits_is_refused(circuit: Circuit, name: str, number: int) -> None:
    with pytest.raises(UnsatisfiedConstraintError, match=f"{name} / bit 247"):
        circuit.checked_witness({**valid_inputs(), name: number})


def test_a_nullifier_has_one_hash_and_only_its_row_says_so(circuit: Circuit) -> None:
    inputs = {**valid_inputs(), "nullifier_hash": classic_nullifier_hash(1)}
    witness = circuit.witness(inputs)
    assert circuit.r1cs.broken_constraint(witness) is not None
    assert without(circuit.r1cs, HASH_MEANING).broken_constraint(witness) is None


def test_without_the_root_row_a_stranger_withdraws(circuit: Circuit) -> None:
    inputs = {**valid_inputs(), "nullifier": 1, "secret": 2, "nullifier_hash": classic_nullifier_hash(1)}
    witness = circuit.witness(inputs)
    assert circuit.r1cs.broken_constraint(witness) is not None
    assert without(circuit.r1cs, ROOT_MEANING).broken_constraint(witness) is None


def test_bits_that_are_no_bits_are_refused(circuit: Circuit) -> None:
    """With them one number would have many hashes, and one note many withdrawals."""
    inputs = {**valid_inputs(), "nullifier": 5}
    witness = circuit.witness(inputs)
    bits = {name: wire for wire, name in circuit.wire_names.items()}
    witness[bits["nullifier / bit[0]"]], witness[bits["nullifier / bit[1]"]] = 3, SCALAR_FIELD - 1
    with pytest.raises(UnsatisfiedConstraintError, match="nullifier / bit 0 is 0 or 1"):
        circuit.r1cs.require_satisfied(witness)


@pytest.mark.parametrize("name", ["recipient", "fee", "relayer"])
def test_the_payment_is_bound_by_a_constraint_each(circuit: Circuit, name: str) -> None:
    witness = circuit.checked_witness(valid_inputs())
    wire = 1 + circuit.public_names.index(name)
    witness[wire] = (witness[wire] + 1) % SCALAR_FIELD
    with pytest.raises(UnsatisfiedConstraintError, match=f"{name}² is a product"):
        circuit.r1cs.require_satisfied(witness)


def test_no_computed_wire_can_be_changed_alone(circuit: Circuit) -> None:
    assert loose_wires(circuit, circuit.checked_witness(valid_inputs()), step=37) == []


def test_the_commitment_is_made_of_both_numbers_in_their_order() -> None:
    a, b = secrets.randbits(NOTE_BITS), secrets.randbits(NOTE_BITS)
    assert len({classic_commitment(a, b), classic_commitment(b, a), classic_commitment(a, 0)}) == 3


def test_a_statement_of_another_payment_has_other_inputs() -> None:
    statement = WithdrawStatement(1, 2, 3, 4, 5)
    witness = WithdrawWitness(1, 2, 0b101, (9, 9, 9))
    inputs = withdraw_inputs(statement, witness)
    assert [inputs[f"path_bits[{i}]"] for i in range(3)] == [1, 0, 1]
    assert withdraw_inputs(replace(statement, recipient=6), witness) == {**inputs, "recipient": 6}
