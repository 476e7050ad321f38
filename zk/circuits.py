"""The circuits that have keys: one name each, on the command line, in key folders and in ceremonies.

A circuit belongs to a statement (what its public inputs say) and a witness (what its prover knows). What
they mean stands in the modules that describe them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from zk.circuit import compile_circuit
from zk.merkle import require_depth
from zk.statement import VoteStatement, VoteWitness
from zk.vote_circuit import describe_vote, vote_inputs
from zk.withdraw_circuit import describe_withdraw, withdraw_inputs
from zk.withdraw_statement import WithdrawStatement, WithdrawWitness

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zk.circuit import Circuit, ConstraintSystem


class CircuitName(StrEnum):
    """Names of the circuits that have keys."""

    VOTE = "vote"
    WITHDRAW = "withdraw"


class Statement(Protocol):
    """What a proof says to everybody."""

    def public_inputs(self) -> Sequence[int]:
        """Return the public inputs, in the order of the circuit and of the contract."""
        ...


class Witness(Protocol):
    """What only the prover knows; here, always a leaf and the way from it to the root."""

    @property
    def leaf_index(self) -> int:
        """Place of the leaf, from 0."""
        ...

    @property
    def path_elements(self) -> tuple[int, ...]:
        """Siblings on the way to the root, from the leaf upwards."""
        ...


class _Definition(NamedTuple):
    describe: Callable[[ConstraintSystem, int], None]
    inputs: Callable[[Any, Any], dict[str, int]]
    statement: type[Any]
    witness: type[Any]


_DEFINITIONS = {
    CircuitName.VOTE: _Definition(describe_vote, vote_inputs, VoteStatement, VoteWitness),
    CircuitName.WITHDRAW: _Definition(describe_withdraw, withdraw_inputs, WithdrawStatement, WithdrawWitness),
}


def compile_named(name: CircuitName, depth: int) -> Circuit:
    """Compile a circuit for trees of `depth` (1–32)."""
    require_depth(depth)
    describe = _DEFINITIONS[name].describe
    return compile_circuit(f"{name}-{depth}", lambda cs: describe(cs, depth))


def types_of(name: CircuitName) -> tuple[type[Any], type[Any]]:
    """Return the classes of a circuit's statement and witness: frozen dataclasses of field elements."""
    definition = _DEFINITIONS[name]
    return definition.statement, definition.witness


def named_inputs(name: CircuitName, statement: Statement, witness: Witness) -> dict[str, int]:
    """Return the inputs of a circuit by name."""
    return _DEFINITIONS[name].inputs(statement, witness)
