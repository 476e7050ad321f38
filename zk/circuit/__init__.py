"""The circuit language; see `builder` for how a circuit is described and `r1cs` for what it becomes."""

from zk.circuit.builder import Circuit, ConstraintSystem, compile_circuit
from zk.circuit.linear import Linear, LinearCombination, as_linear, weighted_sum
from zk.circuit.r1cs import R1CS, Constraint, InvalidWitnessError, UnsatisfiedConstraintError

__all__ = [
    "R1CS",
    "Circuit",
    "Constraint",
    "ConstraintSystem",
    "InvalidWitnessError",
    "Linear",
    "LinearCombination",
    "UnsatisfiedConstraintError",
    "as_linear",
    "compile_circuit",
    "weighted_sum",
]
