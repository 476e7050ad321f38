"""The tree on chain against `zk.merkle`, its history of roots, and its bounds."""

from __future__ import annotations

import random

import pytest

from chain import contract_errors as errors
from chain.sender import UnlockedSender
from zk.domain import domain_tag
from zk.field import SCALAR_FIELD
from zk.merkle import IncrementalMerkleTree

ROOT_HISTORY = 100


@pytest.fixture
def tree_of(deploy):
    hasher = deploy("PoseidonT3").address
    return lambda depth: deploy("TreeHarness", depth, hasher)


@pytest.fixture
def send(w3):
    sender = UnlockedSender(w3, w3.eth.accounts[0])
    return lambda call: sender.send({"to": call.address, "data": call._encode_transaction_data()})


@pytest.mark.parametrize(("depth", "seed"), [(1, 1), (2, 2), (3, 3), (5, 4), (20, 5), (32, 6)])
def test_any_sequence_of_insertions_and_checkpoints_gives_the_roots_of_zk_merkle(tree_of, send, depth, seed):
    chance = random.Random(seed)  # noqa: S311 - test data
    tree, twin = tree_of(depth), IncrementalMerkleTree(depth)
    room = min(2**depth, 40)
    while len(twin) < room:
        leaves = [chance.randrange(SCALAR_FIELD) for _ in range(chance.randint(0, min(7, room - len(twin))))]
        send(tree.functions.insert(leaves))
        twin.extend(leaves)
        assert tree.functions.leafCount().call() == len(twin)
        if chance.random() < 0.6:
            send(tree.functions.checkpoint())
            assert tree.functions.latestRoot().call() == (twin.root if len(twin) else 0)
    send(tree.functions.checkpoint())
    assert tree.functions.latestRoot().call() == twin.root


def test_every_size_of_a_small_tree_has_the_root_of_zk_merkle(tree_of, send):
    tree, twin = tree_of(3), IncrementalMerkleTree(3)
    for leaf in range(1, 9):
        send(tree.functions.insertAndCheckpoint([leaf]))
        twin.append(leaf)
        assert tree.functions.latestRoot().call() == twin.root


def test_a_checkpoint_costs_no_place_while_the_tree_is_unchanged(tree_of, send):
    tree = tree_of(4)
    assert not send(tree.functions.checkpoint())["logs"]
    assert tree.functions.latestRoot().call() == 0
    send(tree.functions.insertAndCheckpoint([7]))
    first = tree.functions.latestRoot().call()
    for _ in range(3):
        assert not send(tree.functions.checkpoint())["logs"]
    send(tree.functions.insertAndCheckpoint(list(range(100, 112))))
    assert tree.functions.isKnownRoot(first).call()


def test_the_hundredth_newer_checkpoint_evicts_a_root(tree_of, send):
    tree, twin = tree_of(8), IncrementalMerkleTree(8)
    roots = []
    leaves = list(range(1, ROOT_HISTORY + 3))
    for leaf in leaves:
        twin.append(leaf)
        roots.append(twin.root)
    send(tree.functions.insertAndCheckpoint(leaves[:50]))
    send(tree.functions.insertAndCheckpoint(leaves[50:ROOT_HISTORY]))
    assert all(tree.functions.isKnownRoot(root).call() for root in roots[:ROOT_HISTORY])
    send(tree.functions.insertAndCheckpoint(leaves[ROOT_HISTORY:]))
    known = [tree.functions.isKnownRoot(root).call() for root in roots]
    assert known == [False, False] + [True] * ROOT_HISTORY


def test_a_root_that_returns_is_not_evicted_with_its_first_checkpoint(tree_of, send):
    # the harness lets the empty leaf in, which leaves the root as it was
    tree = tree_of(8)
    send(tree.functions.insertAndCheckpoint([7, domain_tag("empty")]))
    root = tree.functions.latestRoot().call()
    send(tree.functions.insertAndCheckpoint(list(range(100, 150))))
    send(tree.functions.insertAndCheckpoint(list(range(150, 199))))
    assert tree.functions.isKnownRoot(root).call()
    send(tree.functions.insertAndCheckpoint([199]))
    assert not tree.functions.isKnownRoot(root).call()


def test_zero_is_never_a_known_root(tree_of):
    assert not tree_of(4).functions.isKnownRoot(0).call()


def test_a_leaf_at_or_above_r_is_refused(tree_of, send, reverts):
    with reverts(errors.FieldElementOutOfRangeError, value=SCALAR_FIELD):
        send(tree_of(4).functions.insert([SCALAR_FIELD]))


def test_a_full_tree_is_refused_more(tree_of, send, reverts):
    tree = tree_of(1)
    send(tree.functions.insert([1, 2]))
    with reverts(errors.TreeFullError, capacity=2):
        send(tree.functions.insert([3]))


@pytest.mark.parametrize("depth", [0, 33, 2**255])
def test_a_depth_outside_1_to_32_is_refused(tree_of, reverts, depth):
    with reverts(errors.DepthOutOfRangeError, depth=depth):
        tree_of(depth)


def test_a_hasher_that_is_none_is_refused(deploy, w3, reverts):
    fake = deploy("FakeHasher").address
    for hasher in (fake, w3.eth.accounts[5]):
        with reverts(errors.WrongHasherError, hasher=hasher):
            deploy("TreeHarness", 4, hasher)
