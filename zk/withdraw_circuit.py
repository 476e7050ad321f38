"""The `withdraw` circuit of classic CREAM: the statement of `zk.withdraw_statement`, as constraints.

    public   root, nullifier_hash, recipient, fee, relayer       (this order; see zk/withdraw_statement.py)
    private  nullifier, secret, path_elements[depth], path_bits[depth]

Cost: 1322·depth + 1816 constraints: membership 1322·depth + 1, the bits of nullifier and secret 248 each, the
Pedersen hash of both 877 and of the nullifier 438, the nullifier hash 1, recipient, fee and relayer one each.

Not enforced: that the root is one the contract keeps, that the nullifier hash is new, that recipient and
relayer are addresses, what the payment does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.gadgets import bits_of, enforce_membership
from zk.gadgets.membership import CHOICE_CONSTRAINTS, declare_path, path_inputs
from zk.gadgets.mimc import COMPRESS_CONSTRAINTS, mimc_compress
from zk.gadgets.pedersen import pedersen_constraints, pedersen_hash
from zk.withdraw_statement import NOTE_BITS

if TYPE_CHECKING:
    from zk.circuit import ConstraintSystem
    from zk.withdraw_statement import WithdrawStatement, WithdrawWitness


def withdraw_constraints(depth: int) -> int:
    """Return the exact number of constraints at `depth`."""
    hashes = pedersen_constraints(2 * NOTE_BITS) + pedersen_constraints(NOTE_BITS)
    return (COMPRESS_CONSTRAINTS + CHOICE_CONSTRAINTS) * depth + 2 * NOTE_BITS + hashes + 5


def describe_withdraw(cs: ConstraintSystem, depth: int) -> None:
    """Describe the circuit to `cs`."""
    root = cs.public_input("root")
    nullifier_hash = cs.public_input("nullifier_hash")
    bound = {name: cs.public_input(name) for name in ("recipient", "fee", "relayer")}
    cs.note_result(root, "leaf and path lead to the root")
    cs.note_result(nullifier_hash, "the nullifier leads to its hash")
    nullifier = cs.private_input("nullifier")
    secret = cs.private_input("secret")
    path = declare_path(cs, depth)

    with cs.scope("nullifier"):
        nullifier_bits = bits_of(cs, nullifier, NOTE_BITS)
    with cs.scope("secret"):
        secret_bits = bits_of(cs, secret, NOTE_BITS)
    with cs.scope("commitment"):
        commitment = pedersen_hash(cs, [*nullifier_bits, *secret_bits]).x
    with cs.scope("membership"):
        enforce_membership(cs, commitment, path, root, mimc_compress)
    with cs.scope("nullifier hash"):
        digest = pedersen_hash(cs, nullifier_bits).x
        cs.enforce_equal(digest, nullifier_hash, "the nullifier hash is that of the nullifier")
    # Nothing above uses these; without rows of their own their binding would hang on the proof system alone.
    for name, value in bound.items():
        cs.multiply(value, value, f"{name}²")


def withdraw_inputs(statement: WithdrawStatement, witness: WithdrawWitness) -> dict[str, int]:
    """Name the circuit's inputs."""
    return {
        "root": statement.root,
        "nullifier_hash": statement.nullifier_hash,
        "recipient": statement.recipient,
        "fee": statement.fee,
        "relayer": statement.relayer,
        "nullifier": witness.nullifier,
        "secret": witness.secret,
        **path_inputs(witness.leaf_index, witness.path_elements),
    }
