from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.gadgets import accepts, cost_of, gadget_circuit, loose_wires, named_inputs
from zk import gadgets, mimc
from zk.circuit import Circuit, ConstraintSystem, LinearCombination
from zk.field import SCALAR_FIELD
from zk.gadgets.mimc import COMPRESS_CONSTRAINTS, FEISTEL_CONSTRAINTS, MIMC7_CONSTRAINTS, mimc7

elements = st.integers(0, SCALAR_FIELD - 1)
few = settings(max_examples=5, deadline=None)
Wire = LinearCombination


def keyed_sponge(cs: ConstraintSystem, key: Wire, *inputs: Wire) -> list[Wire]:
    return gadgets.mimc_sponge_digests(cs, *inputs, key=key, outputs=2)


def keyed_mimc7(cs: ConstraintSystem, key: Wire, *inputs: Wire) -> Wire:
    return gadgets.mimc7_multi_hash(cs, *inputs, key=key)


@pytest.fixture(scope="module")
def compress() -> Circuit:
    return gadget_circuit(2, gadgets.mimc_compress)


@few
@given(elements, elements)
def test_the_tree_node_is_that_of_the_hash(compress: Circuit, left: int, right: int) -> None:
    digest = mimc.mimc_compress(left, right)
    assert accepts(compress, left, right, out=digest)
    assert not accepts(compress, left, right, out=(digest + 1) % SCALAR_FIELD)
    assert left == right or not accepts(compress, right, left, out=digest)


@few
@given(elements, elements, elements)
def test_key_and_further_outputs_are_those_of_the_hash(key: int, x: int, y: int) -> None:
    assert accepts(gadget_circuit(3, keyed_sponge), key, x, y, out=mimc.mimc_sponge(x, y, key=key, outputs=2))
    assert accepts(gadget_circuit(3, keyed_mimc7), key, x, y, out=mimc.mimc7_multi_hash(x, y, key=key))
    assert accepts(gadget_circuit(2, mimc7), x, key, out=mimc.mimc7(x, key))
    assert not accepts(gadget_circuit(2, mimc7), x, key, out=mimc.mimc7(x, (key + 1) % SCALAR_FIELD))


def test_the_cost_is_exact() -> None:
    assert cost_of(2, gadgets.mimc_compress) == COMPRESS_CONSTRAINTS == 1320
    assert cost_of(1, gadgets.mimc_sponge_digests) == FEISTEL_CONSTRAINTS == 660
    assert cost_of(4, keyed_sponge) == 4 * FEISTEL_CONSTRAINTS
    assert cost_of(2, mimc7) == MIMC7_CONSTRAINTS == 364
    assert cost_of(4, keyed_mimc7) == 3 * MIMC7_CONSTRAINTS


def test_no_combination_grows_with_the_rounds(compress: Circuit) -> None:
    assert max(map(len, compress.r1cs.combinations)) <= 4


def test_every_wire_is_fixed(compress: Circuit) -> None:
    inputs = named_inputs(compress, (3, 4), mimc.mimc_compress(3, 4))
    assert loose_wires(compress, compress.checked_witness(inputs), step=5) == []
    circuit = gadget_circuit(2, mimc7)
    inputs = named_inputs(circuit, (3, 4), mimc.mimc7(3, 4))
    assert loose_wires(circuit, circuit.checked_witness(inputs)) == []


def test_a_hash_of_constants_is_a_constant() -> None:
    cs = ConstraintSystem()
    assert gadgets.mimc_compress(cs, 1, 2).constant_value == mimc.mimc_compress(1, 2)
    assert gadgets.mimc7_multi_hash(cs, 1, key=2).constant_value == mimc.mimc7_multi_hash(1, key=2)
    assert cs.n_constraints == 0
