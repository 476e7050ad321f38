"""Shared by the tests of zk/: a small electorate, its keys, and both back ends."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

import pytest

from zk.circuits import CircuitName
from zk.field import SCALAR_FIELD
from zk.groth16.native import NativeBackend
from zk.groth16.reference import ReferenceBackend
from zk.keys import CircuitKeys, ensure_keys
from zk.merkle import IncrementalMerkleTree
from zk.proving import StatementProver
from zk.statement import VoteStatement, VoteWitness, commitment_of, nullifier_hash_of

if TYPE_CHECKING:
    from pathlib import Path

    from zk.groth16 import Proof
    from zk.groth16.backend import Groth16Backend

DEPTH = 3


class Vote(NamedTuple):
    statement: VoteStatement
    witness: VoteWitness
    commitment: int


def make_vote(depth: int = DEPTH, leaf_index: int = 2, size: int = 5) -> Vote:
    """A vote by the owner of one leaf among `size` random ones."""
    nullifier, secret, election_id, signal = (secrets.randbelow(SCALAR_FIELD) for _ in range(4))
    commitment = commitment_of(nullifier, secret)
    leaves = [secrets.randbelow(SCALAR_FIELD) for _ in range(size)]
    leaves[leaf_index] = commitment
    tree = IncrementalMerkleTree.from_leaves(depth, leaves)
    path = tree.path(leaf_index)
    statement = VoteStatement(tree.root, nullifier_hash_of(nullifier, election_id), election_id, signal)
    return Vote(statement, VoteWitness(nullifier, secret, leaf_index, path.elements), commitment)


@pytest.fixture(scope="session")
def keys_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="session")
def keys(keys_directory: Path) -> CircuitKeys:
    return ensure_keys(CircuitName.VOTE, DEPTH, keys_directory)


@pytest.fixture(scope="session")
def prover(keys: CircuitKeys) -> StatementProver:
    return StatementProver(keys)


@pytest.fixture(scope="session")
def vote() -> Vote:
    return make_vote()


@pytest.fixture(scope="session")
def proof(prover: StatementProver, vote: Vote) -> Proof:
    return prover.prove(vote.statement, vote.witness)


@pytest.fixture(scope="session", params=[NativeBackend(), ReferenceBackend()], ids=lambda b: b.name)
def backend(request: pytest.FixtureRequest) -> Groth16Backend:
    chosen: Groth16Backend = request.param
    return chosen
