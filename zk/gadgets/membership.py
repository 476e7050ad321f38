"""Membership in a Merkle tree, equal to `zk.merkle.MerklePath.root_from`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.circuit import Linear, as_linear
from zk.gadgets.hashing import COMPRESS_CONSTRAINTS, poseidon_digest
from zk.gadgets.logic import enforce_boolean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from zk.circuit import ConstraintSystem, LinearCombination

    HashPair = Callable[[ConstraintSystem, Linear, Linear], LinearCombination]

CHOICE_CONSTRAINTS = 2  # of a level, besides its hash: the bit and the swap
LEVEL_CONSTRAINTS = COMPRESS_CONSTRAINTS + CHOICE_CONSTRAINTS


def enforce_membership(
    cs: ConstraintSystem,
    leaf: Linear,
    path: Iterable[tuple[Linear, Linear]],
    root: Linear,
    hash_pair: HashPair = poseidon_digest,
) -> None:
    """Constrain `leaf` to lie under `root` along `path`, pairs (sibling, is_right) from the leaf upwards.

    Per level: node ← H(node, sibling), or H(sibling, node) if `is_right`, where H is `hash_pair`.
    Cost: depth · (cost of H + CHOICE_CONSTRAINTS) + 1, with Poseidon depth · LEVEL_CONSTRAINTS + 1. Not
    enforced: that the contract still accepts `root`.
    """
    node = as_linear(leaf)
    for height, (sibling, is_right) in enumerate(path):
        with cs.scope(f"level {height}"):
            enforce_boolean(cs, is_right, "is_right")  # a fractional bit admits a forged leaf
            cs.note_bits(is_right, 1, "a level chooses its side by a bit")
            delta = cs.multiply(is_right, as_linear(sibling) - node, "swap")
            node = hash_pair(cs, node + delta, as_linear(sibling) - delta)
    cs.enforce_equal(node, root, "the path leads from the leaf to the root")


def declare_path(cs: ConstraintSystem, depth: int) -> list[tuple[LinearCombination, LinearCombination]]:
    """Declare a path as private inputs, all its elements and then all its bits."""
    elements = [cs.private_input(f"path_elements[{i}]") for i in range(depth)]
    return list(zip(elements, [cs.private_input(f"path_bits[{i}]") for i in range(depth)], strict=True))


def path_inputs(leaf_index: int, path_elements: Sequence[int]) -> dict[str, int]:
    """Name the values of such a path; bit i of the leaf index is 1 if the node at height i is a right one."""
    return {
        **{f"path_elements[{i}]": element for i, element in enumerate(path_elements)},
        **{f"path_bits[{i}]": leaf_index >> i & 1 for i in range(len(path_elements))},
    }
