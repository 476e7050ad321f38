"""Poseidon inside a circuit, equal to `zk.poseidon.poseidon`.

Cost: 3 constraints per S-box (x², x³, and x⁵ with what the schedule adds to it). Matrices and constants are
linear and cost nothing; an S-box on a known value, such as the capacity lane or a domain tag in the first
round, is computed at compile time.

    2 inputs: 80 S-boxes, 240 constraints
    3 inputs: 87 S-boxes, 261; with a constant first input 86, 258

The rounds are those of `zk.poseidon_schedule`: an S-box input has about as many terms as there are lanes
(at most twice as many), however many rounds came before. A proving key has an entry for each term.

Every wire is fixed by those before it: x² and x³ are products, and the third row, x²·x³ = w − addend, has
the new wire w once, with coefficient 1, beside wires of earlier rounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.circuit import Linear, LinearCombination, as_linear, weighted_sum
from zk.poseidon import pow5
from zk.poseidon_schedule import poseidon_schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zk.circuit import ConstraintSystem
    from zk.matrix import Matrix, Row

SBOX_CONSTRAINTS = 3
COMPRESS_CONSTRAINTS = 240


def poseidon_digest(cs: ConstraintSystem, *inputs: Linear) -> LinearCombination:
    """Poseidon(inputs) for 1 to 5 inputs; see the module for the cost."""
    lanes = [as_linear(0), *(as_linear(x) for x in inputs)]
    schedule = poseidon_schedule(len(lanes))
    lanes = [lane + constant for lane, constant in zip(lanes, schedule.start, strict=True)]
    for carries, matrix in schedule.opening:
        lanes = _full_round(cs, lanes, carries, matrix)
    window = lanes
    for carry in schedule.carries:
        *kept, _ = window
        x = _combined(schedule.taps, window)
        window = [_sbox(cs, x, _combined(schedule.feedback, kept) + carry), *kept]
    lanes = [
        _combined(row, window) + constant
        for row, constant in zip(schedule.leaving, schedule.offset, strict=True)
    ]
    for carries, matrix in schedule.closing:
        lanes = _full_round(cs, lanes, carries, matrix)
    return lanes[0]


def _full_round(
    cs: ConstraintSystem, lanes: Sequence[LinearCombination], carries: Row, matrix: Matrix
) -> list[LinearCombination]:
    raised = [_sbox(cs, lane, carry) for lane, carry in zip(lanes, carries, strict=True)]
    return [_combined(row, raised) for row in matrix]


def _combined(coefficients: Row, lanes: Sequence[LinearCombination]) -> LinearCombination:
    """Σ coefficientᵢ·laneᵢ."""
    return weighted_sum(zip(coefficients, lanes, strict=True))


def _sbox(cs: ConstraintSystem, x: LinearCombination, addend: Linear) -> LinearCombination:
    """x⁵ + addend in three rows, or none for a constant x.

    By way of x³, not x⁴: then x³ is in no A and x² only in one B, and a prover multiplies fewer points.
    """
    if x.constant_value is not None:
        return as_linear(addend) + pow5(x.constant_value)
    square = cs.multiply(x, x, "x²")
    cube = cs.multiply(square, x, "x³")
    return cs.multiply_add(square, cube, addend, "x⁵")
