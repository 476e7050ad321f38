"""What a vote proof says, and what its prover knows.

    commitment     C = Poseidon(D_commitment, nullifier, secret)
    nullifier hash h = Poseidon(D_nullifier, nullifier, electionId)
    S[root, h, electionId, signal] = { I know nullifier, secret, path: C is the leaf at path under root, and
                                       h is its nullifier hash in electionId }

The order of the public inputs is fixed here and nowhere else; tests/vectors/vote.json pins it for every
language.

Leaves to others: whether `root` is one the contract accepts, whether h was used before, what `signal` binds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from zk.domain import domain_tag
from zk.field import require_field_element
from zk.poseidon import poseidon

PublicInputs = tuple[int, int, int, int]


def commitment_of(nullifier: int, secret: int) -> int:
    """C = Poseidon(D_commitment, nullifier, secret): the leaf of a deposit. Hides both, binds both."""
    require_field_element(nullifier, "nullifier")
    require_field_element(secret, "secret")
    return poseidon(domain_tag("commitment"), nullifier, secret)


def nullifier_hash_of(nullifier: int, election_id: int) -> int:
    """Poseidon(D_nullifier, nullifier, electionId): one value for all votes of a note in an election.

    Different elections give unrelated hashes, so a note that serves twice does not link its two votes.
    """
    require_field_element(nullifier, "nullifier")
    require_field_element(election_id, "election_id")
    return poseidon(domain_tag("nullifier"), nullifier, election_id)


@dataclass(frozen=True)
class VoteStatement:
    """The public inputs of a vote proof; every number is checked to be below r when it is made."""

    root: int
    nullifier_hash: int
    election_id: int
    signal: int

    def __post_init__(self) -> None:
        for name in ("root", "nullifier_hash", "election_id", "signal"):
            require_field_element(getattr(self, name), name)

    def public_inputs(self) -> PublicInputs:
        """[root, nullifierHash, electionId, signal], in the order of the circuit and the contract."""
        return (self.root, self.nullifier_hash, self.election_id, self.signal)


@dataclass(frozen=True)
class VoteWitness:
    """What only the voter knows. Its repr shows neither the secrets nor where the leaf is."""

    nullifier: int = field(repr=False)
    secret: int = field(repr=False)
    leaf_index: int = field(repr=False)
    path_elements: tuple[int, ...] = field(repr=False)

    def __post_init__(self) -> None:
        require_field_element(self.nullifier, "nullifier")
        require_field_element(self.secret, "secret")
        for level, element in enumerate(self.path_elements):
            require_field_element(element, f"path_elements[{level}]")
