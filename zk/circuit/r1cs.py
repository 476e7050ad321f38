"""A rank-1 constraint system, rows (A·w)·(B·w) = C·w over F_r, and the check of a witness against it.

Wires are ordered as circom and snarkjs order them: 0 is the constant 1, then the public inputs, the private
inputs, and what the circuit computes. Combinations are stored once and referred to by index, because one
S-box input stands in three places.

Groth16 proves nothing about a false witness except by failing later, so every prover here calls
`require_satisfied` first; the error names the constraint in words and the line that made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from zk.circuit.evaluation import Evaluator, evaluator_of, residues
from zk.errors import ZkError
from zk.field import SCALAR_FIELD, is_field_element

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zk.circuit.evaluation import Terms


class InvalidWitnessError(ZkError):
    """A witness of the wrong shape, or inputs that no witness can be made from."""


class UnsatisfiedConstraintError(InvalidWitnessError):
    """A witness that breaks a constraint; says which, and where it was written."""

    def __init__(self, index: int, meaning: str, source: str) -> None:
        super().__init__(
            f"the witness breaks constraint {index}: {meaning} ({source})",
            hint="the inputs do not make the statement true; check them against each other",
        )
        self.index = index
        self.meaning = meaning
        self.source = source


class Constraint(NamedTuple):
    """One row, as indices of combinations, with its meaning in words and its source line."""

    a: int
    b: int
    c: int
    meaning: str
    source: str


@dataclass(frozen=True)
class R1CS:
    """Constraints over `n_wires` wires, of which 1 … n_public are public inputs."""

    n_wires: int
    n_public: int
    n_private_inputs: int
    combinations: tuple[Terms, ...]
    constraints: tuple[Constraint, ...]

    @property
    def n_constraints(self) -> int:
        """Number of rows."""
        return len(self.constraints)

    @cached_property
    def evaluators(self) -> tuple[Evaluator, ...]:
        """One function for each combination, from a witness to its value."""
        return tuple(evaluator_of(terms) for terms in self.combinations)

    def rows(self) -> Iterator[tuple[Terms, Terms, Terms]]:
        """Yield (A, B, C) of each constraint."""
        for row in self.constraints:
            yield self.combinations[row.a], self.combinations[row.b], self.combinations[row.c]

    def broken_constraint(self, witness: Sequence[int]) -> int | None:
        """Find the first row that the witness breaks; None if it satisfies all of them."""
        self.require_shape(witness)
        wires = residues(witness)
        values = [value_of(wires) for value_of in self.evaluators]
        for index, (a, b, c, _, _) in enumerate(self.constraints):
            if (values[a] * values[b] - values[c]) % SCALAR_FIELD:
                return index
        return None

    def require_satisfied(self, witness: Sequence[int]) -> None:
        """Raise UnsatisfiedConstraintError for the first broken row."""
        index = self.broken_constraint(witness)
        if index is not None:
            row = self.constraints[index]
            raise UnsatisfiedConstraintError(index, row.meaning, row.source)

    def require_shape(self, witness: Sequence[int]) -> None:
        """Raise InvalidWitnessError unless there is one field element per wire, the first being 1."""
        if len(witness) != self.n_wires:
            raise InvalidWitnessError(
                f"the witness has {len(witness)} values, the circuit {self.n_wires} wires"
            )
        if witness[0] != 1:
            raise InvalidWitnessError("wire 0 of a witness is the constant 1")
        # Called for every proof: the common case is decided by three passes in C.
        if set(map(type, witness)) == {int} and min(witness) >= 0 and max(witness) < SCALAR_FIELD:
            return
        wire = next(wire for wire, value in enumerate(witness) if not is_field_element(value))
        raise InvalidWitnessError(f"wire {wire} of the witness is no field element")
