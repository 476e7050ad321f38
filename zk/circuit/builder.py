"""The circuit language: one description in Python gives constraints, witness program and names.

A circuit is a function that takes a `ConstraintSystem`, declares inputs (public ones first), multiplies
and enforces. `compile_circuit` runs it once. Every constraint remembers its meaning in words, the scope
it stands in ("membership / level 3") and the source line that made it, so that a false witness is
explained in the user's terms.

Leaves to others: whether the description says what was meant (tests break each constraint), and the proof
system.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from zk.circuit.linear import Linear, LinearCombination, as_linear, weighted_sum
from zk.circuit.notes import Note, NoteKind
from zk.circuit.program import Operation, Step, run_program
from zk.circuit.r1cs import R1CS, Constraint, InvalidWitnessError
from zk.field import require_field_element

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zk.circuit.evaluation import Terms

_HERE = __file__
_PACKAGE_PARENT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Circuit:
    """A compiled circuit."""

    name: str
    r1cs: R1CS
    steps: tuple[Step, ...]
    public_names: tuple[str, ...]
    private_names: tuple[str, ...]
    wire_names: Mapping[int, str]
    wire_sources: Mapping[int, str]  # the line that made each wire, as `file:line`
    notes: tuple[Note, ...] = ()  # what gadgets say to the checks; see `zk.circuit.notes`

    @property
    def n_constraints(self) -> int:
        """Number of constraints."""
        return self.r1cs.n_constraints

    def witness(self, inputs: Mapping[str, int]) -> list[int]:
        """Compute all wires from named inputs; the constraints are not checked here.

        Raises InvalidWitnessError if a name is missing or unknown, FieldElementOutOfRangeError for a
        value ≥ r.
        """
        names = self.public_names + self.private_names
        missing = [name for name in names if name not in inputs]
        unknown = sorted(set(inputs) - set(names))
        if missing or unknown:
            raise InvalidWitnessError(f"inputs of {self.name}: missing {missing}, unknown {unknown}")
        values = [require_field_element(inputs[name], name) for name in names]
        return run_program(self.steps, self.r1cs.evaluators, values, self.r1cs.n_wires)

    def checked_witness(self, inputs: Mapping[str, int]) -> list[int]:
        """Compute the witness and raise UnsatisfiedConstraintError unless every constraint holds."""
        witness = self.witness(inputs)
        self.r1cs.require_satisfied(witness)
        return witness


def compile_circuit(name: str, describe: Callable[[ConstraintSystem], object]) -> Circuit:
    """Run a description and return the circuit it describes."""
    cs = ConstraintSystem()
    describe(cs)
    return cs.compile(name)


class ConstraintSystem:
    """Collects what a description says."""

    def __init__(self) -> None:
        self._wire_names: dict[int, str] = {0: "one"}
        self._wire_sources: dict[int, str] = {0: ""}
        self._public: list[str] = []
        self._private: list[str] = []
        self._n_wires = 1
        self._combinations: dict[Terms, int] = {}
        self._constraints: list[Constraint] = []
        self._steps: list[Step] = []
        self._scopes: list[str] = []
        self._notes: list[Note] = []

    @property
    def n_constraints(self) -> int:
        """Number of constraints so far."""
        return len(self._constraints)

    def public_input(self, name: str) -> LinearCombination:
        """Declare the next public input; all public inputs come before everything else."""
        if self._n_wires != 1 + len(self._public):
            raise ValueError(f"public input {name} must be declared before other wires")
        return self._input(name, self._public)

    def private_input(self, name: str) -> LinearCombination:
        """Declare the next private input; inputs come before computed wires."""
        if self._n_wires != 1 + len(self._public) + len(self._private):
            raise ValueError(f"private input {name} must be declared before computed wires")
        return self._input(name, self._private)

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Put `name` in front of the meanings of constraints made inside."""
        self._scopes.append(name)
        try:
            yield
        finally:
            self._scopes.pop()

    def multiply(self, left: Linear, right: Linear, name: str = "product") -> LinearCombination:
        """left·right: one constraint and one wire, or nothing if either side is constant."""
        return self.multiply_add(left, right, 0, name)

    def multiply_add(
        self, left: Linear, right: Linear, addend: Linear, name: str = "sum"
    ) -> LinearCombination:
        """left·right + addend: one constraint, left·right = wire − addend, and one wire.

        Nothing if either side is constant. A wire that takes its addends along keeps later combinations
        short, where a sum of products would name one wire more at each step.
        """
        a, b, plus = as_linear(left), as_linear(right), as_linear(addend)
        for constant, other in ((a.constant_value, b), (b.constant_value, a)):
            if constant is not None:
                return weighted_sum(((constant, other), (1, plus)))
        wire = self._new_wire(name)
        result = LinearCombination({wire: 1})
        row = self._enforce(a, b, weighted_sum(((1, result), (-1, plus))), f"{name} is a product")
        self._steps.append(Step(Operation.PRODUCT, wire, row.a, row.b, row.c))
        return result

    def inverse_or_zero(self, x: Linear, name: str = "inverse") -> LinearCombination:
        """Add a wire that an honest prover sets to 1/x, or 0; constrains nothing."""
        wire = self._new_wire(name)
        self._steps.append(Step(Operation.INVERSE, wire, self._index(as_linear(x))))
        return LinearCombination({wire: 1})

    def quotient_or_zero(self, left: Linear, right: Linear, name: str = "quotient") -> LinearCombination:
        """Add a wire that an honest prover sets to left/right, or to 0 if right = 0; constrains nothing."""
        wire = self._new_wire(name)
        a, b = self._index(as_linear(left)), self._index(as_linear(right))
        self._steps.append(Step(Operation.QUOTIENT, wire, a, b))
        return LinearCombination({wire: 1})

    def lowest_bits(self, x: Linear, count: int, name: str = "bit") -> list[LinearCombination]:
        """Add wires that an honest prover sets to the low bits of x, lowest first; constrains nothing."""
        wires = [self._new_wire(f"{name}[{i}]") for i in range(count)]
        self._steps.append(Step(Operation.BITS, wires[0], self._index(as_linear(x)), count))
        return [LinearCombination({wire: 1}) for wire in wires]

    def enforce_product(self, left: Linear, right: Linear, product: Linear, meaning: str) -> None:
        """Constrain left·right = product."""
        self._enforce(as_linear(left), as_linear(right), as_linear(product), meaning)

    def enforce_equal(self, left: Linear, right: Linear, meaning: str) -> None:
        """Constrain left = right: one constraint, (left − right)·1 = 0."""
        self.enforce_product(as_linear(left) - right, 1, 0, meaning)

    def note_free(self, wire: LinearCombination, reason: str) -> None:
        """Explain to the checks why `wire` may take several values, though nothing depends on which."""
        if list(wire.terms.values()) != [1]:
            raise ValueError(f"a free wire is one wire, not {wire!r}")
        self._note(NoteKind.FREE, wire, 0, reason)

    def note_nonzero(self, x: Linear, reason: str) -> None:
        """Explain to the checks why x is never 0 in a true statement, though no constraint says so."""
        self._note(NoteKind.NONZERO, x, 0, reason)

    def note_bits(self, x: Linear, count: int, reason: str) -> None:
        """Ask the checks to prove x < 2^count: what follows is right only then, and does not constrain it."""
        self._note(NoteKind.BITS, x, count, reason)

    def note_result(self, public: LinearCombination, reason: str) -> None:
        """Ask the checks to prove that the other inputs determine this public input.

        Without it a wire whose row is missing looks determined, by the input that it should have determined.
        """
        if len(public.terms) != 1 or not 1 <= min(public.terms) <= len(self._public):
            raise ValueError(f"a result is a public input, not {public!r}")
        self._note(NoteKind.RESULT, public, 0, reason)

    def compile(self, name: str) -> Circuit:
        """Freeze what was collected."""
        return Circuit(
            name,
            R1CS(
                self._n_wires,
                len(self._public),
                len(self._private),
                tuple(self._combinations),
                tuple(self._constraints),
            ),
            tuple(self._steps),
            tuple(self._public),
            tuple(self._private),
            dict(self._wire_names),
            dict(self._wire_sources),
            tuple(self._notes),
        )

    def _note(self, kind: NoteKind, x: Linear, bits: int, reason: str) -> None:
        terms = tuple(sorted(as_linear(x).terms.items()))
        self._notes.append(Note(kind, terms, bits, " / ".join((*self._scopes, reason)), _source_line()))

    def _enforce(
        self, left: LinearCombination, right: LinearCombination, product: LinearCombination, meaning: str
    ) -> Constraint:
        scoped = " / ".join((*self._scopes, meaning))
        a, b, c = self._index(left), self._index(right), self._index(product)
        row = Constraint(a, b, c, scoped, _source_line())
        self._constraints.append(row)
        return row

    def _input(self, name: str, names: list[str]) -> LinearCombination:
        if name in (*self._public, *self._private):
            raise ValueError(f"an input named {name} exists already")
        names.append(name)
        return LinearCombination({self._new_wire(name, scoped=False): 1})

    def _new_wire(self, name: str, *, scoped: bool = True) -> int:
        wire = self._n_wires
        self._n_wires += 1
        self._wire_names[wire] = " / ".join((*self._scopes, name)) if scoped else name
        self._wire_sources[wire] = _source_line()
        return wire

    def _index(self, combination: LinearCombination) -> int:
        terms = tuple(sorted(combination.terms.items()))
        return self._combinations.setdefault(terms, len(self._combinations))


def _source_line() -> str:
    """`file:line` of the nearest caller outside this module."""
    frame = sys._getframe(1)  # noqa: SLF001  the documented way to ask for the caller without building a traceback
    while frame.f_back is not None and frame.f_code.co_filename == _HERE:
        frame = frame.f_back
    return f"{_shown_path(frame.f_code.co_filename)}:{frame.f_lineno}"


@cache
def _shown_path(file_name: str) -> str:
    """Return the path as a reader of the project would write it; asked for with every wire, hence kept."""
    path = Path(file_name)
    return (path.relative_to(_PACKAGE_PARENT) if path.is_relative_to(_PACKAGE_PARENT) else path).as_posix()
