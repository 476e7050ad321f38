"""Random true witnesses of the circuits that have keys, for `mutation`.

Random in everything: a mutation that a special witness hides (a sibling equal to its node, an input 0) shows
on another.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from zk.circuits import CircuitName, named_inputs
from zk.field import SCALAR_FIELD
from zk.merkle import MerklePath
from zk.mimc import mimc_compress
from zk.statement import VoteStatement, VoteWitness, commitment_of, nullifier_hash_of
from zk.withdraw_statement import (
    ADDRESS_BITS,
    NOTE_BITS,
    WithdrawStatement,
    WithdrawWitness,
    classic_commitment,
    classic_nullifier_hash,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def sample_inputs(name: CircuitName, depth: int) -> dict[str, int]:
    """Return inputs of a true statement, with a random leaf in a random place of a random tree."""
    return _SAMPLES[name](secrets.randbelow(1 << depth), tuple(_element() for _ in range(depth)))


def _vote(leaf_index: int, elements: tuple[int, ...]) -> dict[str, int]:
    nullifier, secret, election_id, signal = (_element() for _ in range(4))
    root = MerklePath(leaf_index, elements).root_from(commitment_of(nullifier, secret))
    statement = VoteStatement(root, nullifier_hash_of(nullifier, election_id), election_id, signal)
    witness = VoteWitness(nullifier, secret, leaf_index, elements)
    return named_inputs(CircuitName.VOTE, statement, witness)


def _withdraw(leaf_index: int, elements: tuple[int, ...]) -> dict[str, int]:
    nullifier, secret = (secrets.randbits(NOTE_BITS) for _ in range(2))
    recipient, relayer = (secrets.randbits(ADDRESS_BITS) for _ in range(2))
    path = MerklePath(leaf_index, elements, mimc_compress)
    root = path.root_from(classic_commitment(nullifier, secret))
    statement = WithdrawStatement(root, classic_nullifier_hash(nullifier), recipient, _element(), relayer)
    witness = WithdrawWitness(nullifier, secret, leaf_index, elements)
    return named_inputs(CircuitName.WITHDRAW, statement, witness)


def _element() -> int:
    return secrets.randbelow(SCALAR_FIELD)


_SAMPLES: dict[CircuitName, Callable[[int, tuple[int, ...]], dict[str, int]]] = {
    CircuitName.VOTE: _vote,
    CircuitName.WITHDRAW: _withdraw,
}
