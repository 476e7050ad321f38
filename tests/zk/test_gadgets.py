"""Each gadget: its exact cost, what it accepts, what it refuses, and that no constraint of it is idle."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.gadgets import Build, accepts, cost_of, gadget_circuit, without
from zk import gadgets
from zk.circuit import Circuit, ConstraintSystem, Linear, LinearCombination, UnsatisfiedConstraintError
from zk.domain import domain_tag
from zk.field import SCALAR_FIELD, inverse
from zk.gadgets.bits import BELOW_R_CONSTRAINTS, below_constraints
from zk.gadgets.membership import LEVEL_CONSTRAINTS
from zk.merkle import IncrementalMerkleTree, hash_pair
from zk.poseidon import poseidon

elements = st.integers(min_value=0, max_value=SCALAR_FIELD - 1)


def membership(depth: int) -> Build:
    def build(cs: ConstraintSystem, leaf: LinearCombination, *rest: LinearCombination) -> None:
        root, siblings, bits = rest[0], rest[1 : depth + 1], rest[depth + 1 :]
        gadgets.enforce_membership(cs, leaf, zip(siblings, bits, strict=True), root)

    return build


def tagged(cs: ConstraintSystem, x: LinearCombination, y: LinearCombination) -> LinearCombination:
    return gadgets.poseidon_digest(cs, domain_tag("commitment"), x, y)


COSTS: list[tuple[str, int, Build, int]] = [
    ("boolean", 1, gadgets.enforce_boolean, 1),
    ("select", 3, gadgets.select, 1),
    ("is_zero", 1, gadgets.is_zero, 2),
    ("is_equal", 2, gadgets.is_equal, 2),
    ("bits_of 1", 1, lambda cs, x: gadgets.bits_of(cs, x, 1)[0], 1),
    ("bits_of 64", 1, lambda cs, x: gadgets.bits_of(cs, x, 64)[0], 64),
    ("bits_of 253", 1, lambda cs, x: gadgets.bits_of(cs, x, 253)[0], 253),
    ("canonical_bits_of", 1, lambda cs, x: gadgets.canonical_bits_of(cs, x)[0], 406),
    ("is_less_than 32", 2, lambda cs, x, y: gadgets.is_less_than(cs, x, y, 32), 33),
    ("poseidon 1", 1, gadgets.poseidon_digest, 213),
    ("poseidon 2", 2, gadgets.poseidon_digest, 240),
    ("poseidon 3", 3, gadgets.poseidon_digest, 261),
    ("poseidon 4", 4, gadgets.poseidon_digest, 297),
    ("poseidon 5", 5, gadgets.poseidon_digest, 321),
    ("poseidon tag + 2", 2, tagged, 258),
    ("membership 1", 4, membership(1), 243),
    ("membership 5", 12, membership(5), 1211),
]


@pytest.mark.parametrize(("name", "n_inputs", "build", "cost"), COSTS, ids=[case[0] for case in COSTS])
def test_the_cost_is_exact(name: str, n_inputs: int, build: Build, cost: int) -> None:
    assert cost_of(n_inputs, build) == cost


def test_the_named_costs_are_the_real_ones() -> None:
    assert BELOW_R_CONSTRAINTS == 406 - 254
    assert LEVEL_CONSTRAINTS == 1211 // 5 == 242


@pytest.mark.parametrize(("bit", "accepted"), [(0, True), (1, True), (2, False), (SCALAR_FIELD - 1, False)])
def test_a_boolean_is_0_or_1(bit: int, accepted: bool) -> None:  # noqa: FBT001  a test's parameter
    assert accepts(gadget_circuit(1, gadgets.enforce_boolean), bit) is accepted


@given(elements, elements)
def test_select_takes_one_or_the_other(one: int, zero: int) -> None:
    circuit = gadget_circuit(3, gadgets.select)
    assert accepts(circuit, 1, one, zero, out=one)
    assert accepts(circuit, 0, one, zero, out=zero)
    assert one == zero or not accepts(circuit, 0, one, zero, out=one)


@given(elements)
def test_is_zero_answers_once(x: int) -> None:
    circuit = gadget_circuit(1, gadgets.is_zero)
    assert accepts(circuit, x, out=int(x == 0))
    assert not accepts(circuit, x, out=int(x != 0))


def test_is_zero_needs_both_of_its_rows() -> None:
    circuit = gadget_circuit(1, gadgets.is_zero)
    lie = [1, 1, 5, 0, 0]  # "5 is zero": out = 1, helper 0, x·helper 0
    assert circuit.r1cs.broken_constraint(lie) is not None
    assert without(circuit.r1cs, "x is zero or the answer is").broken_constraint(lie) is None
    lie = [1, 0, 0, 0, 1]  # "0 is not zero": out = 0 although x·helper cannot be 1
    assert circuit.r1cs.broken_constraint(lie) is not None
    assert without(circuit.r1cs, "x·inverse is a product").broken_constraint(lie) is None


@given(elements, elements)
def test_is_equal_compares(x: int, y: int) -> None:
    circuit = gadget_circuit(2, gadgets.is_equal)
    assert accepts(circuit, x, y, out=int(x == y))
    assert accepts(circuit, x, x, out=1)
    assert not accepts(circuit, x, x, out=0)


def recomposed(cs: ConstraintSystem, x: LinearCombination) -> Linear:
    """The number that eight bits of x spell, highest bit lowest."""
    bits = gadgets.bits_of(cs, x, 8)
    return sum((bit * (1 << (7 - i)) for i, bit in enumerate(bits)), start=bits[0] * 0)


@given(st.integers(0, 255))
def test_bits_are_those_of_the_number(x: int) -> None:
    assert accepts(gadget_circuit(1, recomposed), x, out=int(f"{x:08b}"[::-1], 2))


@given(st.integers(256, SCALAR_FIELD - 1))
def test_a_number_with_more_bits_is_refused(x: int) -> None:
    circuit = gadget_circuit(1, recomposed)
    reversed_low_byte = int(f"{x % 256:08b}"[::-1], 2)
    assert not accepts(circuit, x, out=reversed_low_byte)


def test_a_decomposition_needs_every_bit_boolean() -> None:
    circuit = gadget_circuit(1, lambda cs, x: gadgets.bits_of(cs, x, 2)[0])
    fractional = [1, 3, 3, 3]  # bits (3, 0) of 3
    assert circuit.r1cs.broken_constraint(fractional) is not None
    assert without(circuit.r1cs, "bit 0 is 0 or 1").broken_constraint(fractional) is None
    other = [1, 0, 3, 0]  # bit 0 of 3 is 0, so that 3/2 is left for bit 1
    assert circuit.r1cs.broken_constraint(other) is not None
    assert without(circuit.r1cs, "leave of the number, is 0 or 1").broken_constraint(other) is None


@pytest.mark.parametrize("count", [0, 254])
def test_bits_that_would_not_be_unique_are_not_offered(count: int) -> None:
    with pytest.raises(ValueError, match="do not fix a field element"):
        gadgets.bits_of(ConstraintSystem(), 0, count)


def canonical(cs: ConstraintSystem, x: LinearCombination) -> Linear:
    return gadgets.canonical_bits_of(cs, x)[0]


@settings(max_examples=20, deadline=None)
@given(elements)
def test_canonical_bits_exist_for_every_element(x: int) -> None:
    assert accepts(gadget_circuit(1, canonical), x, out=x & 1)


def test_canonical_bits_exist_at_the_edges() -> None:
    circuit = gadget_circuit(1, canonical)
    for x in (0, 1, SCALAR_FIELD - 1, SCALAR_FIELD - 2, 1 << 253, (1 << 253) - 1):
        assert accepts(circuit, x, out=x & 1)


@pytest.mark.parametrize("x", [0, 1, 2, (1 << 254) - 1 - SCALAR_FIELD])
def test_the_bits_of_x_plus_r_are_refused_and_only_by_the_comparison(x: int) -> None:
    circuit = gadget_circuit(1, canonical)
    forged = forged_decomposition(circuit, x)
    with pytest.raises(UnsatisfiedConstraintError, match="below r"):
        circuit.r1cs.require_satisfied(forged)
    assert without(circuit.r1cs, "a number below r").broken_constraint(forged) is None


def forged_decomposition(circuit: Circuit, x: int) -> list[int]:
    """The bits of x + r, and prefixes that fit them."""
    alias = x + SCALAR_FIELD
    bits = [alias >> i & 1 for i in range(254)]
    witness = [1, alias & 1, x, *bits[:253]]  # bit 253 has no wire: it is what these leave of x
    prefix = bits[253]
    for position in range(252, -1, -1):
        if (SCALAR_FIELD - 1) >> position & 1:
            prefix *= bits[position]
            witness.append(prefix)
    assert len(witness) == circuit.r1cs.n_wires
    return witness


@pytest.mark.parametrize("length", [253, 255])
def test_the_comparison_with_r_takes_254_bits(length: int) -> None:
    with pytest.raises(ValueError, match="254 bits"):
        gadgets.enforce_bits_below_r(ConstraintSystem(), [LinearCombination({1: 1})] * length)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 256), st.integers(0, 255))
def test_bits_are_compared_with_any_constant(bound: int, x: int) -> None:
    def build(cs: ConstraintSystem, number: LinearCombination) -> None:
        gadgets.enforce_bits_below(cs, gadgets.bits_of(cs, number, 8), bound)

    assert accepts(gadget_circuit(1, build), x) is (x < bound)
    assert cost_of(1, build) == 8 + below_constraints(8, bound)


@pytest.mark.parametrize("bound", [0, 257])
def test_a_bound_beyond_the_bits_is_refused(bound: int) -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        gadgets.enforce_bits_below(ConstraintSystem(), [LinearCombination({1: 1})] * 8, bound)


def less_than(cs: ConstraintSystem, x: LinearCombination, y: LinearCombination) -> Linear:
    return gadgets.is_less_than(cs, x, y, 16)


@given(st.integers(0, 65535), st.integers(0, 65535))
def test_is_less_than_compares_numbers_in_range(x: int, y: int) -> None:
    circuit = gadget_circuit(2, less_than)
    assert accepts(circuit, x, y, out=int(x < y))
    assert not accepts(circuit, x, y, out=int(x >= y))


def test_is_less_than_knows_equality_and_the_ends() -> None:
    circuit = gadget_circuit(2, less_than)
    for x, y in [(0, 0), (65535, 65535), (0, 65535), (65535, 0), (7, 8), (8, 7)]:
        assert accepts(circuit, x, y, out=int(x < y))
    assert not accepts(circuit, 1 << 17, 0, out=0)
    assert not accepts(circuit, 1 << 17, 0, out=1)


@pytest.mark.parametrize("count", [0, 253])
def test_is_less_than_refuses_a_range_that_would_wrap(count: int) -> None:
    with pytest.raises(ValueError, match="comparison works on"):
        gadgets.is_less_than(ConstraintSystem(), 0, 0, count)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_a_digest_in_a_circuit_is_that_of_the_hash(count: int) -> None:
    circuit = gadget_circuit(count, gadgets.poseidon_digest)
    inputs = [SCALAR_FIELD - 1 - i for i in range(count)]
    assert accepts(circuit, *inputs, out=poseidon(*inputs))
    assert not accepts(circuit, *inputs, out=poseidon(*inputs[:-1], 5))


@settings(max_examples=10, deadline=None)
@given(elements, elements)
def test_a_folded_tag_changes_the_cost_and_not_the_digest(x: int, y: int) -> None:
    assert accepts(gadget_circuit(2, tagged), x, y, out=poseidon(domain_tag("commitment"), x, y))


def test_a_digest_of_constants_is_a_constant() -> None:
    cs = ConstraintSystem()
    assert gadgets.poseidon_digest(cs, 1, 2).constant_value == poseidon(1, 2)
    assert cs.n_constraints == 0


def test_every_wire_of_a_digest_is_fixed() -> None:
    circuit = gadget_circuit(2, gadgets.poseidon_digest)
    honest = circuit.witness({"out": poseidon(3, 4), "x0": 3, "x1": 4})
    for wire in range(1, len(honest)):
        witness = list(honest)
        witness[wire] = (witness[wire] + 1) % SCALAR_FIELD
        assert circuit.r1cs.broken_constraint(witness) is not None, circuit.wire_names[wire]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_no_row_of_a_digest_names_more_wires_than_two_windows(count: int) -> None:
    """The proving key has an entry for each; in the form of the paper the last rounds would name 60."""
    lanes = count + 1
    rows = list(gadget_circuit(count, gadgets.poseidon_digest).r1cs.rows())
    assert max(len(terms) for row in rows for terms in row) <= 2 * lanes
    assert sum(len(a) + len(b) for a, b, _ in rows) < len(rows) * (lanes + 2)


def path_inputs(leaf_index: int, depth: int = 3, size: int = 6) -> list[int]:
    """Leaf, root, siblings, bits."""
    tree = IncrementalMerkleTree.from_leaves(depth, range(100, 100 + size))
    path = tree.path(leaf_index)
    return [100 + leaf_index, tree.root, *path.elements, *(leaf_index >> i & 1 for i in range(depth))]


@pytest.mark.parametrize("leaf_index", range(6))
def test_membership_accepts_every_leaf_on_its_path(leaf_index: int) -> None:
    assert accepts(gadget_circuit(8, membership(3)), *path_inputs(leaf_index))


@pytest.mark.parametrize("position", range(8))
def test_membership_refuses_any_changed_part(position: int) -> None:
    inputs = path_inputs(5)
    inputs[position] = inputs[position] + 1 if position < 5 else 1 - inputs[position]
    assert not accepts(gadget_circuit(8, membership(3)), *inputs)


def fractional_forgery(left: int, right: int, forged: int) -> list[int]:
    """Inputs that put `forged` under H(left, right) with a bit that is no bit.

    forged + bit·(sibling − forged) = left and sibling − bit·(sibling − forged) = right.
    """
    sibling = (left + right - forged) % SCALAR_FIELD
    bit = (left - forged) * inverse(sibling - forged) % SCALAR_FIELD
    return [forged, hash_pair(left, right), sibling, bit]


def test_a_fractional_bit_admits_a_forged_leaf_only_without_the_boolean_line() -> None:
    circuit = gadget_circuit(4, membership(1))
    inputs = fractional_forgery(100, 101, forged=666)
    witness = circuit.witness({"out": 0, **{f"x{i}": x for i, x in enumerate(inputs)}})
    with pytest.raises(UnsatisfiedConstraintError, match="level 0 / is_right is 0 or 1"):
        circuit.r1cs.require_satisfied(witness)
    assert without(circuit.r1cs, "is_right is 0 or 1").broken_constraint(witness) is None


def test_without_its_last_line_membership_holds_under_any_root() -> None:
    circuit = gadget_circuit(4, membership(1))
    witness = circuit.witness({"out": 0, "x0": 1, "x1": 999, "x2": 2, "x3": 0})
    assert circuit.r1cs.broken_constraint(witness) is not None
    weakened = without(circuit.r1cs, "the path leads from the leaf to the root")
    assert weakened.broken_constraint(witness) is None
