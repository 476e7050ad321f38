"""The `vote` circuit: the statement of `zk.statement`, as constraints.

    public   root, nullifier_hash, election_id, signal       (this order; see zk/statement.py)
    private  nullifier, secret, path_elements[depth], path_bits[depth]

Cost: 242·depth + 519 constraints: membership 242·depth + 1, two hashes of three inputs 258 each, the
nullifier hash 1, the signal 1.

Not enforced: that the root is one the contract knows, that the nullifier hash is new, what the signal binds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.domain import domain_tag
from zk.gadgets import enforce_membership, poseidon_digest
from zk.gadgets.membership import LEVEL_CONSTRAINTS, declare_path, path_inputs

if TYPE_CHECKING:
    from zk.circuit import ConstraintSystem
    from zk.statement import VoteStatement, VoteWitness

TAGGED_HASH_CONSTRAINTS = 258


def vote_constraints(depth: int) -> int:
    """Return the exact number of constraints at `depth`."""
    return LEVEL_CONSTRAINTS * depth + 2 * TAGGED_HASH_CONSTRAINTS + 3


def describe_vote(cs: ConstraintSystem, depth: int) -> None:
    """Describe the circuit to `cs`."""
    root = cs.public_input("root")
    nullifier_hash = cs.public_input("nullifier_hash")
    election_id = cs.public_input("election_id")
    signal = cs.public_input("signal")
    cs.note_result(root, "leaf and path lead to the root")
    cs.note_result(nullifier_hash, "nullifier and election lead to the nullifier hash")
    nullifier = cs.private_input("nullifier")
    secret = cs.private_input("secret")
    path = declare_path(cs, depth)

    with cs.scope("commitment"):
        commitment = poseidon_digest(cs, domain_tag("commitment"), nullifier, secret)
    with cs.scope("membership"):
        enforce_membership(cs, commitment, path, root)
    with cs.scope("nullifier hash"):
        digest = poseidon_digest(cs, domain_tag("nullifier"), nullifier, election_id)
        cs.enforce_equal(
            digest, nullifier_hash, "the nullifier hash is that of the nullifier in this election"
        )
    # Nothing above uses the signal; without a row of its own its binding would hang on the proof system
    # alone.
    cs.multiply(signal, signal, "signal²")


def vote_inputs(statement: VoteStatement, witness: VoteWitness) -> dict[str, int]:
    """Name the circuit's inputs."""
    return {
        "root": statement.root,
        "nullifier_hash": statement.nullifier_hash,
        "election_id": statement.election_id,
        "signal": statement.signal,
        "nullifier": witness.nullifier,
        "secret": witness.secret,
        **path_inputs(witness.leaf_index, witness.path_elements),
    }
