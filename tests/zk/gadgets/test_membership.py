"""Membership under another hash than Poseidon; see tests/zk/test_gadgets.py for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.gadgets import Build, accepts, cost_of, gadget_circuit
from zk import gadgets
from zk.gadgets.membership import CHOICE_CONSTRAINTS
from zk.gadgets.mimc import COMPRESS_CONSTRAINTS
from zk.merkle import IncrementalMerkleTree
from zk.mimc import mimc_compress

if TYPE_CHECKING:
    from zk.circuit import Circuit, ConstraintSystem, LinearCombination

DEPTH = 3


def membership(depth: int) -> Build:
    def build(cs: ConstraintSystem, leaf: LinearCombination, *rest: LinearCombination) -> None:
        root, siblings, bits = rest[0], rest[1 : depth + 1], rest[depth + 1 :]
        path = zip(siblings, bits, strict=True)
        gadgets.enforce_membership(cs, leaf, path, root, gadgets.mimc_compress)

    return build


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    return gadget_circuit(2 + 2 * DEPTH, membership(DEPTH))


def path_inputs(leaf_index: int) -> list[int]:
    """Leaf, root, siblings, bits."""
    tree = IncrementalMerkleTree.from_leaves(DEPTH, range(100, 106), mimc_compress)
    path = tree.path(leaf_index)
    return [100 + leaf_index, tree.root, *path.elements, *(leaf_index >> i & 1 for i in range(DEPTH))]


@pytest.mark.parametrize("depth", [1, DEPTH])
def test_the_cost_is_exact(depth: int) -> None:
    cost = cost_of(2 + 2 * depth, membership(depth))
    assert cost == depth * (COMPRESS_CONSTRAINTS + CHOICE_CONSTRAINTS) + 1 == 1322 * depth + 1


@pytest.mark.parametrize("leaf_index", range(6))
def test_every_leaf_is_accepted_on_its_path(circuit: Circuit, leaf_index: int) -> None:
    assert accepts(circuit, *path_inputs(leaf_index))


@pytest.mark.parametrize("position", range(2 + 2 * DEPTH))
def test_any_changed_part_is_refused(circuit: Circuit, position: int) -> None:
    inputs = path_inputs(5)
    inputs[position] = inputs[position] + 1 if position < 2 + DEPTH else 1 - inputs[position]
    assert not accepts(circuit, *inputs)


def test_a_root_over_poseidon_is_refused(circuit: Circuit) -> None:
    inputs = path_inputs(2)
    inputs[1] = IncrementalMerkleTree.from_leaves(DEPTH, range(100, 106)).root
    assert not accepts(circuit, *inputs)
