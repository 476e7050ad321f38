from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zk.domain import domain_tag
from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError
from zk.merkle import (
    HashPair,
    IncrementalMerkleTree,
    LeafIndexError,
    MerklePath,
    TreeDepthError,
    TreeFullError,
    empty_root,
)
from zk.mimc import mimc_compress
from zk.poseidon import poseidon

elements = st.integers(min_value=0, max_value=SCALAR_FIELD - 1)


def whole_tree_root(depth: int, leaves: list[int], hash_pair: HashPair = poseidon) -> int:
    """The oracle: every one of the 2^depth leaves, hashed level by level."""
    row = leaves + [domain_tag("empty")] * ((1 << depth) - len(leaves))
    while len(row) > 1:
        row = [hash_pair(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


@settings(max_examples=25, deadline=None)
@given(
    st.integers(min_value=1, max_value=5).flatmap(
        lambda depth: st.tuples(st.just(depth), st.lists(elements, max_size=1 << depth))
    )
)
def test_root_and_paths_are_those_of_the_whole_tree(case: tuple[int, list[int]]) -> None:
    depth, leaves = case
    tree = IncrementalMerkleTree.from_leaves(depth, leaves)
    root = whole_tree_root(depth, leaves)
    assert tree.root == root
    assert tree.leaves == tuple(leaves)
    for index, leaf in enumerate(leaves):
        assert tree.path(index).root_from(leaf) == root


@settings(max_examples=10, deadline=None)
@given(st.lists(elements, max_size=8))
def test_a_tree_over_another_hash_is_that_of_the_hash(leaves: list[int]) -> None:
    tree = IncrementalMerkleTree.from_leaves(3, leaves, mimc_compress)
    root = whole_tree_root(3, leaves, mimc_compress)
    assert tree.root == root != IncrementalMerkleTree.from_leaves(3, leaves).root
    for index, leaf in enumerate(leaves):
        path = tree.path(index)
        assert path.root_from(leaf) == root
        assert MerklePath(path.leaf_index, path.elements).root_from(leaf) != root


def test_empty_subtrees_are_those_of_their_hash() -> None:
    assert empty_root(0, mimc_compress) == empty_root(0) == domain_tag("empty")
    assert empty_root(2, mimc_compress) == whole_tree_root(2, [], mimc_compress) != empty_root(2)
    assert IncrementalMerkleTree(16, mimc_compress).root == empty_root(16, mimc_compress)


def test_appending_hashes_each_complete_subtree_once() -> None:
    hashed: list[tuple[int, int]] = []

    def counting(left: int, right: int) -> int:
        hashed.append((left, right))
        return poseidon(left, right)

    tree = IncrementalMerkleTree.from_leaves(16, range(64), counting)
    assert len(hashed) == 63
    empty_root(16, counting)
    hashed.clear()
    assert tree.path(63).root_from(63) == tree.root
    assert len(hashed) <= 3 * 16


def test_every_size_of_a_small_tree_has_the_right_root() -> None:
    tree = IncrementalMerkleTree(3)
    leaves: list[int] = []
    for leaf in range(8):
        assert tree.root == whole_tree_root(3, leaves)
        assert tree.append(leaf) == len(leaves)
        leaves.append(leaf)
    assert tree.root == whole_tree_root(3, leaves)
    with pytest.raises(TreeFullError):
        tree.append(8)
    assert len(tree) == 8


def test_a_path_with_one_bit_or_one_element_changed_leads_elsewhere() -> None:
    tree = IncrementalMerkleTree.from_leaves(4, range(11))
    path = tree.path(6)
    for level in range(4):
        assert MerklePath(path.leaf_index ^ 1 << level, path.elements).root_from(6) != tree.root
        elements = list(path.elements)
        elements[level] += 1
        assert MerklePath(path.leaf_index, tuple(elements)).root_from(6) != tree.root


def test_an_empty_tree_of_depth_32_has_the_empty_root() -> None:
    assert IncrementalMerkleTree(32).root == empty_root(32)


@pytest.mark.parametrize("depth", [0, 33, -1, True])
def test_other_depths_are_refused(depth: int) -> None:
    with pytest.raises(TreeDepthError):
        IncrementalMerkleTree(depth)


def test_a_leaf_that_is_no_field_element_is_refused_and_changes_nothing() -> None:
    tree = IncrementalMerkleTree.from_leaves(2, [1])
    with pytest.raises(FieldElementOutOfRangeError):
        tree.append(SCALAR_FIELD)
    assert tree.leaves == (1,)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_path_of_a_leaf_that_is_not_there_is_refused(index: int) -> None:
    with pytest.raises(LeafIndexError):
        IncrementalMerkleTree.from_leaves(2, [1, 2, 3]).path(index)


def test_a_path_with_an_index_beyond_its_length_is_refused() -> None:
    with pytest.raises(LeafIndexError):
        MerklePath(4, (1, 2)).root_from(0)
