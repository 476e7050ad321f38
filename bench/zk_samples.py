"""A true statement of each circuit, out of a crowd, for the benches to prove."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from zk.circuits import CircuitName
from zk.field import SCALAR_FIELD
from zk.merkle import IncrementalMerkleTree
from zk.mimc import mimc_compress
from zk.statement import VoteStatement, VoteWitness, commitment_of, nullifier_hash_of
from zk.withdraw_statement import (
    WithdrawStatement,
    WithdrawWitness,
    classic_commitment,
    classic_nullifier_hash,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from zk.circuits import Statement, Witness

CROWD = 1000


def sample(circuit: CircuitName, depth: int) -> tuple[Statement, Witness]:
    """Return a statement and the witness that makes it true."""
    return _SAMPLES[circuit](depth)


def _vote(depth: int) -> tuple[VoteStatement, VoteWitness]:
    nullifier, secret, election_id, signal = (secrets.randbelow(SCALAR_FIELD) for _ in range(4))
    leaves = [*_others(depth), commitment_of(nullifier, secret)]
    tree = IncrementalMerkleTree.from_leaves(depth, leaves)
    path = tree.path(len(leaves) - 1)
    statement = VoteStatement(tree.root, nullifier_hash_of(nullifier, election_id), election_id, signal)
    return statement, VoteWitness(nullifier, secret, path.leaf_index, path.elements)


def _withdrawal(depth: int) -> tuple[WithdrawStatement, WithdrawWitness]:
    nullifier, secret, candidate, relayer = (secrets.randbits(bits) for bits in (248, 248, 160, 160))
    leaves = [*_others(depth), classic_commitment(nullifier, secret)]
    tree = IncrementalMerkleTree.from_leaves(depth, leaves, mimc_compress)
    path = tree.path(len(leaves) - 1)
    statement = WithdrawStatement(tree.root, classic_nullifier_hash(nullifier), candidate, 10**15, relayer)
    return statement, WithdrawWitness(nullifier, secret, path.leaf_index, path.elements)


def _others(depth: int) -> list[int]:
    return [secrets.randbelow(SCALAR_FIELD) for _ in range(min(CROWD, 1 << depth) - 1)]


_SAMPLES: dict[CircuitName, Callable[[int], tuple[Statement, Witness]]] = {
    CircuitName.VOTE: _vote,
    CircuitName.WITHDRAW: _withdrawal,
}
