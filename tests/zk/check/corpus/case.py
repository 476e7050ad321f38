"""What a case of the corpus is: a circuit with a hole, its twin without, and what the check must say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zk.check.report import CheckReport, HoleKind, check_circuit
from zk.circuit import ConstraintSystem, compile_circuit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Case:
    """`sample` holds inputs of a true statement, for both circuits unless the twin has its own."""

    name: str
    broken: Callable[[ConstraintSystem], object]
    twin: Callable[[ConstraintSystem], object]
    expected: HoleKind
    subject: str  # ends the name of the wire or the constraint, or is the reason of the note
    sample: Mapping[str, int]
    twin_sample: Mapping[str, int] | None = None

    def report_on_broken(self) -> CheckReport:
        return _report(self.name, self.broken, self.sample)

    def report_on_twin(self) -> CheckReport:
        return _report(self.name, self.twin, self.twin_sample or self.sample)


def _report(
    name: str, describe: Callable[[ConstraintSystem], object], sample: Mapping[str, int]
) -> CheckReport:
    circuit = compile_circuit(name, describe)
    witness = circuit.witness(sample)
    satisfied = circuit.r1cs.broken_constraint(witness) is None
    return check_circuit(circuit, [witness] if satisfied else [])
