from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.gadgets import accepts, cost_of, gadget_circuit, loose_wires, named_inputs, without
from tests.zk.circomlib.oracle import ask
from zk import gadgets
from zk.babyjubjub import SUBGROUP_ORDER
from zk.circuit import Circuit, ConstraintSystem, LinearCombination, UnsatisfiedConstraintError
from zk.gadgets.pedersen import pedersen_constraints
from zk.pedersen import MAX_BITS, SEGMENT_BITS, PedersenInputError, number_bits, pedersen_hash

if TYPE_CHECKING:
    from zk.gadgets import WirePoint


def hashed(cs: ConstraintSystem, *bits: LinearCombination) -> WirePoint:
    return gadgets.pedersen_hash(cs, bits)


def of_number(cs: ConstraintSystem, number: LinearCombination) -> WirePoint:
    return gadgets.pedersen_hash(cs, gadgets.bits_of(cs, number, 8))


@pytest.fixture(scope="module")
def note() -> Circuit:
    return gadget_circuit(496, hashed)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 1), min_size=1, max_size=430))
def test_the_digest_is_that_of_the_hash(bits: list[int]) -> None:
    circuit = gadget_circuit(len(bits), hashed)
    digest = pedersen_hash(bits)
    assert accepts(circuit, *bits, out=digest)
    assert not accepts(circuit, *bits, out=(digest.x, digest.y + 1))
    assert not accepts(circuit, 1 - bits[0], *bits[1:], out=digest)


def test_random_notes_give_what_circomlibjs_computes(note: Circuit) -> None:
    messages = [bytes(62), b"\xff" * 62, *(secrets.token_bytes(62) for _ in range(4))]
    for message, digest in zip(messages, ask(*[("pedersen", m) for m in messages]), strict=True):
        assert accepts(note, *number_bits(int.from_bytes(message, "little"), 496), out=digest)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 199, 200, 201, 248, 496, 2000])
def test_the_cost_is_exact(count: int) -> None:
    assert cost_of(count, hashed) == pedersen_constraints(count)


def test_the_costs_of_classic_cream_are_what_the_module_says() -> None:
    assert (pedersen_constraints(248), pedersen_constraints(496)) == (438, 877)


def test_every_wire_is_fixed(note: Circuit) -> None:
    bits = number_bits(secrets.randbits(496), 496)
    inputs = named_inputs(note, tuple(bits), pedersen_hash(bits))
    assert loose_wires(note, note.checked_witness(inputs), step=3) == []


def test_no_two_points_that_are_added_can_have_the_same_u() -> None:
    """The argument of the module in numbers: largest sum before window w, and its terms."""
    largest = 0
    for window in range(SEGMENT_BITS // 4):
        weight = 32**window
        assert largest < weight
        assert largest + 8 * weight < SUBGROUP_ORDER // 2
        largest += 8 * weight


def test_a_number_that_is_no_bit_is_refused_by_the_decomposition_alone() -> None:
    circuit = gadget_circuit(1, of_number)
    digest = pedersen_hash(number_bits(7, 8))
    inputs = named_inputs(circuit, (7,), digest)
    witness = circuit.checked_witness(inputs)
    bits = [wire for wire, name in circuit.wire_names.items() if name.startswith("bit[")]
    witness[bits[0]], witness[bits[1]] = 3, 0  # 3 + 2·0 + 4 = 7 too
    with pytest.raises(UnsatisfiedConstraintError, match="bit 0 is 0 or 1"):
        circuit.r1cs.require_satisfied(witness)


def test_without_the_row_of_the_sign_a_window_may_be_added_or_taken_away() -> None:
    circuit = gadget_circuit(4, hashed)
    bits = (1, 0, 1, 0)
    lie = pedersen_hash((1, 0, 1, 1))
    honest = circuit.witness(named_inputs(circuit, (1, 0, 1, 1), lie))
    forged = [*honest]
    forged[1 + len(circuit.public_names) + 3] = bits[3]
    assert circuit.r1cs.broken_constraint(forged) is not None
    assert without(circuit.r1cs, "signed v is a product").broken_constraint(forged) is None


@pytest.mark.parametrize("count", [0, MAX_BITS + 1])
def test_no_bits_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(PedersenInputError):
        gadgets.pedersen_hash(ConstraintSystem(), [0] * count)
